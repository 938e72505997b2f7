#pragma once

#include "spurion/adaptation.hpp"
#include "spurion/environment.hpp"
#include "spurion/trial.hpp"

namespace spurion::nouns {

/// Which validation rows of a domain come without labels: those after the rows that selectors are
/// scored on. Throws `UsageError` where there are too few.
SPURION_API RowRange unlabelled_rows(const Environment& environment, const Domain& domain,
                                     const EvaluationOptions& evaluation,
                                     const Adaptation& adaptation);

}  // namespace spurion::nouns
