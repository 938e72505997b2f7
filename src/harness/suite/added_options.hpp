#pragma once

#include <string>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/value.hpp"

/// \file
/// Options that sections of a trial got after trials had been stored. Where such an option has its
/// default a trial is what it was before there was one: its canonical text, and with it its id, do
/// not have the option.

namespace spurion::harness {

/// An option of "optimizer", "training" or "evaluation" that is not written where it has its
/// default.
struct AddedOption {
  const char* section;
  const char* name;
  Value default_value;
};

/// All of them. The schemas have the same defaults.
SPURION_API const std::vector<AddedOption>& added_options();

/// As stores and ids have it: without added options that have their default.
SPURION_API Value without_added(const std::string& section, const Value& options);
/// As trials have it: with all added options. A section without any option stays so, as in trials
/// that were not trained here.
SPURION_API Value with_added(const std::string& section, const Value& options);

}  // namespace spurion::harness
