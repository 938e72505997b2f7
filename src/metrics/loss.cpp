#include <ATen/ATen.h>

#include "core/measurement_names.hpp"
#include "metrics/shared/row_totals.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/metric.hpp"

namespace spurion::metrics {
namespace {

/// Mean loss of a row: negative log-likelihood in nats, or the squared error for regression.
class Loss final : public Metric {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> schema;
    return schema;
  }
  Loss(const Options& /*options*/, const MetricContext& context)
      : task_(context.task), sum_(context.replicas) {}

  [[nodiscard]] std::vector<MetricInfo> columns() const override {
    return {core::metric_info(core::MetricId::loss)};
  }

  [[nodiscard]] bool applies(const MetricContext& /*context*/) const override { return true; }

  void add(const Predictions& chunk) override {
    const at::NoGradGuard no_grad;
    const std::int64_t replicas = sum_.size();
    const metrics::RowView<float> loss(losses::row_loss(task_, chunk.logits, chunk.y), replicas);
    for (std::int64_t k = 0; k < replicas; ++k) {
      for (std::int64_t b = 0; b < loss.rows(); ++b) sum_[k] += static_cast<double>(loss(k, b));
    }
    rows_ += static_cast<double>(loss.rows());
  }

  void merge(const Metric& other) override {
    const auto& same = metrics::same_metric<Loss>(other);
    sum_.merge(same.sum_);
    rows_ += same.rows_;
  }

  [[nodiscard]] std::vector<std::pair<std::string, Tensor>> result() const override {
    if (rows_ == 0) return {};
    return {{core::stored_name(core::MetricId::loss), sum_.mean(rows_)}};
  }

 private:
  Task task_;
  metrics::Totals sum_;
  double rows_ = 0;
};

}  // namespace

void register_loss(Catalog& catalog);
void register_loss(Catalog& catalog) {
  catalog.metrics.add<Loss>("loss", "Mean negative log-likelihood, or mean squared error.",
                            "-mean log p(y | x), or mean (f(x) - y)^2");
}

}  // namespace spurion::metrics
