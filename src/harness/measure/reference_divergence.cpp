#include "harness/measure/reference_divergence.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "core/measurement_names.hpp"
#include "harness/measure/evaluator.hpp"
#include "nouns/border_checks.hpp"

namespace spurion::harness {

namespace {

/// The same of one replica: logits [B, C].
Tensor divergence_of(Task task, const Tensor& first, const Tensor& second) {
  const Tensor a = first.to(at::kDouble).contiguous();
  const Tensor b = second.to(at::kDouble).contiguous();
  if (task == Task::regression) return (a - b).pow(2).mean(1);
  if (task == Task::binary) {
    const Tensor za = a.squeeze(1);
    const Tensor zb = b.squeeze(1);
    // Of two Bernoulli distributions by their log-odds.
    return at::softplus(zb) - at::softplus(za) + at::sigmoid(za) * (za - zb);
  }
  const Tensor log_a = a.log_softmax(1);
  return (log_a.exp() * (log_a - b.log_softmax(1))).sum(1);
}

}  // namespace

Tensor row_divergence(Task task, const Tensor& first, const Tensor& second) {
  // Replica by replica: the last bits of functions of many numbers depend on how many there are.
  std::vector<Tensor> each;
  for (std::int64_t k = 0; k < first.size(0); ++k) {
    each.push_back(divergence_of(task, first[k], second[k]));
  }
  return at::stack(each);
}

Tensor row_sum(const Tensor& values) {
  Tensor sums = at::empty({values.size(0)}, at::kDouble);
  for (std::int64_t k = 0; k < values.size(0); ++k) sums[k] = values[k].contiguous().sum();
  return sums;
}

Tensor parameter_distance(const Tensor& first, const Tensor& second) {
  const Tensor squares =
      (first.to(at::kCPU, at::kDouble) - second.to(at::kCPU, at::kDouble)).pow(2);
  return (row_sum(squares) / static_cast<double>(squares.size(1))).sqrt();
}

Tensor PackScorer::divergence(const ReplicaTrainer& trainer, const Tensor& parameters,
                              const DomainRowCount& rows) const {
  const at::NoGradGuard no_grad;
  const std::vector<Sample> all =
      samples({rows.domain, rows.split, {0, rows.count}}, Intervention::none());
  Evaluated other;
  other.members.push_back(parameters);
  Tensor sums = at::zeros({trainer.replicas()}, at::kDouble);
  for (std::int64_t first = 0; first < rows.count; first += kEvaluationChunk) {
    const RowRange range{first, std::min(kEvaluationChunk, rows.count - first)};
    sums += row_sum(row_divergence(info_->task, predict_by(evaluated_, trainer, all, range),
                                   predict_by(other, trainer, all, range)));
  }
  return sums / static_cast<double>(rows.count);
}

void PackEvaluator::ask_reference(const ReplicaTrainer& trainer) {
  const at::NoGradGuard no_grad;
  reference_ = regime_reference_;
  if (!reference_ && options_.reference) reference_ = options_.reference(trainer);
  if (reference_) nouns::check_parameters(reference_->parameters, trainer.parameters());
}

void PackEvaluator::add_reference(const ReplicaTrainer& trainer, const DomainRowCount& rows,
                                  Values& values) const {
  // What became of a model by adaptation is no longer that of the trained parameters.
  if (!reference_ || adapting_) return;
  const Tensor parameters = reference_->parameters.detach();
  values[core::stored_name(core::MetricId::reference_divergence)] =
      scorer_.divergence(trainer, parameters, rows);
  values[core::stored_name(core::MetricId::reference_distance)] =
      parameter_distance(trainer.parameters().detach(), parameters);
}

}  // namespace spurion::harness
