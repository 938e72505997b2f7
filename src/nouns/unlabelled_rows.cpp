#include "nouns/unlabelled_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/counted.hpp"
#include "spurion/error.hpp"

namespace spurion::nouns {

RowRange unlabelled_rows(const Environment& environment, const Domain& domain,
                         const EvaluationOptions& evaluation, const Adaptation& adaptation) {
  const std::int64_t tested = std::min(evaluation.rows, environment.row_limit(domain, Split::test));
  const std::int64_t there = environment.validation_rows(domain, tested);
  const std::int64_t first = std::min(evaluation.rows, there);
  const std::int64_t count = adaptation.batches * adaptation.rows;
  if (there - first < count) {
    throw UsageError(
        fmt::format("the regime adapts to {} of each domain, but {} has only {} in domain '{}' "
                    "beside its test and "
                    "validation rows: lower evaluation.rows, adaptation_batches or adaptation_rows",
                    core::counted(count, "unlabelled row"), environment.info().name, there - first,
                    domain.name));
  }
  return {first, count};
}

}  // namespace spurion::nouns
