#pragma once

#include <set>
#include <string>
#include <vector>

#include "spurion/trial.hpp"

/// \file
/// What a caption must say of the configurations behind its numbers.

namespace spurion::analysis {

/// " Averaged over model.width (8, 32) and 2 environments (a, b).": what else of a configuration
/// varies between trials. Nothing of methods, regimes and the options `apart`, which are followed
/// or drawn; `environments`: whether these are averaged over as well. Empty where nothing varies.
std::string averaged_note(const std::vector<const TrialResult*>& trials,
                          const std::set<std::string>& apart, bool environments);

/// " The methods differ in l2 (erm 0, irm_v1 0.001): ...": options that the `baseline` has too, in
/// which other methods have other values; part of their difference may be due to these. Empty
/// where there are none. `apart` as above.
std::string shared_options_note(const std::vector<const TrialResult*>& trials,
                                const std::string& baseline, const std::set<std::string>& apart);

}  // namespace spurion::analysis
