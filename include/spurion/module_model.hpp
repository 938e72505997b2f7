#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "spurion/model.hpp"

namespace spurion {

/// A `torch::nn::Module` as a model (the general path): several replicas pass through it one after
/// the other.
///
/// `make` builds a fresh module; `forward` maps it and rows [B, ...input_shape] to (features [B,
/// F], logits [B, C]); undefined features mean the logits serve as features. The module must have
/// parameters, no buffers that change in training, and no randomness of its own. Outputs are
/// differentiable once, in the parameters and in the rows: a method that differentiates gradients
/// (iga) is refused before anything runs. In float64 the module is converted with `to`.
///
///     class MyNet : public spurion::ModuleModel {
///      public:
///       using Options = MyOptions;
///       static const spurion::Schema<Options>& schema();
///       MyNet(Options o, const spurion::ModelContext& c)
///           : ModuleModel([=] { return std::make_shared<Net>(o, c); },
///                         [](torch::nn::Module& m, const torch::Tensor& x) {
///                           return std::make_pair(torch::Tensor(), m.as<Net>()->forward(x));
///                         }, flops_per_row) {}
///     };
class SPURION_API ModuleModel : public Model {
 public:
  /// Makes a module with new weights.
  using Make = std::function<std::shared_ptr<torch::nn::Module>()>;
  /// From a module and rows to logits and features.
  using Forward = std::function<std::pair<Tensor, Tensor>(torch::nn::Module&, const Tensor&)>;

  /// `forward_flops`: operations of one row's forward pass.
  ModuleModel(Make make, Forward forward, double forward_flops);
  ~ModuleModel() override;

  /// What the parameters are, block by block.
  [[nodiscard]] const std::vector<ParameterBlock>& layout() const override { return layout_; }
  /// Matrices and larger: U(+-1/sqrt(fan_in)); vectors: as the module was built, when that is
  /// constant (norms, zero biases), else U(+-1/sqrt(P of the block)).
  [[nodiscard]] Tensor initialise(const std::vector<RandomKey>& keys) const override;
  [[nodiscard]] Output forward(const Tensor& parameters, const Tensor& x) const override;
  [[nodiscard]] bool twice_differentiable() const override { return false; }
  [[nodiscard]] double forward_flops() const override { return forward_flops_; }
  [[nodiscard]] double activation_bytes() const override { return activation_bytes_; }
  [[nodiscard]] std::int64_t max_replicas() const override { return 1; }

 private:
  Make make_;
  Forward forward_;
  double forward_flops_;
  double activation_bytes_ = 0.0;
  std::shared_ptr<torch::nn::Module> module_;
  std::vector<ParameterBlock> layout_;
};

}  // namespace spurion
