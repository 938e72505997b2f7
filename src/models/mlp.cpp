#include <ATen/ATen.h>
#include <fmt/format.h>

#include "engine/risks/mlp_node.hpp"
#include "engine/risks/mlp_risks.hpp"
#include "models/shared/layers.hpp"
#include "models/shared/normalisation.hpp"
#include "models/shared/sequence_layers.hpp"
#include "models/shared/width_options.hpp"
#include "spurion/catalog.hpp"
#include "spurion/model.hpp"

namespace spurion::models {
namespace {

struct MlpOptions : WidthOptions {
  std::int64_t depth = 2;
  std::int64_t width = 256;
  std::string initialisation = "xavier";
  bool greyscale = false;
  std::string normalisation = "none";
  std::string activation = "relu";
};

/// Multilayer perceptron. The default is the architecture of Arjovsky et al. 2019: two hidden
/// layers with ReLU, Xavier-uniform weights, zero biases.
///
/// With `normalisation` the units of each hidden layer are normalised before the activation
/// function: over the rows of a pass (batch), or over the units of a row (layer).
///
/// With `greyscale` the channels of an image [channels, height, width] are summed first, so that
/// the model cannot see colour: the oracle that is invariant by construction.
class Mlp final : public Model {
 public:
  using Options = MlpOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema = Schema<O>()
                                   .field("depth", &O::depth, "Number of hidden layers.",
                                          between(1, 64), uniform_integer(1, 4))
                                   .field("width", &O::width, "Units of each hidden layer.",
                                          between(1, 65536), log_uniform_integer(64, 512))
                                   .field("initialisation", &O::initialisation,
                                          "Initial weights: xavier or kaiming (uniform, zero "
                                          "biases), or torch (the LibTorch default).",
                                          one_of({"xavier", "kaiming", "torch"}))
                                   .field("greyscale", &O::greyscale,
                                          "Sum the channels of an image before the first layer.")
                                   .field("normalisation", &O::normalisation,
                                          "Normalisation of the hidden layers: none, batch (Ioffe "
                                          "& Szegedy 2015) or layer (Ba et al. 2016).",
                                          one_of({"none", "batch", "layer"}))
                                   .field("activation", &O::activation,
                                          "Activation function of the hidden units: relu, tanh or "
                                          "gelu (tanh form, Hendrycks & Gimpel 2016). relu is "
                                          "faster than the others.",
                                          one_of({"relu", "tanh", "gelu"}))
                                   .include(WidthOptions::schema());
    return schema;
  }

  Mlp(Options options, const ModelContext& context) : options_(std::move(options)) {
    if (options_.greyscale) require_images("'greyscale' of mlp", context.input_shape);
    channels_ = options_.greyscale ? context.input_shape[0] : 1;
    inputs_ = element_count(context.input_shape) / channels_;
    const WidthRule rule(options_, options_.width);
    LayoutBuilder builder;
    std::int64_t in = inputs_;
    shape_.widths.push_back(inputs_);
    for (std::int64_t layer = 0; layer <= options_.depth; ++layer) {
      const std::int64_t out = layer == options_.depth ? context.outputs : options_.width;
      const bool last = layer == options_.depth;
      builder.add(fmt::format("layer{}.weight", layer), {in, out},
                  rule.of(layer == 0 ? WidthRole::input
                          : last     ? WidthRole::output
                                     : WidthRole::hidden));
      builder.add(fmt::format("layer{}.bias", layer), {out},
                  rule.of(last ? WidthRole::fixed : WidthRole::input));
      weight_flops_ += 2.0 * static_cast<double>(in * out);
      activation_bytes_ += 8.0 * static_cast<double>(out);
      if (!last && normalises()) {
        add_normalisation(builder, fmt::format("norm{}", layer), out,
                          options_.normalisation == "batch", rule.of(WidthRole::input));
        activation_bytes_ += 24.0 * static_cast<double>(out);
      }
      if (!last && options_.activation != "relu") {
        activation_bytes_ += 32.0 * static_cast<double>(out);
      }
      if (layer == 0) first_flops_ = 2.0 * static_cast<double>(in * out);
      shape_.widths.push_back(out);
      in = out;
    }
    layout_ = builder.take();
  }

  [[nodiscard]] const std::vector<ParameterBlock>& layout() const override { return layout_; }

  [[nodiscard]] Tensor initialise(const std::vector<RandomKey>& keys) const override {
    Tensor parameters = at::zeros({static_cast<std::int64_t>(keys.size()), parameter_count()});
    const Initialisation how =
        options_.initialisation == "xavier"
            ? Initialisation::xavier_uniform
            : (options_.initialisation == "kaiming" ? Initialisation::kaiming_uniform
                                                    : Initialisation::torch_linear);
    for (std::size_t i = 0; i + 1 < layout_.size(); i += i + 2 < layout_.size() ? blocks() : 2) {
      initialise_linear(parameters, layout_[i], layout_[i + 1], how, keys);
    }
    initialise_normalisation(parameters, layout_);
    return parameters;
  }

  [[nodiscard]] Output forward(const Tensor& parameters, const Tensor& x) const override {
    return plain() ? engine::mlp_forward(shape_, parameters, rows_of(x))
                   : layer_by_layer(parameters, x);
  }

