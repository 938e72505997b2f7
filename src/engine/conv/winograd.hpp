#pragma once

#include <cstdint>

/// \file
/// The transforms of Winograd's minimal filtering F(2x2, 3x3) (Lavin & Gray 2016): a 3x3
/// convolution of stride 1 becomes sixteen matrix products over tiles of 2x2 outputs, with 2.25
/// times fewer multiplications than the sum over taps. Its rounding errors are those of the sum
/// over taps, give or take; the larger tiles that save more have worse ones.
///
/// Sixteen images lie side by side as in conv_taps.hpp. A transformed channel is [tile][16 images]
/// for each of 16 positions, which lie `position` floats apart.

namespace spurion::engine {

constexpr std::int64_t kPositions = 16;

/// Tiles of an image: those at the lower and right edges may reach past it.
struct TileGrid {
  std::int64_t rows;
  std::int64_t columns;

  [[nodiscard]] std::int64_t count() const { return rows * columns; }
};

/// transformed = B^T d B of each tile's 4x4 inputs; `plane` has a margin of one pixel:
/// [2 rows + 2][2 columns + 2][16].
struct WinogradInput {
  TileGrid grid;
  const float* plane;
  float* transformed;
  std::int64_t position;
};
void winograd_input(const WinogradInput& arguments);

/// plane (without margin, [height][width][16]) = max(0, A^T m A + bias).
struct WinogradOutput {
  TileGrid grid;
  const float* transformed;
  std::int64_t position;
  float bias;
  float* plane;
  std::int64_t height;
  std::int64_t width;
};
void winograd_output(const WinogradOutput& arguments);

/// The adjoint of `winograd_output`: transformed = A g A^T of each tile's 2x2 gradients; `plane` is
/// [2 rows][2 columns][16], 0 outside of the image.
struct WinogradOutputAdjoint {
  TileGrid grid;
  const float* plane;
  float* transformed;
  std::int64_t position;
};
void winograd_output_adjoint(const WinogradOutputAdjoint& arguments);

/// The adjoint of `winograd_input`: plane [2 rows + 2][2 columns + 2][16] = the sum over tiles of
/// B v B^T.
struct WinogradInputAdjoint {
  TileGrid grid;
  const float* transformed;
  std::int64_t position;
  float* plane;
};
void winograd_input_adjoint(const WinogradInputAdjoint& arguments);

/// transformed [16][count] = G w G^T of each of `count` filters [3][3].
void winograd_filters(const float* weights, std::int64_t count, float* transformed);
/// weights [count][3][3] = G^T t G.
void winograd_filters_adjoint(const float* transformed, std::int64_t count, float* weights);

}  // namespace spurion::engine
