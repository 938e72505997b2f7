#include "conformance/width_check.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>

#include "conformance/schema_checks.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::conformance {

namespace {

/// Rows on which activations are measured.
constexpr std::int64_t kMeasuredRows = 64;
/// Rows of one pass when the loss of all is measured.
constexpr std::int64_t kPassRows = 512;

/// The mean |number| of each seed.
std::vector<double> sizes_of(const Tensor& values) {
  const Tensor sizes = values.abs().flatten(1).to(at::kDouble).mean(1);
  return {sizes.data_ptr<double>(), sizes.data_ptr<double>() + sizes.numel()};
}

/// A model of one width in training.
class WidthRun {
 public:
  WidthRun(const Catalog& catalog, const WidthStudy& study, const WidthRows& rows,
           std::int64_t width)
      : rows_(rows), batch_rows_(std::min(study.batch_rows, rows.x.size(1))) {
    const auto& entry = catalog.models.at(study.model);
    Value options = study.options.is_table() ? study.options : Value(Value::Table{});
    options.as_table()[study.width_option] = width;
    Shape shape = rows.x.sizes().vec();
    shape.erase(shape.begin(), shape.begin() + 2);
    model_ = entry.make({normalised(entry.schema, options, study.model)},
                        ModelContext{shape, rows.outputs});
    std::vector<RandomKey> keys;
    for (std::int64_t seed = 0; seed < study.seeds; ++seed) {
      keys.push_back(RandomKey(static_cast<std::uint64_t>(seed)).child("width check"));
    }
    trainer_ = std::make_unique<ReplicaTrainer>(*model_, model_->initialise(keys), study.optimizer);
  }

  void begin(std::int64_t updates) {
    if (updates > 0) trainer_->optimizer().begin_schedule(updates);
  }

  void step() {
    const RandomStream stream(
        RandomKey(0).child("minibatch").child(static_cast<std::uint64_t>(trainer_->step())));
    Tensor numbers = at::empty({batch_rows_}, at::kLong);
    for (std::int64_t i = 0; i < batch_rows_; ++i) {
      numbers.data_ptr<std::int64_t>()[i] = std::min(
          static_cast<std::int64_t>(stream.uniform(i) * static_cast<double>(total())), total() - 1);
    }
    Batch batch;
    batch.x = rows_.x.index_select(1, numbers);
    batch.y = rows_.y.index_select(2, numbers);
    batch.rows_per_domain = batch_rows_;
    batch.task = rows_.task;
    trainer_->step_from_losses(row_mean(row_losses(trainer_->forward(batch.x), batch), batch));
  }

  [[nodiscard]] std::vector<LayerActivation> activations() const {
    const Tensor x = rows_.x.narrow(1, 0, std::min(kMeasuredRows, total()));
    return model_->layer_activations(trainer_->parameters(), x);
  }

  /// The mean loss of all rows, of each seed.
  [[nodiscard]] std::vector<double> losses() const {
    const at::NoGradGuard no_grad;
    const std::int64_t seeds = trainer_->replicas();
    std::vector<double> sums(static_cast<std::size_t>(seeds), 0.0);
    for (std::int64_t first = 0; first < total(); first += kPassRows) {
      const std::int64_t count = std::min(kPassRows, total() - first);
      Batch batch;
      batch.y = rows_.y.narrow(2, first, count);
      batch.rows_per_domain = count;
      batch.task = rows_.task;
      const Output output =
          model_->forward(trainer_->parameters(), rows_.x.narrow(1, first, count));
      const Tensor part = row_losses(output, batch).flatten(1).to(at::kDouble).sum(1);
      for (std::int64_t k = 0; k < seeds; ++k) {
        sums[static_cast<std::size_t>(k)] += part.data_ptr<double>()[k];
      }
    }
    for (std::int64_t k = 0; k < seeds; ++k) {
      double& loss = sums[static_cast<std::size_t>(k)];
      const bool stopped = !trainer_->active().data_ptr<bool>()[k];
      loss = stopped || !std::isfinite(loss) ? std::numeric_limits<double>::infinity()
                                             : loss / static_cast<double>(total());
    }
    return sums;
  }

 private:
  [[nodiscard]] std::int64_t total() const { return rows_.x.size(1); }

  const WidthRows& rows_;
  std::int64_t batch_rows_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<ReplicaTrainer> trainer_;
};

}  // namespace