  [[nodiscard]] Output forward_with_statistics(const Tensor& parameters, const Tensor& x,
                                               double share) const override {
    return layer_by_layer(parameters, x, share);
  }

  [[nodiscard]] Output forward_differentiable(const Tensor& parameters,
                                              const Tensor& x) const override {
    if (!plain()) return layer_by_layer(parameters, x);
    Tensor hidden = rows_of(x);
    const auto parts = split_parameters(parameters, layout_);
    std::size_t i = 0;
    for (; i + 2 < parts.size(); i += 2) {
      hidden = linear_layer(parts[i], parts[i + 1], hidden).relu();
    }
    return {hidden, linear_layer(parts[i], parts[i + 1], hidden)};
  }

  [[nodiscard]] std::vector<LayerActivation> layer_activations(const Tensor& parameters,
                                                               const Tensor& x) const override {
    const at::NoGradGuard no_grad;
    std::vector<LayerActivation> trace;
    (void)layer_by_layer(parameters, x, 0.0, &trace);
    return trace;
  }

  [[nodiscard]] std::vector<std::string> hidden_layers() const override {
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < options_.depth; ++i) names.push_back(fmt::format("layer{}", i));
    return names;
  }
  [[nodiscard]] Output forward_visited(const Tensor& parameters, const Tensor& x,
                                       const LayerVisit& visit) const override {
    return layer_by_layer(parameters, x, 0.0, nullptr, &visit);
  }

  [[nodiscard]] bool knows_risks(Task task, std::int64_t domains) const override {
    return plain() && engine::mlp_risks_apply(shape_, task, domains);
  }
  [[nodiscard]] DomainRisks risks(const Tensor& parameters, const Tensor& x, const Tensor& y,
                                  Task task) const override {
    return engine::mlp_risks(shape_, parameters, rows_of(x), y, task);
  }

  [[nodiscard]] double forward_flops() const override { return weight_flops_; }
  // Forward, and both products of the backward pass in every layer but the first, which has one.
  [[nodiscard]] double step_flops() const override { return 3.0 * weight_flops_ - first_flops_; }
  [[nodiscard]] double activation_bytes() const override {
    return activation_bytes_ + 4.0 * static_cast<double>(inputs_ * channels_);
  }

 private:
  [[nodiscard]] bool normalises() const { return options_.normalisation != "none"; }
  /// Whether the fast path, which knows nothing but ReLU, is this model's.
  [[nodiscard]] bool plain() const { return !normalises() && options_.activation == "relu"; }
  /// Parameter blocks of a hidden layer.
  [[nodiscard]] std::size_t blocks() const {
    return options_.normalisation == "batch" ? 6 : normalises() ? 4 : 2;
  }
  [[nodiscard]] Tensor activated(const Tensor& values) const {
    if (options_.activation == "tanh") return hyperbolic_tangent(values);
    return options_.activation == "gelu" ? models::gelu(values) : values.relu();
  }
  /// A pass of any of these models. `share`: see `forward_with_statistics`.
  [[nodiscard]] Output layer_by_layer(const Tensor& parameters, const Tensor& x, double share = 0.0,
                                      std::vector<LayerActivation>* trace = nullptr,
                                      const LayerVisit* visit = nullptr) const {
    const auto parts = split_parameters(parameters, layout_);
    BatchNormPass norm(share);
    Tensor hidden = rows_of(x);
    std::size_t i = 0;
    for (; i + 2 < parts.size(); i += blocks()) {
      hidden = affine(parts[i], parts[i + 1], hidden);
      record(trace, fmt::format("layer{}", i / blocks()), hidden);
      if (options_.normalisation == "batch") {
        hidden = norm({parts[i + 2], parts[i + 3], parts[i + 4], parts[i + 5]}, hidden);
      } else if (normalises()) {
        hidden = layer_norm(parts[i + 2], parts[i + 3], hidden);
      }
      hidden = visited(visit, fmt::format("layer{}", i / blocks()), activated(hidden));
    }
    Output output{hidden, affine(parts[i], parts[i + 1], hidden)};
    record(trace, "logits", output.logits);
    output.statistics = norm.statistics();
    return output;
  }
  /// [K or 1, B, inputs]
  [[nodiscard]] Tensor rows_of(const Tensor& x) const {
    return options_.greyscale ? sum_colours(x, channels_)
                              : x.reshape({x.size(0), x.size(1), inputs_});
  }

  Options options_;
  engine::MlpShape shape_;
  std::int64_t channels_ = 1;
  std::int64_t inputs_ = 0;
  double weight_flops_ = 0.0;
  double first_flops_ = 0.0;
  double activation_bytes_ = 0.0;
  std::vector<ParameterBlock> layout_;
};

}  // namespace

void register_mlp(Catalog& catalog);
void register_mlp(Catalog& catalog) {
  catalog.models.add<Mlp>(
      "mlp", "Multilayer perceptron: ReLU, tanh or GELU; optionally normalised, or greyscale.",
      "Arjovsky et al. 2019 (defaults)");
}

}  // namespace spurion::models
