#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "engine/conv/cnn_node.hpp"
#include "models/shared/layers.hpp"
#include "models/shared/normalisation.hpp"
#include "models/shared/sequence_layers.hpp"
#include "models/shared/width_options.hpp"
#include "spurion/catalog.hpp"
#include "spurion/model.hpp"

namespace spurion::models {
namespace {

struct CnnOptions : WidthOptions {
  std::int64_t channels = 64;
  std::int64_t groups = 8;
  bool greyscale = false;
  std::string normalisation = "group";
};

constexpr std::int64_t kStrides[] = {1, 2, 1, 1};

/// x [K, B, C, H, W] normalised over each group of channels and all pixels, then weight and bias
/// [K, C]: operations that can be differentiated any number of times.
Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight, const Tensor& bias) {
  const Tensor grouped = x.reshape({x.size(0), x.size(1), groups, -1});
  const Tensor centred = grouped - grouped.mean(-1, true);
  const Tensor scaled = centred * (centred.square().mean(-1, true) + 1e-5).rsqrt();
  const std::vector<std::int64_t> one_each = {x.size(0), 1, x.size(2), 1, 1};
  return scaled.reshape(x.sizes()) * weight.reshape(one_each) + bias.reshape(one_each);
}

/// Convolutional network of DomainBed for small images (Gulrajani & Lopez-Paz 2021, MNIST_CNN):
/// four layers of convolution 3x3, ReLU and group normalisation, of c, 2c, 2c and 2c channels, the
/// second with stride 2; the mean over pixels; a linear head. Parameters start as torch's do.
///
/// `normalisation` = batch has batch normalisation in place of group normalisation, which is layer
/// normalisation where `groups` is 1. Its width is the number of channels.
class Cnn final : public Model {
 public:
  using Options = CnnOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("channels", &O::channels,
                   "Channels of the first layer. The other three layers have twice as many.",
                   between(1, 4096), choice({8, 16, 32, 64}))
            .field("groups", &O::groups,
                   "Groups of the group normalisation. The number must divide 'channels'.",
                   between(1, 4096))
            .field("greyscale", &O::greyscale,
                   "Sum the channels of an image before the first layer.")
            .field("normalisation", &O::normalisation,
                   "Normalisation of each layer: group (Wu & He 2018; layer normalisation if "
                   "'groups' is 1) or batch (Ioffe & Szegedy 2015).",
                   one_of({"group", "batch"}))
            .include(WidthOptions::schema());
    return schema;
  }

  Cnn(Options options, const ModelContext& context) : options_(std::move(options)) {
    require_images("cnn", context.input_shape);
    if (options_.channels % options_.groups != 0) {
      throw UsageError(fmt::format("'groups' of cnn must divide 'channels': {} does not divide {}",
                                   options_.groups, options_.channels));
    }
    colours_ = context.input_shape[0];
    const std::int64_t c = options_.channels;
    shape_ = {options_.greyscale ? 1 : colours_,
              context.input_shape[1],
              context.input_shape[2],
              {c, 2 * c, 2 * c, 2 * c},
              {std::begin(kStrides), std::end(kStrides)},
              options_.groups,
              context.outputs};
    const WidthRule rule(options_, options_.channels);
    LayoutBuilder builder;
    std::int64_t in = shape_.channels;
    std::int64_t height = shape_.height;
    std::int64_t width = shape_.width;
    activation_bytes_ = 4.0 * static_cast<double>(element_count(context.input_shape));
    for (std::size_t layer = 0; layer < shape_.widths.size(); ++layer) {
      const std::int64_t out = shape_.widths[layer];
      builder.add(fmt::format("convolution{}.weight", layer), {out, in, 3, 3},
                  rule.of(layer == 0 ? WidthRole::input : WidthRole::hidden));
      builder.add(fmt::format("convolution{}.bias", layer), {out}, rule.of(WidthRole::input));
      add_normalisation(builder, fmt::format("norm{}", layer), out, batch(),
                        rule.of(WidthRole::input));
      height = (height - 1) / shape_.strides[layer] + 1;
      width = (width - 1) / shape_.strides[layer] + 1;
      const auto pixels = static_cast<double>(height * width);
      const double flops = 18.0 * static_cast<double>(in * out) * pixels;
      if (layer == 0) first_flops_ = flops;
      forward_flops_ += flops;
      activation_bytes_ += (batch() ? 32.0 : 4.0) * static_cast<double>(out) * pixels;
      in = out;
    }
    builder.add("head.weight", {in, shape_.outputs}, rule.of(WidthRole::output));
    builder.add("head.bias", {shape_.outputs});
    forward_flops_ += 2.0 * static_cast<double>(in * shape_.outputs);
    layout_ = builder.take();
  }

