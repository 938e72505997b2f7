#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "metrics/shared/row_totals.hpp"
#include "spurion/catalog.hpp"
#include "spurion/metric.hpp"

namespace spurion::metrics {
namespace {

constexpr std::int64_t kBins = 15;

/// Whether probabilities mean what they say.
///
/// "ece": expected calibration error. Rows fall into 15 equal bins by the probability of their
/// predicted class; sum over bins of share of rows times |accuracy - mean probability|.
///
/// "brier": mean over rows of (p - y)^2 for a binary task, of the sum over classes of
/// (p_c - [y = c])^2 for a multiclass one (which for two classes is twice the former).
class Calibration final : public Metric {
 public:
  struct Options {};
  static const Schema<Options>& schema() {
    static const Schema<Options> schema;
    return schema;
  }
  Calibration(const Options& /*options*/, const MetricContext& context)
      : replicas_(context.replicas),
        right_(context.replicas * kBins),
        confidence_(context.replicas * kBins),
        squares_(context.replicas) {}

  [[nodiscard]] std::vector<MetricInfo> columns() const override {
    constexpr MetricRange kSquares{0.0, 2.0};
    return {{"ece",
             "calibration error",
             "expected calibration error",
             "probability",
             {0.0, 1.0},
             Better::low,
             false},
            {"brier", "Brier score", "mean squared error of the predicted probabilities",
             "squared probability", kSquares, Better::low, false}};
  }

  [[nodiscard]] bool applies(const MetricContext& context) const override {
    return context.task != Task::regression;
  }

  void add(const Predictions& chunk) override {
    const Tensor logits = chunk.logits.detach().contiguous();
    SPURION_CHECK(logits.dim() == 3 && logits.size(0) == replicas_, "expected logits [K, B, C]");
    const std::int64_t rows = logits.size(1);
    const std::int64_t outputs = logits.size(2);
    const metrics::RowView<std::int64_t> label(chunk.y, replicas_);
    const float* z = logits.data_ptr<float>();
    for (std::int64_t k = 0; k < replicas_; ++k) {
      for (std::int64_t b = 0; b < rows; ++b, z += outputs) {
        const Row row =
            outputs == 1 ? binary(*z, label(k, b)) : multiclass(z, outputs, label(k, b));
        const std::int64_t slot = k * kBins + bin_of(row.confidence);
        right_[slot] += row.right ? 1.0 : 0.0;
        confidence_[slot] += row.confidence;
        squares_[k] += row.squares;
      }
    }
    rows_ += static_cast<double>(rows);
  }

  void merge(const Metric& other) override {
    const auto& same = metrics::same_metric<Calibration>(other);
    right_.merge(same.right_);
    confidence_.merge(same.confidence_);
    squares_.merge(same.squares_);
    rows_ += same.rows_;
  }

  [[nodiscard]] std::vector<std::pair<std::string, Tensor>> result() const override {
    if (rows_ == 0) return {};
    metrics::Totals error(replicas_);
    for (std::int64_t slot = 0; slot < replicas_ * kBins; ++slot) {
      error[slot / kBins] += std::fabs(right_[slot] - confidence_[slot]);
    }
    return {{"ece", error.mean(rows_)}, {"brier", squares_.mean(rows_)}};
  }

 private:
  struct Row {
    double confidence;  ///< probability of the predicted class
    bool right;
    double squares;
  };

  /// A diverged model's NaN goes to the last bin, and from there into the result.
  static std::int64_t bin_of(double confidence) {
    constexpr auto kLast = static_cast<double>(kBins - 1);
    return static_cast<std::int64_t>(std::fmin(kLast, confidence * static_cast<double>(kBins)));
  }

  static Row binary(float logit, std::int64_t label) {
    const double p = 1.0 / (1.0 + std::exp(-static_cast<double>(logit)));
    const double miss = p - static_cast<double>(label);
    const bool predicted = logit > 0;  // as losses::predict
    return {predicted ? p : 1.0 - p, predicted == (label == 1), miss * miss};
  }

  static Row multiclass(const float* logits, std::int64_t outputs, std::int64_t label) {
    const float* top = std::max_element(logits, logits + outputs);
    double sum = 0;
    for (std::int64_t c = 0; c < outputs; ++c) {
      sum += std::exp(static_cast<double>(logits[c]) - static_cast<double>(*top));
    }
    Row row{1.0 / sum, top - logits == label, 0.0};
    for (std::int64_t c = 0; c < outputs; ++c) {
      const double p = std::exp(static_cast<double>(logits[c]) - static_cast<double>(*top)) / sum;
      const double miss = p - (c == label ? 1.0 : 0.0);
      row.squares += miss * miss;
    }
    return row;
  }

  std::int64_t replicas_;
  metrics::Totals right_;       // [K, bins]
  metrics::Totals confidence_;  // [K, bins]
  metrics::Totals squares_;
  double rows_ = 0;
};

}  // namespace

void register_calibration(Catalog& catalog);
void register_calibration(Catalog& catalog) {
  catalog.metrics.add<Calibration>("calibration",
                                   "Expected calibration error (15 bins) and Brier score.",
                                   "Guo et al. 2017, arXiv:1706.04599; Brier 1950");
}

}  // namespace spurion::metrics
