#pragma once

#include <string>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/trial.hpp"
#include "spurion/value.hpp"

/// \file
/// Options that sections of a trial got after trials had been stored. Where such an option has its
/// default a trial is what it was before there was one: its canonical text, and with it its id, do
/// not have the option.

namespace spurion::harness {

/// An option that is not written where it has its default.
struct AddedOption {
  const char* section;    ///< "optimizer", "method", ...
  const char* component;  ///< the name of the component; empty: the section has none
  const char* name;
  Value default_value;
};

/// All of them. The schemas have the same defaults.
SPURION_API const std::vector<AddedOption>& added_options();

/// As stores and ids have it: without added options that have their default.
SPURION_API Value without_added(const std::string& section, const Value& options);
SPURION_API Component without_added(const std::string& section, const Component& component);
/// Canonical JSON of that, and of that without options of these names. `component`: its name;
/// empty: the section has none.
SPURION_API std::string written_text(const std::string& section, const std::string& component,
                                     const Value& options,
                                     const std::vector<std::string>& left_out = {});
/// As trials have it: with all added options. A section without any option stays so, as in trials
/// that were not trained here.
SPURION_API Value with_added(const std::string& section, const Value& options);
/// The same of a component. It may have had no options before it got one.
SPURION_API Component with_added(const std::string& section, const Component& component);

}  // namespace spurion::harness
