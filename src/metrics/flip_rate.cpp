#include <ATen/ATen.h>

#include <cmath>

#include "core/measurement_names.hpp"
#include "metrics/shared/row_totals.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/metric.hpp"

namespace spurion::metrics {
namespace {

/// How much predictions move when only the cue does: the share of rows whose predicted class
/// differs between a row and its counterfactual twin ("flip_rate"), or, for regression, the root of
/// the mean squared change of the output in units of the target ("counterfactual_rms_change"). A
/// predictor that ignores the cue has 0.
class FlipRate final : public Metric {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> schema;
    return schema;
  }
  FlipRate(const Options& /*options*/, const MetricContext& context)
      : task_(context.task), sum_(context.replicas) {}

  [[nodiscard]] std::vector<MetricInfo> columns() const override {
    return {core::metric_info(core::MetricId::flip_rate),
            core::metric_info(core::MetricId::counterfactual_rms_change)};
  }

  [[nodiscard]] bool applies(const MetricContext& /*context*/) const override { return true; }

  void add(const Predictions& chunk) override {
    if (!chunk.twin_logits.defined()) return;
    const at::NoGradGuard no_grad;
    const Tensor own = losses::predict(task_, chunk.logits);
    const Tensor twin = losses::predict(task_, chunk.twin_logits);
    if (task_ == Task::regression) {
      add_rows<float>(own, twin, [](float a, float b) {
        const double change = static_cast<double>(a) - static_cast<double>(b);
        return change * change;
      });
    } else {
      add_rows<std::int64_t>(own, twin,
                             [](std::int64_t a, std::int64_t b) { return a != b ? 1.0 : 0.0; });
    }
  }

  void merge(const Metric& other) override {
    const auto& same = metrics::same_metric<FlipRate>(other);
    sum_.merge(same.sum_);
    rows_ += same.rows_;
  }

  [[nodiscard]] std::vector<std::pair<std::string, Tensor>> result() const override {
    if (rows_ == 0) return {};
    if (task_ == Task::regression) {
      return {
          {core::stored_name(core::MetricId::counterfactual_rms_change), sum_.mean(rows_).sqrt()}};
    }
    return {{core::stored_name(core::MetricId::flip_rate), sum_.mean(rows_)}};
  }

 private:
  template <class T, class Change>
  void add_rows(const Tensor& own, const Tensor& twin, Change change) {
    const std::int64_t replicas = sum_.size();
    const metrics::RowView<T> a(own, replicas);
    const metrics::RowView<T> b(twin, replicas);
    for (std::int64_t k = 0; k < replicas; ++k) {
      for (std::int64_t row = 0; row < a.rows(); ++row) sum_[k] += change(a(k, row), b(k, row));
    }
    rows_ += static_cast<double>(a.rows());
  }

  Task task_;
  metrics::Totals sum_;
  double rows_ = 0;
};

}  // namespace

void register_flip_rate(Catalog& catalog);
void register_flip_rate(Catalog& catalog) {
  catalog.metrics.add<FlipRate>(
      "flip_rate", "Share of predictions that change when only the cue is changed.",
      "mean of [predicted(x) differs from predicted(x under do(cue := other))]");
}

}  // namespace spurion::metrics
