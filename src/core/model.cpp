#include "spurion/model.hpp"

namespace spurion {

std::int64_t Model::parameter_count() const {
  const auto& blocks = layout();
  if (blocks.empty()) return 0;
  return blocks.back().offset + element_count(blocks.back().shape);
}

}  // namespace spurion
