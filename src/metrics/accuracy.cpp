#include <ATen/ATen.h>

#include "core/measurement_names.hpp"
#include "metrics/shared/row_totals.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/metric.hpp"

namespace spurion::metrics {
namespace {

/// Share of rows whose predicted class is the label.
class Accuracy final : public Metric {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> schema;
    return schema;
  }
  Accuracy(const Options& /*options*/, const MetricContext& context)
      : task_(context.task), right_(context.replicas) {}

  [[nodiscard]] std::vector<MetricInfo> columns() const override {
    return {core::metric_info(core::MetricId::accuracy)};
  }

  [[nodiscard]] bool applies(const MetricContext& context) const override {
    return context.task != Task::regression;
  }

  void add(const Predictions& chunk) override {
    const at::NoGradGuard no_grad;
    const std::int64_t replicas = right_.size();
    const metrics::RowView<std::int64_t> predicted(losses::predict(task_, chunk.logits), replicas);
    const metrics::RowView<std::int64_t> label(chunk.y, replicas);
    for (std::int64_t k = 0; k < replicas; ++k) {
      for (std::int64_t b = 0; b < label.rows(); ++b) {
        right_[k] += predicted(k, b) == label(k, b) ? 1.0 : 0.0;
      }
    }
    rows_ += static_cast<double>(label.rows());
  }

  void merge(const Metric& other) override {
    const auto& same = metrics::same_metric<Accuracy>(other);
    right_.merge(same.right_);
    rows_ += same.rows_;
  }

  [[nodiscard]] std::vector<std::pair<std::string, Tensor>> result() const override {
    if (rows_ == 0) return {};
    return {{core::stored_name(core::MetricId::accuracy), right_.mean(rows_)}};
  }

 private:
  Task task_;
  metrics::Totals right_;
  double rows_ = 0;
};

}  // namespace

void register_accuracy(Catalog& catalog);
void register_accuracy(Catalog& catalog) {
  catalog.metrics.add<Accuracy>("accuracy", "Share of rows whose predicted class is the label.",
                                "mean of [predicted = y]");
}

}  // namespace spurion::metrics
