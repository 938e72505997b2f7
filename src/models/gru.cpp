#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "engine/matrix/matmul.hpp"
#include "models/shared/layers.hpp"
#include "models/shared/sequence_layers.hpp"
#include "models/shared/width_options.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/model.hpp"

namespace spurion::models {
namespace {

struct GruOptions : WidthOptions {
  std::int64_t width = 64;
  std::int64_t depth = 1;
};

/// Gated recurrent units (Cho et al. 2014) in the form of torch::nn::GRU: with reset r, update z,
///
///     r = s(x W_r + b_r + h U_r + c_r),  z = s(x W_z + b_z + h U_z + c_z)
///     n = tanh(x W_n + b_n + r (h U_n + c_n)),  h' = (1 - z) n + z h
///
/// from h = 0, then a linear head on the last state. Parameters start as torch's do.
class Gru final : public Model {
 public:
  using Options = GruOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("width", &Options::width, "Units of the hidden state.", between(1, 4096),
                   log_uniform_integer(16, 128))
            .field("depth", &Options::depth, "Number of stacked layers.", between(1, 16))
            .include(WidthOptions::schema());
    return schema;
  }

  Gru(Options options, const ModelContext& context) : options_(std::move(options)) {
    require_sequences("gru", context.input_shape);
    length_ = context.input_shape[0];
    vocabulary_ = context.input_shape[1];
    const std::int64_t width = options_.width;
    const std::int64_t gates = 3 * width;
    const auto steps = static_cast<double>(length_);
    const WidthRule rule(options_, width);
    const WidthScale bias = rule.of(WidthRole::input);
    LayoutBuilder builder;
    std::int64_t in = vocabulary_;
    activation_bytes_ = 4.0 * steps * static_cast<double>(vocabulary_);
    for (std::int64_t layer = 0; layer < options_.depth; ++layer) {
      builder.add(fmt::format("layer{}.input_weight", layer), {in, gates},
                  rule.of(layer == 0 ? WidthRole::input : WidthRole::hidden));
      builder.add(fmt::format("layer{}.input_bias", layer), {gates}, bias);
      builder.add(fmt::format("layer{}.hidden_weight", layer), {width, gates},
                  rule.of(WidthRole::hidden));
      builder.add(fmt::format("layer{}.hidden_bias", layer), {gates}, bias);
      // The first step has no state to multiply.
      forward_flops_ += 2.0 * steps * static_cast<double>(in * gates) +
                        2.0 * (steps - 1.0) * static_cast<double>(width * gates);
      activation_bytes_ += 4.0 * steps * static_cast<double>(kValuesPerUnit * width);
      in = width;
    }
    builder.add("head.weight", {width, context.outputs}, rule.of(WidthRole::output));
    builder.add("head.bias", {context.outputs});
    forward_flops_ += 2.0 * static_cast<double>(width * context.outputs);
    layout_ = builder.take();
  }

  [[nodiscard]] const std::vector<ParameterBlock>& layout() const override { return layout_; }

  [[nodiscard]] Tensor initialise(const std::vector<RandomKey>& keys) const override {
    Tensor parameters = at::zeros({static_cast<std::int64_t>(keys.size()), parameter_count()});
    const bool mup = options_.parametrisation == "mup";
    const double bound =
        1.0 / std::sqrt(static_cast<double>(mup ? options_.base_width : options_.width));
    for (const ParameterBlock& block : layout_) {
      initialise_uniform(parameters, block, bound * initial_factor(block.width), keys);
    }
    return parameters;
  }

  [[nodiscard]] Output forward(const Tensor& parameters, const Tensor& x) const override {
    return each_replica_when_unrecorded(
        parameters, x, [this](const Tensor& p, const Tensor& rows) { return run(p, rows); });
  }

  [[nodiscard]] std::vector<LayerActivation> layer_activations(const Tensor& parameters,
                                                               const Tensor& x) const override {
    const at::NoGradGuard no_grad;
    std::vector<LayerActivation> trace;
    (void)run(parameters, x, &trace);
    return trace;
  }

