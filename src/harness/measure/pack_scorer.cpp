#include "harness/measure/pack_scorer.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/measurement_names.hpp"
#include "engine/kernels.hpp"
#include "nouns/control_shift.hpp"
#include "spurion/error.hpp"

namespace spurion {

namespace {

/// What becomes of predictions when one variable changes and all noise stays as it was.
class VariableUse {
 public:
  VariableUse(const Catalog& catalog, const MetricContext& context, Intervention::Kind kind)
      : flips_(catalog.metrics.at(stored_name(MetricId::flip_rate)).make({Value()}, context)),
        kind_(kind) {
    auto accuracy = catalog.metrics.at(stored_name(MetricId::accuracy)).make({Value()}, context);
    if (accuracy->applies(context)) accuracy_ = std::move(accuracy);
  }
  /// `twin_y`: what predictions of the twins are held against.
  void add(const Predictions& own, const Tensor& twin_logits, const Tensor& twin_y) {
    flips_->add({own.logits, twin_logits, own.y, {}});
    if (accuracy_) accuracy_->add({twin_logits, {}, twin_y, {}});
  }
  /// "flip_rate", or "counterfactual_rms_change" for regression.
  [[nodiscard]] std::vector<std::pair<std::string, Tensor>> flips() const {
    return flips_->result();
  }
  /// Accuracy with the variable randomised: drawn anew, or, flipped, itself and its other value
  /// evenly. Undefined for regression.
  [[nodiscard]] Tensor randomised_accuracy(const Tensor& own) const {
    if (!accuracy_) return {};
    const Tensor twin = accuracy_->result().front().second;
    return kind_ == Intervention::Kind::flip ? (own + twin) / 2.0 : twin;
  }

 private:
  std::unique_ptr<Metric> flips_;
  std::unique_ptr<Metric> accuracy_;
  Intervention::Kind kind_;
};

}  // namespace

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
  return with_control_shift(own_setting(environment, domain), domain.control_shift);
}

Domain PackScorer::own_setting(const Environment& environment, const Domain& domain) const {
  switch (domain.kind) {
    case DomainKind::train:
      for (const Domain& candidate : environment.train_domains()) {
        if (candidate.key == domain.key) return candidate;
      }
      throw LogicError(fmt::format("{} has no train domain '{}'", info_->name, domain.name));
    case DomainKind::test:
      return environment.test_domain();
    case DomainKind::point:
      return domain.cue_shifts.empty() ? environment.at(domain.shift)
                                       : environment.at_cues(domain.cue_shifts);
  }
  throw LogicError("unknown kind of domain");
}

std::vector<Sample> PackScorer::samples(const Domain& domain, Split split, std::int64_t count,
                                        const Intervention& intervention) const {
  std::vector<Sample> each;
  for (const Environment* environment : distinct_) {
    each.push_back(environment->sample(own(*environment, domain), split, {0, count}, intervention));
  }
  return each;
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

Tensor PackScorer::predict(const ReplicaTrainer& trainer, const std::vector<Sample>& samples,
                           RowRange range) const {
  const Tensor parameters = trainer.parameters().detach();
  std::vector<Tensor> logits;
  for (std::size_t first = 0; first < source_.size();) {
    std::size_t last = first + 1;
    while (last < source_.size() && source_[last] == source_[first]) ++last;
    const Tensor x = samples[source_[first]].x.narrow(0, range.first, range.count).unsqueeze(0);
    const Tensor own = parameters.narrow(0, static_cast<std::int64_t>(first),
                                         static_cast<std::int64_t>(last - first));
    // Metrics are worked out in host memory.
    logits.push_back(trainer.model().forward_anywhere(own, x.to(own.device())).logits.to(at::kCPU));
    first = last;
  }
  const Tensor all = (logits.size() == 1 ? logits.front() : at::cat(logits)).contiguous();
  const std::int64_t each = all.numel() / std::max<std::int64_t>(all.size(0), 1);
  for (std::int64_t k = 0; k < all.size(0); ++k) {
    if (engine::all_finite(all.data_ptr<float>() + k * each, each)) continue;
    not_finite_[static_cast<std::size_t>(k)] = true;
  }
  return all;
}

MetricValues PackScorer::score(const ReplicaTrainer& trainer, const Domain& domain, Split split,
                               std::int64_t count, const Intervention& intervention,
                               const Intervention& twin_action,
                               const Intervention& causal_twin_action) const {
  const at::NoGradGuard no_grad;
  const MetricContext context{info_->task, trainer.replicas(), info_->groups};
  MetricSet metrics(*catalog_, context);
  not_finite_.assign(source_.size(), false);
  const bool twins = twin_action.kind != Intervention::Kind::none;
  const std::vector<Sample> factual = samples(domain, split, count, intervention);
  const std::vector<Sample> twin =
      twins ? samples(domain, split, count, twin_action) : std::vector<Sample>();
  const bool uses = causal_twin_action.kind != Intervention::Kind::none;
  const std::vector<Sample> causal_twin =
      uses ? samples(domain, split, count, causal_twin_action) : std::vector<Sample>();
  std::optional<VariableUse> cue_use;
  std::optional<VariableUse> causal_use;
  if (uses && twins) cue_use.emplace(*catalog_, context, twin_action.kind);
  if (uses) causal_use.emplace(*catalog_, context, causal_twin_action.kind);
  for (std::int64_t first = 0; first < count; first += kEvaluationChunk) {
    const RowRange range{first, std::min(kEvaluationChunk, count - first)};
    Predictions chunk;
    chunk.logits = predict(trainer, factual, range);
    chunk.y = gather(factual, &Sample::y, range);
    chunk.group = gather(factual, &Sample::group, range);
    if (twins) chunk.twin_logits = predict(trainer, twin, range);
    metrics.add(chunk);
    // A cue that is a cause takes the label along; of what is causal the question is whether
    // predictions follow it away from the label that the row had.
    if (cue_use) cue_use->add(chunk, chunk.twin_logits, gather(twin, &Sample::y, range));
    if (causal_use) causal_use->add(chunk, predict(trainer, causal_twin, range), chunk.y);
  }
  MetricValues values = metrics.results();
  if (!causal_use) return values;
  for (const auto& [name, value] : causal_use->flips()) {
    const bool rate = parse_metric(name).id == MetricId::flip_rate;
    values[stored_name(rate ? MetricId::causal_flip_rate
                            : MetricId::causal_counterfactual_rms_change)] = value;
  }
  if (const auto own = values.find(stored_name(MetricId::accuracy)); own != values.end()) {
    const Tensor accuracy = own->second;
    if (cue_use) {
      values[stored_name(MetricId::cue_randomised_accuracy)] =
          cue_use->randomised_accuracy(accuracy);
    }
    values[stored_name(MetricId::causal_randomised_accuracy)] =
        causal_use->randomised_accuracy(accuracy);
  }
  return values;
}

}  // namespace spurion
