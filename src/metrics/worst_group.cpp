#include <ATen/ATen.h>
#include <fmt/format.h>

#include <limits>

#include "core/measurement_names.hpp"
#include "metrics/shared/row_totals.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/metric.hpp"

namespace spurion::metrics {
namespace {

/// Accuracy within each group, and the lowest of them. Groups without rows have no accuracy: they
/// are passed over in the minimum and NaN in their own line, which is left out when no replica has
/// any. "worst_group_rows" is how many rows the lowest was counted in.
class WorstGroup final : public Metric {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> schema;
    return schema;
  }
  WorstGroup(const Options& /*options*/, const MetricContext& context)
      : task_(context.task),
        replicas_(context.replicas),
        groups_(context.groups),
        right_(context.replicas * context.groups),
        rows_(context.replicas * context.groups) {}

  [[nodiscard]] std::vector<MetricInfo> columns() const override {
    return {core::metric_info(core::MetricId::worst_group_accuracy),
            core::metric_info(core::MetricId::worst_group_rows),
            {"group_*_accuracy",
             "accuracy of a group",
             "accuracy in the group of this number",
             "share of rows",
             {0.0, 1.0},
             Better::high,
             false}};
  }

  [[nodiscard]] bool applies(const MetricContext& context) const override {
    return context.task != Task::regression && context.groups > 0;
  }

  void add(const Predictions& chunk) override {
    if (!chunk.group.defined()) return;
    const at::NoGradGuard no_grad;
    const metrics::RowView<std::int64_t> predicted(losses::predict(task_, chunk.logits), replicas_);
    const metrics::RowView<std::int64_t> label(chunk.y, replicas_);
    const metrics::RowView<std::int64_t> group(chunk.group, replicas_);
    for (std::int64_t k = 0; k < replicas_; ++k) {
      for (std::int64_t b = 0; b < label.rows(); ++b) {
        const std::int64_t own = group(k, b);
        SPURION_CHECK(own >= 0 && own < groups_, "group label out of range");
        right_[k * groups_ + own] += predicted(k, b) == label(k, b) ? 1.0 : 0.0;
        rows_[k * groups_ + own] += 1.0;
      }
    }
  }

  void merge(const Metric& other) override {
    const auto& same = metrics::same_metric<WorstGroup>(other);
    right_.merge(same.right_);
    rows_.merge(same.rows_);
  }

  [[nodiscard]] std::vector<std::pair<std::string, Tensor>> result() const override {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    std::vector<std::pair<std::string, Tensor>> out;
    Tensor worst = at::full({replicas_}, kNone, at::kDouble);
    double* worst_data = worst.data_ptr<double>();
    Tensor worst_rows = at::full({replicas_}, kNone, at::kDouble);
    double* worst_rows_data = worst_rows.data_ptr<double>();
    for (std::int64_t g = 0; g < groups_; ++g) {
      Tensor own = at::full({replicas_}, kNone, at::kDouble);
      double* own_data = own.data_ptr<double>();
      bool any = false;
      for (std::int64_t k = 0; k < replicas_; ++k) {
        const double rows = rows_[k * groups_ + g];
        if (rows == 0) continue;
        any = true;
        own_data[k] = right_[k * groups_ + g] / rows;
        if (worst_data[k] <= own_data[k]) continue;  // NaN is not
        worst_data[k] = own_data[k];
        worst_rows_data[k] = rows;
      }
      if (any) out.emplace_back(fmt::format("group_{}_accuracy", g), own);
    }
    if (!out.empty()) {
      out.insert(out.begin(), {{core::stored_name(core::MetricId::worst_group_accuracy), worst},
                               {core::stored_name(core::MetricId::worst_group_rows), worst_rows}});
    }
    return out;
  }

 private:
  Task task_;
  std::int64_t replicas_;
  std::int64_t groups_;
  metrics::Totals right_;  // [K, groups]
  metrics::Totals rows_;   // [K, groups]
};

}  // namespace

void register_worst_group(Catalog& catalog);
void register_worst_group(Catalog& catalog) {
  catalog.metrics.add<WorstGroup>(
      "worst_group", "Accuracy in each group of (label, cue), and the lowest of these.",
      "Sagawa et al. 2020, arXiv:1911.08731");
}

}  // namespace spurion::metrics
