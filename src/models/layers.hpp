#pragma once

#include <string>
#include <vector>

#include "spurion/model.hpp"

namespace spurion {

/// Lays parameter blocks out one after another in the flat vector.
class LayoutBuilder {
 public:
  /// Appends a block and returns its offset.
  std::int64_t add(std::string name, Shape shape);
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

/// Fills weight [out, in] and bias [out] of replica k for each key; element i is lane i of the
/// block's own stream, so a layer's values do not depend on the other layers.
void initialise_linear(Tensor& parameters, const ParameterBlock& weight, const ParameterBlock& bias,
                       Initialisation how, const std::vector<StreamKey>& keys);

/// x [K or 1, B, in] -> [K, B, out] with the weight [out, in] and bias [out] inside `parameters`.
Tensor linear_layer(const Tensor& parameters, const ParameterBlock& weight,
                    const ParameterBlock& bias, const Tensor& x);

}  // namespace spurion
