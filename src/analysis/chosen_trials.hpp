#pragma once

#include <functional>
#include <string>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/trial.hpp"

namespace spurion::analysis {

/// Trials chosen by their fields, as a person types it: "all", or conditions that must all hold,
/// such as "method=erm,seed=0,model.width=64". A field is "section.option", a section that names
/// something ("method"), "seed", "experiment" or "config_index". Throws `UsageError` for any other
/// form.
SPURION_API std::function<bool(const TrialSpec&)> chosen_trials(const std::string& text);

/// Throws `UsageError` unless one of the trials at least is chosen; it says which condition no
/// trial meets, and names that are near.
SPURION_API void check_chosen(const std::string& text, const std::vector<TrialSpec>& trials);

}  // namespace spurion::analysis