  [[nodiscard]] const std::vector<ParameterBlock>& layout() const override { return layout_; }

  [[nodiscard]] Tensor initialise(const std::vector<RandomKey>& keys) const override {
    Tensor parameters = at::zeros({static_cast<std::int64_t>(keys.size()), parameter_count()});
    std::size_t i = 0;
    for (; i + 2 < layout_.size(); i += blocks()) {
      const ParameterBlock& weight = layout_[i];
      const BaseFans fans(weight.shape[1], weight.shape[0], weight.width);
      const double bound = 1.0 / std::sqrt(9.0 * fans.in);
      initialise_uniform(parameters, weight, bound * initial_factor(weight.width), keys);
      initialise_uniform(parameters, layout_[i + 1], bound, keys);
    }
    initialise_normalisation(parameters, layout_);
    initialise_linear(parameters, layout_[i], layout_[i + 1], Initialisation::torch_linear, keys);
    return parameters;
  }

  [[nodiscard]] Output forward(const Tensor& parameters, const Tensor& x) const override {
    if (batch()) return forward_with_statistics(parameters, x, 0.0);
    return engine::cnn_forward(shape_, parameters,
                               options_.greyscale ? sum_colours(x, colours_) : x);
  }

  [[nodiscard]] Output forward_differentiable(const Tensor& parameters,
                                              const Tensor& x) const override {
    if (batch()) return forward_with_statistics(parameters, x, 0.0);
    return normalised_by_groups(parameters, x);
  }

  [[nodiscard]] Output forward_with_statistics(const Tensor& parameters, const Tensor& x,
                                               double share) const override {
    if (!batch()) return forward_anywhere(parameters, x);
    const auto run = [&](const Tensor& own, const Tensor& rows) {
      return normalised_by_batch(own, rows, share);
    };
    return share > 0.0 ? run(parameters, x) : each_replica_when_unrecorded(parameters, x, run);
  }

  [[nodiscard]] std::vector<LayerActivation> layer_activations(const Tensor& parameters,
                                                               const Tensor& x) const override {
    const at::NoGradGuard no_grad;
    std::vector<LayerActivation> trace;
    if (batch()) {
      (void)normalised_by_batch(parameters, x, 0.0, &trace);
    } else {
      (void)normalised_by_groups(parameters, x, &trace);
    }
    return trace;
  }

