#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "engine/matrix/matmul.hpp"
#include "models/shared/layers.hpp"
#include "models/shared/sequence_layers.hpp"
#include "models/shared/width_options.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/losses.hpp"
#include "spurion/model.hpp"

namespace spurion::models {
namespace {

using engine::batched_matmul;
using engine::Transpose;

struct CausalTransformerOptions : WidthOptions {
  std::int64_t width = 32;
  std::int64_t depth = 2;
  std::int64_t heads = 4;
  std::int64_t expansion = 4;
  std::string activation = "gelu";
};

/// Transformer with causal attention (Vaswani et al. 2017), normalised before each sublayer as in
/// GPT-2 (Radford et al. 2019): learned positions, blocks of attention and a two-layer perceptron,
/// a last normalisation and a linear head on the last position. Wider: the heads are wider, their
/// number stays.
class CausalTransformer final : public Model {
 public:
  using Options = CausalTransformerOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("width", &O::width, "Size of the embedding of a position.", between(1, 4096),
                   choice({16, 32, 64}))
            .field("depth", &O::depth, "Number of blocks.", between(1, 32), uniform_integer(1, 4))
            .field("heads", &O::heads, "Number of attention heads. It must divide 'width'.",
                   between(1, 64))
            .field("expansion", &O::expansion,
                   "Hidden units of the perceptron in a block, as a multiple of 'width'.",
                   between(1, 16))
            .field("activation", &O::activation,
                   "Activation of the hidden units: gelu (tanh form) or relu.",
                   one_of({"gelu", "relu"}))
            .include(WidthOptions::schema());
    return schema;
  }

  CausalTransformer(Options options, const ModelContext& context) : options_(std::move(options)) {
    require_sequences("causal_transformer", context.input_shape);
    if (options_.width % options_.heads != 0) {
      throw UsageError(
          fmt::format("'heads' of causal_transformer must divide 'width': {} does not divide {}",
                      options_.heads, options_.width));
    }
    length_ = context.input_shape[0];
    vocabulary_ = context.input_shape[1];
    const std::int64_t width = options_.width;
    const std::int64_t units = options_.expansion * width;
    const WidthRule rule(options_, width);
    const WidthScale vector = rule.of(WidthRole::input);
    const WidthScale hidden = rule.of(WidthRole::hidden);
    attention_scale_ = rule.attention_scale(width / options_.heads);
    LayoutBuilder builder;
    builder.add("embedding", {vocabulary_, width}, vector);
    builder.add("positions", {length_, width}, vector);
    for (std::int64_t block = 0; block < options_.depth; ++block) {
      const auto add = [&](const char* what, Shape shape, BlockRole role = BlockRole::weights) {
        const bool matrix = shape.size() == 2;
        builder.add(fmt::format("block{}.{}", block, what), std::move(shape), role,
                    matrix ? hidden : vector);
      };
      add("attention_norm.gain", {width}, BlockRole::normalisation);
      add("attention_norm.bias", {width}, BlockRole::normalisation);
      add("query.weight", {width, width});
      add("query.bias", {width});
      add("key_value.weight", {width, 2 * width});
      add("key_value.bias", {2 * width});
      add("attention_out.weight", {width, width});
      add("attention_out.bias", {width});
      add("mlp_norm.gain", {width}, BlockRole::normalisation);
      add("mlp_norm.bias", {width}, BlockRole::normalisation);
      add("mlp_in.weight", {width, units});
      add("mlp_in.bias", {units});
      add("mlp_out.weight", {units, width});
      add("mlp_out.bias", {width});
    }
    builder.add("norm.gain", {width}, BlockRole::normalisation, vector);
    builder.add("norm.bias", {width}, BlockRole::normalisation, vector);
    builder.add("head.weight", {width, context.outputs}, rule.of(WidthRole::output));
    builder.add("head.bias", {context.outputs});
    layout_ = builder.take();
    count_costs(context.outputs);
  }

  [[nodiscard]] const std::vector<ParameterBlock>& layout() const override { return layout_; }

