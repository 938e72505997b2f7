#pragma once

#include <string>
#include <utility>
#include <vector>

#include "spurion/model.hpp"

namespace spurion::models {

/// Lays parameter blocks out one after another in the flat vector.
class LayoutBuilder {
 public:
  /// Appends a block and returns its offset.
  std::int64_t add(std::string name, Shape shape, BlockRole role = BlockRole::weights,
                   const WidthScale& width = {});
  /// Appends weights or biases that grow with the width of the model.
  std::int64_t add(std::string name, Shape shape, const WidthScale& width) {
    return add(std::move(name), std::move(shape), BlockRole::weights, width);
  }
  [[nodiscard]] std::vector<ParameterBlock> take() { return std::move(blocks_); }

 private:
  std::vector<ParameterBlock> blocks_;
  std::int64_t next_ = 0;
};

/// How weights start; biases start at 0.
enum class Initialisation {
  xavier_uniform,   ///< U(-a, a), a = sqrt(6 / (fan_in + fan_out)) (Glorot & Bengio 2010)
  kaiming_uniform,  ///< U(-a, a), a = sqrt(6 / fan_in) (He et al. 2015, ReLU gain)
  torch_linear,     ///< U(-a, a), a = 1 / sqrt(fan_in), biases too: torch::nn::Linear's default
};

/// Fills weight [in, out] and bias [out] of replica k for each key; element i is lane i of the
/// block's own stream, so a layer's values do not depend on the other layers. Blocks that grow with
/// the width of the model begin as `WidthOptions` says.
void initialise_linear(Tensor& parameters, const ParameterBlock& weight, const ParameterBlock& bias,
                       Initialisation how, const std::vector<RandomKey>& keys);

/// Fills a block of replica k with U(-bound, bound) for each key, as above.
void initialise_uniform(Tensor& parameters, const ParameterBlock& block, double bound,
                        const std::vector<RandomKey>& keys);

/// Throws `UsageError` unless rows are images [channels, height, width]; `what` needs them.
void require_images(const std::string& what, const Shape& input_shape);

/// x [K or 1, B, colours, ...] summed over colours: [K or 1, B, pixels]. A model behind it is
/// invariant to colour by construction: the oracle.
Tensor sum_colours(const Tensor& x, std::int64_t colours);

/// The blocks of a layout as tensors [K, ...block shape]. Cut in one operation, so that the
/// backward pass joins their gradients in one too.
std::vector<Tensor> split_parameters(const Tensor& parameters,
                                     const std::vector<ParameterBlock>& layout);

/// Adds what a layer gives to `trace`; does nothing where that is null.
void record(std::vector<LayerActivation>* trace, std::string layer, const Tensor& values);

/// What the model goes on with after a hidden layer: `values`, or what `visit` makes of them.
/// Throws `PluginError` where that has another shape.
Tensor visited(const LayerVisit* visit, const std::string& layer, const Tensor& values);

/// x [K or 1, B, in] -> [K, B, out] with weight [K, in, out] and bias [K, out].
Tensor linear_layer(const Tensor& weight, const Tensor& bias, const Tensor& x);

}  // namespace spurion::models
