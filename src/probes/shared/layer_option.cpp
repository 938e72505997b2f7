#include "probes/shared/layer_option.hpp"

#include <algorithm>

#include "spurion/error.hpp"

namespace spurion::probes {

const Schema<LayerOption>& LayerOption::schema() {
  static const auto schema = Schema<LayerOption>().field(
      "layer", &LayerOption::layer, "The hidden layer: last, first, or a name such as layer0.");
  return schema;
}

std::string LayerOption::of(const std::vector<std::string>& layers) const {
  if (layers.empty()) throw UsageError("the model shows no hidden layers");
  if (layer == "last") return layers.back();
  if (layer == "first") return layers.front();
  if (std::find(layers.begin(), layers.end(), layer) != layers.end()) return layer;
  throw UsageError(unknown_name_message("hidden layer", layer, layers));
}

}  // namespace spurion::probes
