#include "conformance/planted_model.hpp"

#include <ATen/ATen.h>

#include "spurion/random.hpp"

namespace spurion::conformance {

namespace {

constexpr std::int64_t kPlantedInputs = 4;
constexpr double kSize = 4.0;
constexpr double kNoise = 0.05;

/// [K, B, 2]: the mean of each pair of inputs. Every replica has the same, so that it is worked out
/// element by element.
Tensor planted_layer(const Tensor& parameters, const Tensor& x) {
  const Tensor rows = x.expand({parameters.size(0), x.size(1), kPlantedInputs});
  return at::stack({(rows.select(2, 0) + rows.select(2, 1)) * 0.5,
                    (rows.select(2, 2) + rows.select(2, 3)) * 0.5},
                   2);
}

}  // namespace

PlantedModel::PlantedModel(std::int64_t outputs) : outputs_(outputs) {
  layout_ = {{"head.weight", {2, outputs}, 0}, {"head.bias", {outputs}, 2 * outputs}};
}

Tensor PlantedModel::initialise(const std::vector<RandomKey>& keys) const {
  Tensor parameters = at::zeros({static_cast<std::int64_t>(keys.size()), parameter_count()});
  for (std::size_t k = 0; k < keys.size(); ++k) {
    const RandomStream stream(keys[k].child("planted"));
    for (std::int64_t i = 0; i < parameter_count(); ++i) {
      parameters[static_cast<std::int64_t>(k)][i] = stream.normal(0, i);
    }
  }
  return parameters;
}

Output PlantedModel::forward(const Tensor& parameters, const Tensor& x) const {
  return forward_visited(parameters, x,
                         [](const std::string& /*layer*/, const Tensor& values) { return values; });
}

Output PlantedModel::forward_visited(const Tensor& parameters, const Tensor& x,
                                     const LayerVisit& visit) const {
  const Tensor held = visit("planted", planted_layer(parameters, x));
  const std::int64_t replicas = parameters.size(0);
  const auto row = [&](std::int64_t i) {
    return parameters.narrow(1, i * outputs_, outputs_).reshape({replicas, 1, outputs_});
  };
  const Tensor logits =
      held.select(2, 0).unsqueeze(2) * row(0) + held.select(2, 1).unsqueeze(2) * row(1) + row(2);
  return {held, logits};
}

Tensor PlantedModel::stage_logits(const Tensor& parameters, const Tensor& x) const {
  return (forward(parameters, x).logits * 0.5).unsqueeze(1);
}

Tensor planted_parameters(const std::vector<double>& reliance, std::int64_t outputs) {
  const auto replicas = static_cast<std::int64_t>(reliance.size());
  Tensor parameters = at::zeros({replicas, 3 * outputs});
  for (std::int64_t k = 0; k < replicas; ++k) {
    const double r = reliance[static_cast<std::size_t>(k)];
    for (std::int64_t c = 0; c < outputs; ++c) {
      const double sign = outputs == 1 || c == 1 ? 1.0 : c == 0 ? -1.0 : 0.0;
      parameters[k][c] = sign * kSize * (1.0 - r);
      parameters[k][outputs + c] = sign * kSize * r;
      // A class that no row has is never likely.
      if (c > 1) parameters[k][2 * outputs + c] = -3.0 * kSize;
    }
  }
  return parameters;
}

ProbeRows planted_rows(std::int64_t rows, std::uint64_t seed) {
  const RandomStream stream(RandomKey(seed).child("planted rows"));
  ProbeRows made;
  made.x = at::empty({1, rows, kPlantedInputs});
  made.y = at::empty({1, rows}, at::kLong);
  made.cues = at::empty({1, rows, 1}, at::kLong);
  constexpr std::int64_t kOneIn = 5;
  for (std::int64_t i = 0; i < rows; ++i) {
    // Pairs of rows, so that every second row has rows of each kind.
    const std::int64_t label = (i / 2) % 2;
    const bool agrees = (i / 4) % kOneIn != kOneIn - 1;
    const std::int64_t cue = agrees ? label : 1 - label;
    made.y[0][i] = label;
    made.cues[0][i][0] = cue;
    for (std::int64_t d = 0; d < kPlantedInputs; ++d) {
      const double sign = (d < 2 ? label : cue) == 1 ? 1.0 : -1.0;
      made.x[0][i][d] = sign + kNoise * stream.normal(i, d);
    }
  }
  return made;
}

CueInputs planted_carrier() {
  return {"cue", at::tensor({0, 0, 1, 1}, at::kLong).to(at::kBool).unsqueeze(0), false};
}

ProbeMaterial planted_material(const Model& model, const Tensor& parameters, std::int64_t rows) {
  ProbeMaterial material;
  material.model = &model;
  material.parameters = parameters;
  material.outputs = parameters.size(1) / 3;
  material.task = material.outputs == 1 ? Task::binary : Task::multiclass;
  material.proxy = planted_rows(rows, 1);
  material.training = planted_rows(rows, 2);
  material.carriers = {planted_carrier()};
  material.cue_values = {2};
  return material;
}

}  // namespace spurion::conformance
