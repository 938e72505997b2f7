#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spurion/cue_inputs.hpp"
#include "spurion/export.hpp"
#include "spurion/model.hpp"
#include "spurion/probe.hpp"

/// \file
/// Models whose reliance on a cue is set by construction: what probes say of them can be held
/// against what is true.

namespace spurion::conformance {

/// A model of four inputs: two that carry the causal feature, and two that carry the cue. Its
/// hidden layer "planted" has the mean of each pair. Logits are linear in it: parameters are the
/// weight of the causal feature, that of the cue, and a bias, for each output. With two outputs and
/// more, class 0 has the negative of the sum of both. Stages: half of the logits.
class SPURION_API PlantedModel final : public Model {
 public:
  explicit PlantedModel(std::int64_t outputs = 1);

  [[nodiscard]] const std::vector<ParameterBlock>& layout() const override { return layout_; }
  [[nodiscard]] Tensor initialise(const std::vector<RandomKey>& keys) const override;
  [[nodiscard]] Output forward(const Tensor& parameters, const Tensor& x) const override;
  [[nodiscard]] std::vector<std::string> hidden_layers() const override { return {"planted"}; }
  [[nodiscard]] Output forward_visited(const Tensor& parameters, const Tensor& x,
                                       const LayerVisit& visit) const override;
  [[nodiscard]] Tensor stage_logits(const Tensor& parameters, const Tensor& x) const override;
  [[nodiscard]] bool has_stages() const override { return true; }
  [[nodiscard]] double forward_flops() const override { return 12.0; }
  [[nodiscard]] double activation_bytes() const override { return 64.0; }

 private:
  std::int64_t outputs_;
  std::vector<ParameterBlock> layout_;
};

/// Parameters [K, P] of models that rely on the cue by r_k in [0, 1]: logits 4 ((1 - r) causal + r
/// cue). 0: on the causal feature alone; 1: on the cue alone.
SPURION_API Tensor planted_parameters(const std::vector<double>& reliance,
                                      std::int64_t outputs = 1);

/// B rows of a world with two labels in which the cue agrees with the label in 4 of 5 rows of each:
/// inputs are +-1 with noise of standard deviation 0.05. Row i depends on `seed` and i alone.
SPURION_API ProbeRows planted_rows(std::int64_t rows, std::uint64_t seed);
/// The inputs of the cue in these rows.
SPURION_API CueInputs planted_carrier();
/// All that a probe may ask for, of such models.
SPURION_API ProbeMaterial planted_material(const Model& model, const Tensor& parameters,
                                           std::int64_t rows);

}  // namespace spurion::conformance