  /// Weights Xavier-uniform (tokens and positions as maps of one-hot vectors), gains 1, biases 0.
  [[nodiscard]] Tensor initialise(const std::vector<RandomKey>& keys) const override {
    Tensor parameters = at::zeros({static_cast<std::int64_t>(keys.size()), parameter_count()});
    for (const ParameterBlock& block : layout_) {
      if (block.shape.size() == 2) {
        const BaseFans fans(block.shape[0], block.shape[1], block.width);
        const double bound = std::sqrt(6.0 / (fans.in + fans.out));
        initialise_uniform(parameters, block, bound * initial_factor(block.width), keys);
      } else if (block.name.find("gain") != std::string::npos) {
        parameters.narrow(1, block.offset, block.shape[0]).fill_(1.0);
      }
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
    Trace trace;
    (void)run(parameters, x, &trace);
    return trace;
  }

  /// What the embedding and each block leave in the residual stream: "embedding", "block0" ..., [K,
  /// B, T, width]; the last block at the last position alone, [K, B, width].
  [[nodiscard]] std::vector<std::string> hidden_layers() const override {
    std::vector<std::string> names = {kEmbedding};
    for (std::int64_t i = 0; i < options_.depth; ++i) names.push_back(block_name(i));
    return names;
  }
  [[nodiscard]] Output forward_visited(const Tensor& parameters, const Tensor& x,
                                       const LayerVisit& visit) const override {
    return run(parameters, x, nullptr, visit);
  }
  /// What the last normalisation and the head read out of the last position before each block.
  [[nodiscard]] Tensor stage_logits(const Tensor& parameters, const Tensor& x) const override {
    const auto parts = split_parameters(parameters, layout_);
    const std::size_t end = parts.size() - 4;
    std::vector<Tensor> stages;
    (void)run(parameters, x, nullptr, [&](const std::string& layer, const Tensor& values) {
      if (layer != block_name(options_.depth - 1)) {
        const Tensor read = layer_norm(parts[end], parts[end + 1], values.select(2, length_ - 1));
        stages.push_back(affine(parts[end + 2], parts[end + 3], read));
      }
      return values;
    });
    return at::stack(stages, 1);
  }
  [[nodiscard]] bool has_stages() const override { return true; }

  [[nodiscard]] double forward_flops() const override { return forward_flops_; }
  [[nodiscard]] double activation_bytes() const override { return activation_bytes_; }

 private:
  using Trace = std::vector<LayerActivation>;

  static constexpr const char* kEmbedding = "embedding";
  static std::string block_name(std::int64_t block) { return fmt::format("block{}", block); }

  /// Blocks of one layer in the layout.
  static constexpr std::int64_t kParts = 14;

  void count_costs(std::int64_t outputs) {
    const auto width = static_cast<double>(options_.width);
    const auto units = width * static_cast<double>(options_.expansion);
    const auto steps = static_cast<double>(length_);
    forward_flops_ = 2.0 * steps * static_cast<double>(vocabulary_) * width;
    activation_bytes_ = 4.0 * steps * (static_cast<double>(vocabulary_) + 2.0 * width);
    for (std::int64_t block = 0; block < options_.depth; ++block) {
      // Positions that answer: in the last block only the one that is read.
      const double asking = block + 1 == options_.depth ? 1.0 : steps;
      forward_flops_ += 2.0 * steps * 2.0 * width * width      // keys, values
                        + 2.0 * asking * 2.0 * width * width   // queries, attention out
                        + 2.0 * asking * steps * 2.0 * width   // scores, mixing
                        + 2.0 * asking * 2.0 * width * units;  // perceptron
      activation_bytes_ += 4.0 * (steps * 16.0 * width + asking * (24.0 * width + 7.0 * units) +
                                  6.0 * asking * steps * static_cast<double>(options_.heads));
    }
    forward_flops_ += 2.0 * width * static_cast<double>(outputs);
  }

  [[nodiscard]] Output run(const Tensor& parameters, const Tensor& x, Trace* trace = nullptr,
                           const LayerVisit& visit = nullptr) const {
    const auto parts = split_parameters(parameters, layout_);
    const std::int64_t replicas = parameters.size(0);
    const std::int64_t rows = x.size(1);
    const std::int64_t width = options_.width;
    const Tensor tokens = x.reshape({x.size(0), rows * length_, vocabulary_});
    Tensor stream = batched_matmul(tokens, Transpose::no, parts[0], Transpose::no) +
                    spread(parts[1].reshape({replicas, length_ * width}), rows)
                        .reshape({replicas, rows * length_, width});
    record(trace, kEmbedding, stream);
    // The residual stream by position, [K, B, positions, width], and back.
    const auto seen = [&](const std::string& layer, const Tensor& values) {
      if (!visit) return values;
      const std::int64_t positions = values.size(1) / rows;
      return visited(&visit, layer,
                     positions > 1 ? values.reshape({replicas, rows, positions, width}) : values)
          .reshape(values.sizes());
    };
    stream = seen(kEmbedding, stream);
    for (std::int64_t i = 0; i < options_.depth; ++i) {
      const auto traced = [&](const char* what, const Tensor& values) {
        if (trace != nullptr) record(trace, fmt::format("block{}.{}", i, what), values);
        return values;
      };
      const Tensor* part = &parts[static_cast<std::size_t>(2 + kParts * i)];
      const bool last = i + 1 == options_.depth;
      const Tensor read = layer_norm(part[0], part[1], stream);
      const Tensor asking = last ? last_positions(read, rows) : read;
      const Tensor queries = traced("query", affine(part[2], part[3], asking));
      const Tensor keys_values = traced("key_value", affine(part[4], part[5], read));
      const auto halves = keys_values.chunk(2, 2);
      const Tensor scores = attention_scores(queries, halves[0], rows);
      if (trace != nullptr) (void)traced("scores", scores.reshape({replicas, -1}));
      const Tensor mixed = attention(scores, halves[1], rows);
      stream = (last ? last_positions(stream, rows) : stream) +
               traced("attention_out", affine(part[6], part[7], mixed));
      const Tensor hidden =
          traced("mlp_in", affine(part[10], part[11], layer_norm(part[8], part[9], stream)));
      const Tensor active = options_.activation == "gelu" ? models::gelu(hidden) : hidden.relu();
      stream = seen(block_name(i), stream + traced("mlp_out", affine(part[12], part[13], active)));
    }
    const std::size_t end = parts.size() - 4;
    const Tensor features = layer_norm(parts[end], parts[end + 1], stream);
    const Output output{features, affine(parts[end + 2], parts[end + 3], features)};
    record(trace, "logits", output.logits);
    return output;
  }

  /// The last position of each row: [K, B * T, width] -> [K, B, width].
  [[nodiscard]] Tensor last_positions(const Tensor& stream, std::int64_t rows) const {
    return stream.reshape({stream.size(0), rows, length_, stream.size(2)}).select(2, length_ - 1);
  }

  /// values [K, B * Q, width] by head: [K * B * heads, Q, width / heads].
  [[nodiscard]] Tensor by_head(const Tensor& values, std::int64_t rows) const {
    const std::int64_t heads = options_.heads;
    const std::int64_t depth = options_.width / heads;
    return values.reshape({values.size(0), rows, -1, heads, depth})
        .permute({0, 1, 3, 2, 4})
        .reshape({values.size(0) * rows * heads, -1, depth});
  }

  /// Queries [K, B * Q, width] of the last Q positions, keys [K, B * T, width]; gives
  /// [K * B * heads, Q, T].
  [[nodiscard]] Tensor attention_scores(const Tensor& queries, const Tensor& keys,
                                        std::int64_t rows) const {
    return batched_matmul(by_head(queries, rows), Transpose::no, by_head(keys, rows),
                          Transpose::yes) *
           attention_scale_;
  }

  /// Scores as above, values [K, B * T, width]; gives [K, B * Q, width].
  [[nodiscard]] Tensor attention(const Tensor& scores, const Tensor& values,
                                 std::int64_t rows) const {
    const std::int64_t replicas = values.size(0);
    const std::int64_t asking = scores.size(1);
    const std::int64_t heads = options_.heads;
    const std::int64_t depth = options_.width / heads;
    // The softmax over what is not in the future, the greatest score taken off first.
    constexpr double kNever = -std::numeric_limits<double>::infinity();
    const Tensor future =
        at::ones({asking, length_}, scores.options().dtype(at::kBool)).triu(length_ - asking + 1);
    const Tensor greatest = scores.detach().masked_fill(future, kNever).amax(-1, true);
    const Tensor weights = losses::exp((scores - greatest).masked_fill(future, kNever));
    const Tensor totals = row_sums(weights.reshape({replicas, rows * heads * asking, length_}));
    const Tensor mixed =
        batched_matmul(weights, Transpose::no, by_head(values, rows), Transpose::no)
            .reshape({replicas, rows * heads * asking, depth});
    return (mixed / widen(totals, depth))
        .reshape({replicas, rows, heads, asking, depth})
        .permute({0, 1, 3, 2, 4})
        .reshape({replicas, rows * asking, options_.width});
  }

  Options options_;
  std::int64_t length_ = 0;
  std::int64_t vocabulary_ = 0;
  double forward_flops_ = 0.0;
  double activation_bytes_ = 0.0;
  double attention_scale_ = 1.0;
  std::vector<ParameterBlock> layout_;
};

}  // namespace

void register_causal_transformer(Catalog& catalog);
void register_causal_transformer(Catalog& catalog) {
  catalog.models.add<CausalTransformer>(
      "causal_transformer", "Transformer with causal attention over sequences of tokens.",
      "Vaswani et al. 2017, arXiv:1706.03762; Radford et al. 2019");
}

}  // namespace spurion::models