  [[nodiscard]] std::vector<std::string> hidden_layers() const override {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < shape_.widths.size(); ++i) names.push_back(layer_name(i));
    names.emplace_back(kFeatures);
    return names;
  }
  [[nodiscard]] Output forward_visited(const Tensor& parameters, const Tensor& x,
                                       const LayerVisit& visit) const override {
    return batch() ? normalised_by_batch(parameters, x, 0.0, nullptr, &visit)
                   : normalised_by_groups(parameters, x, nullptr, &visit);
  }

  // Of the sums over taps: the fast path needs fewer, where it convolves by Winograd's method.
  [[nodiscard]] double forward_flops() const override { return forward_flops_; }
  // Forward, and both convolutions of the backward pass in every layer but the first, which has
  // one.
  [[nodiscard]] double step_flops() const override { return 3.0 * forward_flops_ - first_flops_; }
  [[nodiscard]] double activation_bytes() const override { return activation_bytes_; }

 private:
  static constexpr const char* kFeatures = "features";  ///< the means over pixels

  static std::string layer_name(std::size_t layer) { return fmt::format("convolution{}", layer); }
  [[nodiscard]] bool batch() const { return options_.normalisation == "batch"; }
  /// Parameter blocks of a layer of convolution.
  [[nodiscard]] std::size_t blocks() const { return batch() ? 6 : 4; }
  /// A pass with group normalisation.
  [[nodiscard]] Output normalised_by_groups(const Tensor& parameters, const Tensor& x,
                                            std::vector<LayerActivation>* trace = nullptr,
                                            const LayerVisit* visit = nullptr) const {
    const auto parts = split_parameters(parameters, layout_);
    const Tensor images = options_.greyscale ? sum_colours(x, colours_) : x;
    Tensor hidden =
        images.reshape({x.size(0), x.size(1), shape_.channels, shape_.height, shape_.width})
            .expand({parameters.size(0), -1, -1, -1, -1});
    std::size_t i = 0;
    for (; i + 2 < parts.size(); i += 4) {
      std::vector<Tensor> each;
      for (std::int64_t k = 0; k < parameters.size(0); ++k) {
        each.push_back(at::conv2d(hidden[k], parts[i][k], parts[i + 1][k], kStrides[i / 4], 1));
      }
      const Tensor maps = at::stack(each);
      record(trace, layer_name(i / 4), maps);
      hidden = visited(visit, layer_name(i / 4),
                       group_norm(maps.relu(), options_.groups, parts[i + 2], parts[i + 3]));
    }
    const Tensor features = visited(visit, kFeatures, hidden.mean(at::IntArrayRef({3, 4})));
    const Output output{features, linear_layer(parts[i], parts[i + 1], features)};
    record(trace, "logits", output.logits);
    return output;
  }
  /// A pass with batch normalisation.
  [[nodiscard]] Output normalised_by_batch(const Tensor& parameters, const Tensor& x, double share,
                                           std::vector<LayerActivation>* trace = nullptr,
                                           const LayerVisit* visit = nullptr) const {
    const auto parts = split_parameters(parameters, layout_);
    const std::int64_t replicas = parameters.size(0);
    const Tensor images = options_.greyscale ? sum_colours(x, colours_) : x;
    Tensor hidden =
        images.reshape({x.size(0), x.size(1), shape_.channels, shape_.height, shape_.width})
            .expand({replicas, -1, -1, -1, -1});
    BatchNormPass norm(share);
    std::size_t i = 0;
    for (; i + 2 < parts.size(); i += 6) {
      std::vector<Tensor> each;
      for (std::int64_t k = 0; k < replicas; ++k) {
        each.push_back(at::conv2d(hidden[k], parts[i][k], parts[i + 1][k], kStrides[i / 6], 1));
      }
      const Tensor maps = at::stack(each);
      record(trace, layer_name(i / 6), maps);
      hidden = visited(visit, layer_name(i / 6),
                       norm({parts[i + 2], parts[i + 3], parts[i + 4], parts[i + 5]}, maps.relu()));
    }
    const std::int64_t rows = hidden.size(1);
    const std::int64_t width = hidden.size(2);
    const auto pixels = static_cast<double>(hidden.size(3) * hidden.size(4));
    const Tensor features =
        visited(visit, kFeatures,
                (row_sums(hidden.reshape({replicas, rows * width, -1})) / pixels)
                    .reshape({replicas, rows, width}));
    Output output{features, affine(parts[i], parts[i + 1], features)};
    record(trace, "logits", output.logits);
    output.statistics = norm.statistics();
    return output;
  }

  Options options_;
  std::int64_t colours_ = 1;
  engine::CnnShape shape_;
  double forward_flops_ = 0.0;
  double first_flops_ = 0.0;
  double activation_bytes_ = 0.0;
  std::vector<ParameterBlock> layout_;
};

}  // namespace

void register_cnn(Catalog& catalog);
void register_cnn(Catalog& catalog) {
  catalog.models.add<Cnn>("cnn", "Small convolutional network, optionally greyscale.",
                          "Gulrajani & Lopez-Paz 2021 (defaults)");
}

}  // namespace spurion::models
