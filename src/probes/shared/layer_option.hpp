#pragma once

#include <string>
#include <vector>

#include "spurion/model.hpp"
#include "spurion/schema.hpp"

namespace spurion::probes {

/// At which hidden layer a probe looks.
struct LayerOption {
  std::string layer = "last";
  static const Schema<LayerOption>& schema();
  /// The name of the layer. Throws `UsageError` where there is no such layer.
  [[nodiscard]] std::string of(const std::vector<std::string>& layers) const;
  /// Throws `UsageError` where the model has no such layer.
  void check(const Model& model) const { (void)of(model.hidden_layers()); }
};

}  // namespace spurion::probes
