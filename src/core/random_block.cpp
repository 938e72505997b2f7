#include "core/random_block.hpp"

#include "core/clones.hpp"
#include "core/normal.hpp"

namespace spurion::core {

SPURION_CLONES void normals(const RandomBlock& bits, std::int64_t count, float* __restrict out) {
  for (std::int64_t i = 0; i < count; ++i) {
    out[i] = static_cast<float>(
        box_muller(bits.words[0][i], bits.words[1][i], bits.words[2][i], bits.words[3][i]));
  }
}

SPURION_CLONES void normals(const RandomBlock& bits, std::int64_t count, double* __restrict out) {
  for (std::int64_t i = 0; i < count; ++i) {
    out[i] = box_muller(bits.words[0][i], bits.words[1][i], bits.words[2][i], bits.words[3][i]);
  }
}

}  // namespace spurion::core
