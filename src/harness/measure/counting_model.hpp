#pragma once

#include <functional>
#include <utility>

#include "core/failure.hpp"
#include "spurion/model.hpp"

namespace spurion::harness {

/// Wraps a model of a trial. It checks the outputs, attributes errors to the model, and counts
/// passes while `counting`, so the cost of a method is measured, not declared.
class CountingModel final : public Model {
 public:
  /// `outputs`: number of logits of a row.
  CountingModel(const Model& inner, core::Part part, std::int64_t outputs)
      : inner_(&inner), part_(std::move(part)), outputs_(outputs) {}

  [[nodiscard]] const std::vector<ParameterBlock>& layout() const override {
    return core::blamed(
        part_, [&]() -> const auto& { return inner_->layout(); });
  }
  [[nodiscard]] Tensor initialise(const std::vector<RandomKey>& keys) const override;
  [[nodiscard]] Output forward(const Tensor& parameters, const Tensor& x) const override;
  [[nodiscard]] Output forward_differentiable(const Tensor& parameters,
                                              const Tensor& x) const override;
  [[nodiscard]] Output forward_with_statistics(const Tensor& parameters, const Tensor& x,
                                               double share) const override;
  [[nodiscard]] std::vector<LayerActivation> layer_activations(const Tensor& parameters,
                                                               const Tensor& x) const override {
    return core::blamed(part_, [&] { return inner_->layer_activations(parameters, x); });
  }
  [[nodiscard]] std::vector<std::string> hidden_layers() const override {
    return inner_->hidden_layers();
  }
  [[nodiscard]] Output forward_visited(const Tensor& parameters, const Tensor& x,
                                       const LayerVisit& visit) const override;
  [[nodiscard]] Tensor stage_logits(const Tensor& parameters, const Tensor& x) const override;
  [[nodiscard]] bool has_stages() const override { return inner_->has_stages(); }
  [[nodiscard]] bool twice_differentiable() const override {
    return inner_->twice_differentiable();
  }
  [[nodiscard]] double forward_flops() const override { return inner_->forward_flops(); }
  [[nodiscard]] double step_flops() const override { return inner_->step_flops(); }
  void count_flops(double flops) const override {
    if (counting_) counted_.flops += flops;
  }
  [[nodiscard]] double activation_bytes() const override { return inner_->activation_bytes(); }
  [[nodiscard]] double fixed_bytes() const override { return inner_->fixed_bytes(); }
  [[nodiscard]] std::int64_t max_replicas() const override { return inner_->max_replicas(); }
  [[nodiscard]] std::int64_t last_layer_offset() const override {
    return inner_->last_layer_offset();
  }
  [[nodiscard]] const ParameterBlock* linear_weights() const override {
    return inner_->linear_weights();
  }
  [[nodiscard]] Tensor linear_coefficients(const Tensor& parameters) const override {
    return core::blamed(part_, [&] {
      const Tensor slopes = inner_->linear_coefficients(parameters);
      if (slopes.defined() && (slopes.dim() != 2 || slopes.size(0) != parameters.size(0))) {
        throw PluginError("its linear coefficients are no [K, D]");
      }
      return slopes;
    });
  }
  [[nodiscard]] Tensor fixed_directions() const override {
    return core::blamed(part_, [&] { return inner_->fixed_directions(); });
  }

  [[nodiscard]] bool knows_risks(Task task, std::int64_t domains) const override {
    return inner_->knows_risks(task, domains);
  }
  [[nodiscard]] bool is_affine() const override { return inner_->is_affine(); }
  [[nodiscard]] DomainRisks risks(const Tensor& parameters, const Tensor& x, const Tensor& y,
                                  Task task) const override;

  /// Starts or stops counting.
  void set_counting(bool counting) const { counting_ = counting; }
  /// The counts of all replicas together: operations, and rows that entered a gradient. A pass that
  /// records a graph counts as forward and backward.
  struct Counted {
    double flops = 0.0;
    double rows = 0.0;
  };
  /// Since the last call.
  [[nodiscard]] Counted take() const { return std::exchange(counted_, Counted{}); }
  /// Puts back what was taken.
  void give(const Counted& counted) const { counted_ = counted; }

 private:
  /// Whether a pass is kept to be gone back through.
  static bool records(const Tensor& parameters);
  void count(const Tensor& parameters, const Tensor& x, bool backward) const;
  /// Gives the output of the model for these rows.
  using Pass = std::function<Output(const Tensor& rows)>;
  [[nodiscard]] Output passed(const Pass& pass, const Tensor& parameters, const Tensor& x) const;

  const Model* inner_;
  core::Part part_;
  std::int64_t outputs_;
  mutable bool counting_ = false;
  mutable Counted counted_;
};

}  // namespace spurion::harness