std::vector<LayerSizes> activations_by_width(const Catalog& catalog, const WidthStudy& study,
                                             const WidthRows& rows, std::int64_t updates) {
  std::vector<LayerSizes> layers;
  for (std::size_t w = 0; w < study.widths.size(); ++w) {
    WidthRun run(catalog, study, rows, study.widths[w]);
    run.begin(updates);
    const std::vector<LayerActivation> before = run.activations();
    if (layers.empty()) {
      const std::vector<std::vector<double>> none(study.widths.size());
      const WidthNumbers all(static_cast<std::size_t>(updates) + 1, none);
      for (const LayerActivation& layer : before) layers.push_back({layer.layer, all, all});
    }
    SPURION_CHECK(before.size() == layers.size(), "the same layers at every width");
    for (std::size_t update = 0; update < layers.front().values.size(); ++update) {
      if (update > 0) run.step();
      const std::vector<LayerActivation> now = run.activations();
      for (std::size_t i = 0; i < now.size(); ++i) {
        layers[i].values[update][w] = sizes_of(now[i].values);
        layers[i].changes[update][w] = sizes_of(now[i].values - before[i].values);
      }
    }
  }
  return layers;
}

std::vector<std::vector<double>> losses_by_width(const Catalog& catalog, const WidthStudy& study,
                                                 const WidthRows& rows, std::int64_t updates) {
  std::vector<std::vector<double>> losses;
  for (const std::int64_t width : study.widths) {
    WidthRun run(catalog, study, rows, width);
    run.begin(updates);
    for (std::int64_t update = 0; update < updates; ++update) run.step();
    losses.push_back(run.losses());
  }
  return losses;
}

double width_slope(const std::vector<std::int64_t>& widths,
                   const std::vector<std::vector<double>>& values) {
  std::vector<double> x;
  std::vector<double> y;
  for (std::size_t w = 0; w < widths.size(); ++w) {
    const double size = analysis::mean(values[w]);
    if (!std::isfinite(size) || size <= 0.0) return std::numeric_limits<double>::quiet_NaN();
    x.push_back(std::log(static_cast<double>(widths[w])));
    y.push_back(std::log(size));
  }
  const double x_mean = analysis::mean(x);
  const double y_mean = analysis::mean(y);
  double above = 0.0;
  double below = 0.0;
  for (std::size_t w = 0; w < x.size(); ++w) {
    above += (x[w] - x_mean) * (y[w] - y_mean);
    below += (x[w] - x_mean) * (x[w] - x_mean);
  }
  return above / below;
}

WidthTrend trend_of(const std::vector<std::int64_t>& widths, const LayerSizes& layer) {
  const double size = width_slope(widths, layer.values.back());
  const double change = width_slope(widths, layer.changes.back());
  if (!(size <= kFlatSlope && change <= kFlatSlope)) return WidthTrend::steep;
  if (size >= -kFlatSlope) return WidthTrend::flat;
  const std::string scores = "scores";
  const std::string& name = layer.layer;
  const bool may_fall = name == "logits" || (name.size() >= scores.size() &&
                                             name.substr(name.size() - scores.size()) == scores);
  return may_fall ? WidthTrend::falls : WidthTrend::steep;
}

bool is_flat(const std::vector<std::int64_t>& widths, const std::vector<LayerSizes>& layers) {
  return std::none_of(layers.begin(), layers.end(), [&](const LayerSizes& layer) {
    return trend_of(widths, layer) == WidthTrend::steep;
  });
}

std::size_t best_width(const std::vector<std::vector<double>>& losses) {
  std::size_t best = 0;
  for (std::size_t w = 1; w < losses.size(); ++w) {
    if (analysis::mean(losses[w]) < analysis::mean(losses[best])) best = w;
  }
  return best;
}

bool improves_with_width(const std::vector<std::vector<double>>& losses) {
  const std::vector<double>& widest = losses.back();
  if (!(analysis::mean(widest) < analysis::mean(losses.front()))) return false;
  return std::none_of(losses.begin(), losses.end() - 1, [&](const std::vector<double>& other) {
    if (!std::isfinite(analysis::mean(other))) return false;
    analysis::BySeed worse;
    for (std::size_t k = 0; k < widest.size(); ++k) {
      worse[static_cast<std::int64_t>(k)] = widest[k] - other[k];
    }
    return analysis::mean_over_seeds({worse}, "width check").low > 0.0;
  });
}

}  // namespace spurion::conformance
