#include "harness/measure/adapted_predictors.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/counted.hpp"
#include "harness/measure/evaluator.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

std::vector<Evaluated> adapted_predictors(const Method& method, const ReplicaTrainer& trainer,
                                          const std::vector<Tensor>& batches, bool episodic) {
  const at::NoGradGuard no_grad;
  std::vector<Evaluated> each;
  std::unique_ptr<Adapter> adapter;
  for (const Tensor& batch : batches) {
    if (episodic || !adapter) adapter = method.adapter(trainer);
    if (!adapter) throw PluginError("it adapts, and then it does not");
    each.push_back(adapter->adapt(batch));
  }
  return each;
}

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

void PackEvaluator::adapt_to(const ReplicaTrainer& trainer, const Domain& domain) {
  if (adapted_to_ == domain.name) return;
  const RowRange rows =
      unlabelled_rows(*context_->environments.front(), domain, options_.evaluation, *adapting_);
  std::vector<Tensor> batches;
  for (std::int64_t i = 0; i < adapting_->batches; ++i) {
    const RowRange own{rows.first + i * adapting_->rows, adapting_->rows};
    batches.push_back(scorer_.inputs(domain, Split::validation, own).to(trainer.device()));
  }
  scorer_.set_adapted(options_.adapted(trainer, batches, adapting_->episodic));
  adapted_to_ = domain.name;
}

}  // namespace spurion::harness
