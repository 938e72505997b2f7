#pragma once

#include <string>
#include <vector>

#include "spurion/catalog.hpp"
#include "spurion/trial.hpp"

namespace spurion::catalog {

/// A probe as a suite asks for it.
struct ProbeChoice {
  std::string label;  ///< `as`, or the name: part of the names of its measurements
  Component probe;    ///< name and options, without the label
};

/// The label that a probe is written with; its name where it has none.
std::string probe_label(const Component& written);
/// A probe as it is written, `{ name = "...", as = "...", OPTION = ... }`, without its label.
/// Throws `UsageError` where it has no name.
Component probe_component(const Value& written);
/// The probes that the evaluation of a trial asks for, in order.
SPURION_API std::vector<ProbeChoice> chosen_probes(const EvaluationOptions& evaluation);
/// Checks names, labels and options, and fills in defaults. What is wrong is added to `problems`.
SPURION_API void complete_probes(std::vector<Component>& probes, const Catalog& catalog,
                                 Problems& problems);

}  // namespace spurion::catalog
