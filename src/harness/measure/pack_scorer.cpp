#include "harness/measure/pack_scorer.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "acting/rollout.hpp"
#include "engine/kernels.hpp"
#include "nouns/control_shift.hpp"

namespace spurion::harness {

/// What the replicas of a pack predict of rows of a domain.
class PackScorer::ModelPredictor final : public Predictor {
 public:
  /// Rows and how they were made, as they are and as twins; none where `how` is none.
  struct Twins {
    std::vector<Sample> samples;  // [distinct environments]
    Intervention::Kind how = Intervention::Kind::none;
  };
  ModelPredictor(const PackScorer& scorer, const ReplicaTrainer& trainer,
                 std::vector<Sample> factual, Twins cue, Twins causal)
      : scorer_(&scorer),
        trainer_(&trainer),
        factual_(std::move(factual)),
        cue_(std::move(cue)),
        causal_(std::move(causal)) {}

  [[nodiscard]] Intervention::Kind made_by(Rows rows) const override {
    return rows == Rows::cue_twin      ? cue_.how
           : rows == Rows::causal_twin ? causal_.how
                                       : Intervention::Kind::none;
  }
  [[nodiscard]] Tensor logits(Rows rows, RowRange range) override {
    return scorer_->predict(*trainer_, samples(rows), range);
  }
  [[nodiscard]] Tensor member(Rows rows, Tensor Sample::*which, RowRange range) const override {
    return scorer_->gather(samples(rows), which, range);
  }

 private:
  [[nodiscard]] const std::vector<Sample>& samples(Rows rows) const {
    return rows == Rows::cue_twin      ? cue_.samples
           : rows == Rows::causal_twin ? causal_.samples
                                       : factual_;
  }

  const PackScorer* scorer_;
  const ReplicaTrainer* trainer_;
  std::vector<Sample> factual_;
  Twins cue_;
  Twins causal_;
};

PackScorer::PackScorer(const Catalog& catalog,
                       const std::vector<std::shared_ptr<const Environment>>& environments)
    : catalog_(&catalog), info_(&environments.front()->info()) {
  for (const auto& environment : environments) {
    const auto found = std::find(distinct_.begin(), distinct_.end(), environment.get());
    source_.push_back(static_cast<std::size_t>(found - distinct_.begin()));
    if (found == distinct_.end()) distinct_.push_back(environment.get());
  }
}

Domain PackScorer::own(const Environment& environment, const Domain& domain) const {
  return nouns::with_control_shift(acting::own_domain(environment, domain), domain.control_shift);
}

std::vector<Sample> PackScorer::samples(const DomainRows& rows,
                                        const Intervention& intervention) const {
  std::vector<Sample> each;
  for (const Environment* environment : distinct_) {
    each.push_back(
        environment->sample(own(*environment, rows.domain), rows.split, rows.range, intervention));
  }
  return each;
}

Tensor PackScorer::inputs(const Domain& domain, Split split, RowRange rows) const {
  return gather(samples({domain, split, rows}, Intervention::none()), &Sample::x, {0, rows.count});
}

Tensor PackScorer::gather(const std::vector<Sample>& samples, Tensor Sample::*member,
                          RowRange range) const {
  if (!(samples.front().*member).defined()) return {};
  const auto chunk = [&](std::size_t index) {
    return (samples[index].*member).narrow(0, range.first, range.count);
  };
  if (samples.size() == 1) return chunk(0).unsqueeze(0);
  std::vector<Tensor> each;
  for (const std::size_t index : source_) each.push_back(chunk(index));
  return at::stack(each);
}

Tensor PackScorer::shown(const Tensor& x, ReplicaRange replicas) const {
  const Tensor rows = x.unsqueeze(0);
  if (!input_mask_.defined()) return rows;
  return rows * input_mask_.narrow(0, replicas.first, replicas.count).unsqueeze(1);
}

Tensor PackScorer::predict_by(const Evaluated& evaluated, const ReplicaTrainer& trainer,
                              const std::vector<Sample>& samples, RowRange range) const {
  std::vector<Tensor> logits;
  for (std::size_t first = 0; first < source_.size();) {
    std::size_t last = first + 1;
    while (last < source_.size() && source_[last] == source_[first]) ++last;
    const ReplicaRange own{static_cast<std::int64_t>(first),
                           static_cast<std::int64_t>(last - first)};
    const Tensor x = shown(samples[source_[first]].x.narrow(0, range.first, range.count), own);
    // Metrics are worked out in host memory.
    logits.push_back(evaluated_logits(evaluated, trainer, own, x.to(trainer.device()), info_->task)
                         .to(at::kCPU));
    first = last;
  }
  return logits.size() == 1 ? logits.front() : at::cat(logits);
}

Tensor PackScorer::logits_of(const ReplicaTrainer& trainer, const Tensor& x) const {
  return logits_of(evaluated_, trainer, x);
}

Tensor PackScorer::logits_of(const Evaluated& evaluated, const ReplicaTrainer& trainer,
                             const Tensor& x) const {
  const at::NoGradGuard no_grad;
  const Tensor shown = input_mask_.defined() ? x * input_mask_.unsqueeze(1) : x;
  return evaluated_logits(evaluated, trainer, {0, trainer.replicas()}, shown.to(trainer.device()),
                          info_->task)
      .to(at::kCPU);
}

Tensor PackScorer::predict(const ReplicaTrainer& trainer, const std::vector<Sample>& samples,
                           RowRange range) const {
  std::vector<Tensor> logits;
  if (adapted_.empty()) logits.push_back(predict_by(evaluated_, trainer, samples, range));
  const std::int64_t count = samples.front().x.size(0);
  const auto stretches = static_cast<std::int64_t>(adapted_.size());
  for (std::int64_t i = 0; i < stretches; ++i) {
    const std::int64_t first = std::max(range.first, i * count / stretches);
    const std::int64_t end = std::min(range.first + range.count, (i + 1) * count / stretches);
    if (first >= end) continue;
    const Evaluated& one = adapted_[static_cast<std::size_t>(i)];
    logits.push_back(predict_by(one, trainer, samples, {first, end - first}));
  }
  const Tensor all = (logits.size() == 1 ? logits.front() : at::cat(logits, 1)).contiguous();
  const std::int64_t each = all.numel() / std::max<std::int64_t>(all.size(0), 1);
  for (std::int64_t k = 0; k < all.size(0); ++k) {
    if (engine::all_finite(all.data_ptr<float>() + k * each, each)) continue;
    not_finite_[static_cast<std::size_t>(k)] = true;
  }
  return all;
}

MetricValues PackScorer::score(const ReplicaTrainer& trainer, const DomainRowCount& rows,
                               const ScoredInterventions& actions) const {
  const at::NoGradGuard no_grad;
  not_finite_.assign(source_.size(), false);
  const DomainRows all{rows.domain, rows.split, {0, rows.count}};
  const auto twins = [&](const Intervention& action) {
    const bool wanted = action.kind != Intervention::Kind::none;
    return ModelPredictor::Twins{wanted ? samples(all, action) : std::vector<Sample>(),
                                 action.kind};
  };
  std::vector<Sample> factual = samples(all, actions.rows);
  ModelPredictor::Twins cue = twins(actions.twin);
  ModelPredictor predictor(*this, trainer, std::move(factual), std::move(cue),
                           twins(actions.causal_twin));
  return score_rows(predictor, rows.count, *catalog_,
                    {info_->task, trainer.replicas(), info_->groups});
}

}  // namespace spurion::harness
