#include "harness/measure/adapted_predictors.hpp"

#include <ATen/ATen.h>

#include "harness/measure/evaluator.hpp"
#include "nouns/unlabelled_rows.hpp"
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

void PackEvaluator::adapt_to(const ReplicaTrainer& trainer, const Domain& domain) {
  if (adapted_to_ == domain.name) return;
  const RowRange rows = nouns::unlabelled_rows(*context_->environments.front(), domain,
                                               options_.evaluation, *adapting_);
  std::vector<Tensor> batches;
  for (std::int64_t i = 0; i < adapting_->batches; ++i) {
    const RowRange own{rows.first + i * adapting_->rows, adapting_->rows};
    batches.push_back(scorer_.inputs(domain, Split::validation, own).to(trainer.device()));
  }
  scorer_.set_adapted(options_.adapted(trainer, batches, adapting_->episodic));
  adapted_to_ = domain.name;
}

}  // namespace spurion::harness
