#include "spurion/model.hpp"

namespace spurion {

std::int64_t Model::parameter_count() const {
  const auto& blocks = layout();
  if (blocks.empty()) return 0;
  return blocks.back().offset + element_count(blocks.back().shape);
}

std::int64_t Model::last_layer_offset() const {
  const auto& blocks = layout();
  if (blocks.empty()) return 0;
  // Blocks of one layer have a name in common, up to the last dot.
  const auto layer = [](const ParameterBlock& block) {
    return block.name.substr(0, block.name.rfind('.'));
  };
  std::size_t first = blocks.size() - 1;
  while (first > 0 && layer(blocks[first - 1]) == layer(blocks.back())) --first;
  return blocks[first].offset;
}

}  // namespace spurion
