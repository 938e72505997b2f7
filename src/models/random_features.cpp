#include <ATen/ATen.h>

#include <cmath>
#include <mutex>
#include <vector>

#include "engine/matrix/matmul.hpp"
#include "engine/matrix/matmul_dispatch.hpp"
#include "models/shared/layers.hpp"
#include "spurion/catalog.hpp"
#include "spurion/model.hpp"

namespace spurion::models {
namespace {

struct RandomFeaturesOptions {
  std::int64_t width = 1000;
  std::int64_t feature_seed = 0;
};

/// What fixed features a training pass saw last. Training on all rows at each step sees the same
/// rows again: their features are then worked out once, not at each step.
class LastFeatures {
 public:
  /// The features of these rows, where `keep` gave them; undefined where they are to be worked out.
  Tensor find(const Tensor& rows) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!at::GradMode::is_enabled()) {  // a measurement, which needs the memory for its own rows
      rows_.reset();
      features_.reset();
      return {};
    }
    again_ = rows_.is_same(rows) && rows_version_ == rows._version();
    if (!again_) {
      rows_ = rows;
      rows_version_ = rows._version();
      features_.reset();
    }
    if (features_.defined() && features_._version() != features_version_) features_.reset();
    return features_;
  }
  /// Keeps features that were worked out for rows which `find` was given twice in a row:
  /// minibatches are not kept.
  void keep(const Tensor& rows, const Tensor& features) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!again_ || !rows_.is_same(rows)) return;
    features_ = features;
    features_version_ = features._version();
  }

 private:
  std::mutex mutex_;
  Tensor rows_;
  Tensor features_;
  std::int64_t rows_version_ = 0;
  std::int64_t features_version_ = 0;
  bool again_ = false;  ///< the rows that were asked for last are those before them
};

/// A linear head, without intercept, on fixed random ReLU features (Rahimi & Recht 2007; as Sagawa
/// et al. 2020 use them): width = N features
///
///     max(x' w_j, 0) / sqrt(N),   w_j uniform on the unit sphere.
///
/// The features belong to the architecture: `feature_seed` names them, all replicas share them, and
/// parameters are those of the head alone, which start at 0. N features are the first N of more.
/// The factor 1 / sqrt(N) changes no predictor the head can make; it keeps one learning rate right
/// for every N.
class RandomFeatures final : public Model {
 public:
  using Options = RandomFeaturesOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("width", &O::width, "Number N of features.", between(1, 65536),
                   log_uniform_integer(10, 10000))
            .field("feature_seed", &O::feature_seed,
                   "Seed of the random features. The seed of a trial does not change them.",
                   at_least(0));
    return schema;
  }

  RandomFeatures(Options options, const ModelContext& context)
      : options_(options), inputs_(element_count(context.input_shape)), outputs_(context.outputs) {
    LayoutBuilder builder;
    builder.add("head.weight", {options_.width, outputs_});
    layout_ = builder.take();
  }

  [[nodiscard]] const std::vector<ParameterBlock>& layout() const override { return layout_; }

  [[nodiscard]] Tensor initialise(const std::vector<RandomKey>& keys) const override {
    return at::zeros({static_cast<std::int64_t>(keys.size()), parameter_count()});
  }

  [[nodiscard]] Output forward(const Tensor& parameters, const Tensor& x) const override {
    Tensor features = last_.find(x);
    if (!features.defined()) {
      features = features_of(x);
      last_.keep(x, features);
    }
    return read_out(parameters, features);
  }

  [[nodiscard]] Output forward_differentiable(const Tensor& parameters,
                                              const Tensor& x) const override {
    const Tensor rows = x.reshape({x.size(0), x.size(1), inputs_}).to(parameters.scalar_type());
    const Tensor fixed = directions().to(parameters.device(), parameters.scalar_type());
    return read_out(parameters, at::matmul(rows, fixed).relu());
  }

  [[nodiscard]] Tensor fixed_directions() const override { return directions(); }

  [[nodiscard]] double forward_flops() const override { return feature_flops() + head_flops(); }
  // Features are fixed: the backward pass is one product of the head.
  [[nodiscard]] double step_flops() const override { return forward_flops() + head_flops(); }
  [[nodiscard]] double activation_bytes() const override {
    return 4.0 * static_cast<double>(inputs_ + options_.width + 4 * outputs_);
  }
  // Twice while they are made.
  [[nodiscard]] double fixed_bytes() const override {
    return 8.0 * static_cast<double>(inputs_) * static_cast<double>(options_.width);
  }

 private:
  /// [K or 1, B, N]
  [[nodiscard]] Tensor features_of(const Tensor& x) const {
    const Tensor rows = x.reshape({x.size(0), x.size(1), inputs_}).contiguous();
    Tensor features = at::empty({rows.size(0), rows.size(1), options_.width});
    for (std::int64_t set = 0; set < rows.size(0); ++set) {
      engine::product({rows.size(1), inputs_, options_.width},
                      {rows.data_ptr<float>() + set * rows.size(1) * inputs_},
                      {directions().data_ptr<float>()},
                      features.data_ptr<float>() + set * rows.size(1) * options_.width);
    }
    features.relu_();
    return features;
  }
  /// [D, N], drawn when they are first used: what they cost is asked before anything is run.
  [[nodiscard]] const Tensor& directions() const {
    std::call_once(drawn_, [this] {
      const RandomKey key =
          RandomKey(static_cast<std::uint64_t>(options_.feature_seed)).child("random_features");
      Tensor rows = at::empty({options_.width, inputs_});
      RandomStream(key).fill_normal(0, options_.width, inputs_, rows.data_ptr<float>());
      rows /= rows.norm(2, {1}, true) * std::sqrt(static_cast<double>(options_.width));
      directions_ = rows.t().contiguous();
    });
    return directions_;
  }
  /// features [K or 1, B, N]
  [[nodiscard]] Output read_out(const Tensor& parameters, const Tensor& features) const {
    const Tensor head = parameters.reshape({parameters.size(0), options_.width, outputs_});
    return {features.expand({parameters.size(0), -1, -1}),
            engine::batched_matmul(features, engine::Transpose::no, head, engine::Transpose::no)};
  }
  [[nodiscard]] double feature_flops() const {
    return 2.0 * static_cast<double>(inputs_ * options_.width);
  }
  [[nodiscard]] double head_flops() const {
    return 2.0 * static_cast<double>(options_.width * outputs_);
  }

  Options options_;
  std::int64_t inputs_;
  std::int64_t outputs_;
  mutable LastFeatures last_;
  mutable std::once_flag drawn_;
  mutable Tensor directions_;
  std::vector<ParameterBlock> layout_;
};

}  // namespace

void register_random_features(Catalog& catalog);
void register_random_features(Catalog& catalog) {
  catalog.models.add<RandomFeatures>("random_features",
                                     "A linear head on fixed random ReLU features.",
                                     "Sagawa et al. 2020, arXiv:2005.04345");
}

}  // namespace spurion::models
