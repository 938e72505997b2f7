#pragma once

#include "spurion/model.hpp"

namespace spurion {

/// Another model whose passes are counted while `counting`: what a method costs is what it did, not
/// what it declares.
class CountingModel final : public Model {
 public:
  explicit CountingModel(const Model& inner) : inner_(&inner) {}

  [[nodiscard]] const std::vector<ParameterBlock>& layout() const override {
    return inner_->layout();
  }
  [[nodiscard]] Tensor initialise(const std::vector<StreamKey>& keys) const override {
    return inner_->initialise(keys);
  }
  [[nodiscard]] Output forward(const Tensor& parameters, const Tensor& x) const override {
    count(parameters, x);
    return inner_->forward(parameters, x);
  }
  [[nodiscard]] Output forward_differentiable(const Tensor& parameters,
                                              const Tensor& x) const override {
    count(parameters, x);
    return inner_->forward_differentiable(parameters, x);
  }
  [[nodiscard]] double forward_flops() const override { return inner_->forward_flops(); }
  [[nodiscard]] double step_flops() const override { return inner_->step_flops(); }
  [[nodiscard]] double activation_bytes() const override { return inner_->activation_bytes(); }
  [[nodiscard]] std::int64_t max_replicas() const override { return inner_->max_replicas(); }
  [[nodiscard]] std::int64_t last_layer_offset() const override {
    return inner_->last_layer_offset();
  }
  [[nodiscard]] const ParameterBlock* linear_weights() const override {
    return inner_->linear_weights();
  }

  /// Counts from now on, or no more.
  void set_counting(bool counting) const { counting_ = counting; }
  /// Operations counted since the last call, of all replicas together. A pass that records a graph
  /// counts as forward and backward.
  [[nodiscard]] double take() const {
    const double flops = flops_;
    flops_ = 0.0;
    return flops;
  }

 private:
  void count(const Tensor& parameters, const Tensor& x) const;

  const Model* inner_;
  mutable bool counting_ = false;
  mutable double flops_ = 0.0;
};

}  // namespace spurion
