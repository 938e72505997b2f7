#include "harness/measure/row_scorer.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/measurement_names.hpp"

namespace spurion::harness {

namespace {

/// What becomes of predictions when one variable changes and all noise stays as it was.
class VariableUse {
 public:
  VariableUse(const Catalog& catalog, const MetricContext& context, Intervention::Kind kind)
      : flips_(catalog.metrics.at(core::stored_name(core::MetricId::flip_rate))
                   .make({Value()}, context)),
        kind_(kind) {
    auto accuracy =
        catalog.metrics.at(core::stored_name(core::MetricId::accuracy)).make({Value()}, context);
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

/// Adds what the use of either variable comes to.
void add_uses(const std::optional<VariableUse>& cue, const VariableUse& causal,
              MetricValues& values) {
  for (const auto& [name, value] : causal.flips()) {
    const bool rate = core::parse_metric(name).id == core::MetricId::flip_rate;
    values[core::stored_name(rate ? core::MetricId::causal_flip_rate
                                  : core::MetricId::causal_counterfactual_rms_change)] = value;
  }
  const auto own = values.find(core::stored_name(core::MetricId::accuracy));
  if (own == values.end()) return;
  const Tensor accuracy = own->second;
  if (cue) {
    values[core::stored_name(core::MetricId::cue_randomised_accuracy)] =
        cue->randomised_accuracy(accuracy);
  }
  values[core::stored_name(core::MetricId::causal_randomised_accuracy)] =
      causal.randomised_accuracy(accuracy);
}

}  // namespace

MetricValues score_rows(Predictor& predictor, std::int64_t count, const Catalog& catalog,
                        const MetricContext& context) {
  using Rows = Predictor::Rows;
  const at::NoGradGuard no_grad;
  MetricSet metrics(catalog, context);
  const Intervention::Kind cue_twins = predictor.made_by(Rows::cue_twin);
  const Intervention::Kind causal_twins = predictor.made_by(Rows::causal_twin);
  const bool twins = cue_twins != Intervention::Kind::none;
  const bool uses = causal_twins != Intervention::Kind::none;
  std::optional<VariableUse> cue_use;
  std::optional<VariableUse> causal_use;
  if (uses && twins) cue_use.emplace(catalog, context, cue_twins);
  if (uses) causal_use.emplace(catalog, context, causal_twins);
  for (std::int64_t first = 0; first < count; first += kEvaluationChunk) {
    const RowRange range{first, std::min(kEvaluationChunk, count - first)};
    Predictions chunk;
    chunk.logits = predictor.logits(Rows::factual, range);
    chunk.y = predictor.member(Rows::factual, &Sample::y, range);
    chunk.group = predictor.member(Rows::factual, &Sample::group, range);
    if (twins) chunk.twin_logits = predictor.logits(Rows::cue_twin, range);
    metrics.add(chunk);
    // A cue that is a cause takes the label along; of what is causal the question is whether
    // predictions follow it away from the label that the row had.
    if (cue_use) {
      cue_use->add(chunk, chunk.twin_logits, predictor.member(Rows::cue_twin, &Sample::y, range));
    }
    if (causal_use) causal_use->add(chunk, predictor.logits(Rows::causal_twin, range), chunk.y);
  }
  MetricValues values = metrics.results();
  if (causal_use) add_uses(cue_use, *causal_use, values);
  return values;
}

}  // namespace spurion::harness