  /// "layer0" ...: the states of a layer after each token, [K, B, T, width].
  [[nodiscard]] std::vector<std::string> hidden_layers() const override {
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < options_.depth; ++i) names.push_back(fmt::format("layer{}", i));
    return names;
  }
  [[nodiscard]] Output forward_visited(const Tensor& parameters, const Tensor& x,
                                       const LayerVisit& visit) const override {
    return run(parameters, x, nullptr, visit);
  }
  /// What the head reads out of the state of the last layer after each token but the last.
  [[nodiscard]] Tensor stage_logits(const Tensor& parameters, const Tensor& x) const override {
    const std::string last = hidden_layers().back();
    Tensor states;  // [K, B, T, width]
    (void)run(parameters, x, nullptr, [&](const std::string& layer, const Tensor& values) {
      if (layer == last) states = values;
      return values;
    });
    const auto parts = split_parameters(parameters, layout_);
    const std::size_t head = parts.size() - 2;
    std::vector<Tensor> stages;
    for (std::int64_t t = 0; t + 1 < length_; ++t) {
      stages.push_back(affine(parts[head], parts[head + 1], states.select(2, t)));
    }
    return at::stack(stages, 1);
  }
  [[nodiscard]] bool has_stages() const override { return length_ > 1; }

  [[nodiscard]] double forward_flops() const override { return forward_flops_; }
  [[nodiscard]] double activation_bytes() const override { return activation_bytes_; }

 private:
  /// What a step keeps for its backward pass, counted in its operations.
  static constexpr std::int64_t kValuesPerUnit = 28;

  [[nodiscard]] Output run(const Tensor& parameters, const Tensor& x,
                           std::vector<LayerActivation>* trace = nullptr,
                           const LayerVisit& visit = nullptr) const {
    const auto parts = split_parameters(parameters, layout_);
    const std::int64_t replicas = parameters.size(0);
    const std::int64_t rows = x.size(1);
    const std::int64_t width = options_.width;
    // Steps before rows, so that those of one step lie together.
    Tensor inputs = x.transpose(1, 2).reshape({x.size(0), length_ * rows, vocabulary_});
    Tensor state;
    for (std::int64_t layer = 0; layer < options_.depth; ++layer) {
      const Tensor* block = &parts[static_cast<std::size_t>(4 * layer)];
      const Tensor from_inputs = affine(block[0], block[1], inputs);
      record(trace, fmt::format("layer{}.input", layer), from_inputs);
      const auto given = from_inputs.reshape({replicas, length_, rows, 3 * width}).unbind(1);
      const Tensor bias = spread(block[3], rows);
      std::vector<Tensor> states;
      state = Tensor();
      for (const Tensor& from_input : given) {
        state = step(from_input, block[2], bias, state);
        states.push_back(state);
      }
      if (trace != nullptr) {
        record(trace, fmt::format("layer{}.hidden", layer), affine(block[2], block[3], state));
      }
      if (visit) {
        const Tensor seen = visited(&visit, fmt::format("layer{}", layer), at::stack(states, 2));
        states = seen.unbind(2);
        state = states.back();
      }
      if (layer + 1 < options_.depth) {
        inputs = at::stack(states, 1).reshape({replicas, length_ * rows, width});
      }
    }
    const std::size_t head = parts.size() - 2;
    const Output output{state, affine(parts[head], parts[head + 1], state)};
    record(trace, "logits", output.logits);
    return output;
  }

  /// The state after a step; `state` is undefined before the first, when it is 0.
  [[nodiscard]] Tensor step(const Tensor& from_input, const Tensor& weight, const Tensor& bias,
                            const Tensor& state) const {
    const std::int64_t width = options_.width;
    const Tensor from_state =
        state.defined()
            ? engine::batched_matmul(state, engine::Transpose::no, weight, engine::Transpose::no) +
                  bias
            : bias;
    const auto input_parts = from_input.split_with_sizes({2 * width, width}, 2);
    const auto state_parts = from_state.split_with_sizes({2 * width, width}, 2);
    const auto gates = losses::sigmoid(input_parts[0] + state_parts[0]).chunk(2, 2);
    const Tensor candidate = hyperbolic_tangent(input_parts[1] + gates[0] * state_parts[1]);
    return state.defined() ? candidate + gates[1] * (state - candidate)
                           : candidate - gates[1] * candidate;
  }

  Options options_;
  std::int64_t length_ = 0;
  std::int64_t vocabulary_ = 0;
  double forward_flops_ = 0.0;
  double activation_bytes_ = 0.0;
  std::vector<ParameterBlock> layout_;
};

}  // namespace

void register_gru(Catalog& catalog);
void register_gru(Catalog& catalog) {
  catalog.models.add<Gru>("gru", "Gated recurrent units over sequences of tokens.",
                          "Cho et al. 2014, arXiv:1406.1078");
}

}  // namespace spurion::models
