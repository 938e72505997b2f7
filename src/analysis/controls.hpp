#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/study.hpp"
#include "spurion/registry.hpp"

/// \file
/// What a comparison of methods needs beside them to be fair: controls and equal budgets.

namespace spurion::analysis {

/// Which control the method of this registered name is.
Control control_of(const Study& study, const std::string& method);
/// The same of the trials of a line.
Control control_of(const Study& study, const ResultsView& view, const ResultsView::Line& line);

/// How many different samples of hyper-parameters the trials of a line were chosen from or, where
/// nothing was chosen, have.
std::int64_t samples_of(const Study& study, const ResultsView& view, const ResultsView::Line& line);

/// The controls that no method of `methods` is, with what is not known for the lack of them:
/// "random_penalty (...) and no counterfactual_augmentation (...)"; empty where none is missing.
/// `controls`: `Study::controls`.
SPURION_API std::string missing_controls(const std::map<std::string, std::string>& controls,
                                         const std::set<std::string>& methods);

/// A sentence on them, with a space behind it; empty where none is missing. `subject`: who lacks
/// them, "experiment 'overview'".
std::string missing_controls_text(const std::map<std::string, std::string>& controls,
                                  const std::set<std::string>& methods, const std::string& subject);

}  // namespace spurion::analysis
