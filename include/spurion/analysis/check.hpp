#pragma once

#include <string>

#include "spurion/analysis/table.hpp"
#include "spurion/export.hpp"

/// \file
/// What an answer found of a number or a claim that others published: `spurion verify` gathers
/// these.

namespace spurion::analysis {

/// Whether our result is what was published.
enum class Agreement {
  agree,      ///< no difference is shown, or the claim holds
  differ,     ///< a difference is shown, or the claim is refuted
  undecided,  ///< of a claim: the interval allows both
  no_number,  ///< the trials are done and lack the number
  not_run     ///< no trial of it is done
};
/// "agree", "differ", "undecided", "no number", "not run".
SPURION_API const char* agreement_name(Agreement agreement);

/// A published number or claim beside ours.
struct Check {
  std::string label;                         ///< which number, or which claim
  Cell published;                            ///< mean with deviation, or the claim in words
  Cell ours;                                 ///< the same of our trials
  Cell difference;                           ///< ours minus published, in standard errors
  Agreement agreement = Agreement::not_run;  ///< what it comes to
  std::string note = {};                     ///< what the suite says of it
};

}  // namespace spurion::analysis
