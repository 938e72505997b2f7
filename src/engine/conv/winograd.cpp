#include "engine/conv/winograd.hpp"

#include <cstring>

#include "engine/conv/conv_taps.hpp"
#include "engine/matrix/simd.hpp"

namespace spurion::engine {

namespace {

/// Calls `Body::run<Lanes>(arguments, row, column, part)` for each tile and each vector of images.
template <int Lanes, class Body, class Arguments>
SPURION_INLINE void each_tile(const Arguments& t) {
  for (std::int64_t row = 0; row < t.grid.rows; ++row) {
    for (std::int64_t column = 0; column < t.grid.columns; ++column) {
      for (int part = 0; part < static_cast<int>(kImages); part += Lanes) {
        Body::template run<Lanes>(t, row, column, part);
      }
    }
  }
}

/// Floats from a channel's first tile to this one.
SPURION_INLINE std::int64_t tile_offset(const TileGrid& grid, std::int64_t row, std::int64_t column,
                                        int part) {
  return (row * grid.columns + column) * kImages + part;
}

struct Input {
  template <int Lanes>
  static SPURION_INLINE void run(const WinogradInput& t, std::int64_t row, std::int64_t column,
                                 int part) {
    using V = typename Vector<Lanes>::Type;
    const std::int64_t stride = (2 * t.grid.columns + 2) * kImages;
    const float* plane = t.plane + 2 * row * stride + 2 * column * kImages + part;
    float* out = t.transformed + tile_offset(t.grid, row, column, part);
    V half[4][4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const V a = vector_at<Lanes>(plane + i * kImages);
      const V b = vector_at<Lanes>(plane + stride + i * kImages);
      const V c = vector_at<Lanes>(plane + 2 * stride + i * kImages);
      const V d = vector_at<Lanes>(plane + 3 * stride + i * kImages);
      half[0][i] = a - c;
      half[1][i] = b + c;
      half[2][i] = c - b;
      half[3][i] = b - d;
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      float* target = out + 4 * i * t.position;
      vector_at<Lanes>(target) = half[i][0] - half[i][2];
      vector_at<Lanes>(target + t.position) = half[i][1] + half[i][2];
      vector_at<Lanes>(target + 2 * t.position) = half[i][2] - half[i][1];
      vector_at<Lanes>(target + 3 * t.position) = half[i][1] - half[i][3];
    }
  }
};

struct Output {
  template <int Lanes>
  static SPURION_INLINE void run(const WinogradOutput& t, std::int64_t row, std::int64_t column,
                                 int part) {
    using V = typename Vector<Lanes>::Type;
    const float* in = t.transformed + tile_offset(t.grid, row, column, part);
    V half[4][2];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const float* source = in + 4 * i * t.position;
      const V a = vector_at<Lanes>(source);
      const V b = vector_at<Lanes>(source + t.position);
      const V c = vector_at<Lanes>(source + 2 * t.position);
      const V d = vector_at<Lanes>(source + 3 * t.position);
      half[i][0] = a + b + c;
      half[i][1] = b - c - d;
    }
    float* plane = t.plane + (2 * row * t.width + 2 * column) * kImages + part;
    const bool right = 2 * column + 1 < t.width;
    const bool below = 2 * row + 1 < t.height;
#pragma GCC unroll 2
    for (int j = 0; j < 2; ++j) {
      if (j == 1 && !right) continue;
      V upper = half[0][j] + half[1][j] + half[2][j] + t.bias;
      V lower = half[1][j] - half[2][j] - half[3][j] + t.bias;
      // Written so that NaN stays NaN: a diverged replica must be seen.
      upper = upper < 0.0F ? V{} : upper;
      lower = lower < 0.0F ? V{} : lower;
      vector_at<Lanes>(plane + j * kImages) = upper;
      if (below) vector_at<Lanes>(plane + (t.width + j) * kImages) = lower;
    }
  }
};

struct OutputAdjoint {
  template <int Lanes>
  static SPURION_INLINE void run(const WinogradOutputAdjoint& t, std::int64_t row,
                                 std::int64_t column, int part) {
    using V = typename Vector<Lanes>::Type;
    const std::int64_t stride = 2 * t.grid.columns * kImages;
    const float* plane = t.plane + 2 * row * stride + 2 * column * kImages + part;
    float* out = t.transformed + tile_offset(t.grid, row, column, part);
    V half[4][2];
#pragma GCC unroll 2
    for (int j = 0; j < 2; ++j) {
      const V a = vector_at<Lanes>(plane + j * kImages);
      const V b = vector_at<Lanes>(plane + stride + j * kImages);
      half[0][j] = a;
      half[1][j] = a + b;
      half[2][j] = a - b;
      half[3][j] = -b;
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      float* target = out + 4 * i * t.position;
      vector_at<Lanes>(target) = half[i][0];
      vector_at<Lanes>(target + t.position) = half[i][0] + half[i][1];
      vector_at<Lanes>(target + 2 * t.position) = half[i][0] - half[i][1];
      vector_at<Lanes>(target + 3 * t.position) = -half[i][1];
    }
  }
};

struct InputAdjoint {
  template <int Lanes>
  static SPURION_INLINE void run(const WinogradInputAdjoint& t, std::int64_t row,
                                 std::int64_t column, int part) {
    using V = typename Vector<Lanes>::Type;
    const std::int64_t stride = (2 * t.grid.columns + 2) * kImages;
    const float* in = t.transformed + tile_offset(t.grid, row, column, part);
    float* plane = t.plane + 2 * row * stride + 2 * column * kImages + part;
    V half[4][4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const float* source = in + 4 * i * t.position;
      const V a = vector_at<Lanes>(source);
      const V b = vector_at<Lanes>(source + t.position);
      const V c = vector_at<Lanes>(source + 2 * t.position);
      const V d = vector_at<Lanes>(source + 3 * t.position);
      half[i][0] = a;
      half[i][1] = b - c + d;
      half[i][2] = b + c - a;
      half[i][3] = -d;
    }
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      float* target = plane + j * kImages;
      vector_at<Lanes>(target) += half[0][j];
      vector_at<Lanes>(target + stride) += half[1][j] - half[2][j] + half[3][j];
      vector_at<Lanes>(target + 2 * stride) += half[1][j] + half[2][j] - half[0][j];
      vector_at<Lanes>(target + 3 * stride) -= half[3][j];
    }
  }
};

template <int Lanes>
SPURION_INLINE void winograd_input_lanes(const WinogradInput& t) {
  each_tile<Lanes, Input>(t);
}

template <int Lanes>
SPURION_INLINE void winograd_output_lanes(const WinogradOutput& t) {
  each_tile<Lanes, Output>(t);
}

template <int Lanes>
SPURION_INLINE void winograd_output_adjoint_lanes(const WinogradOutputAdjoint& t) {
  each_tile<Lanes, OutputAdjoint>(t);
}

template <int Lanes>
SPURION_INLINE void winograd_input_adjoint_lanes(const WinogradInputAdjoint& t) {
  const std::int64_t pixels = (2 * t.grid.rows + 2) * (2 * t.grid.columns + 2);
  std::memset(t.plane, 0, static_cast<std::size_t>(pixels * kImages) * sizeof(float));
  each_tile<Lanes, InputAdjoint>(t);
}

}  // namespace

SPURION_KERNEL(winograd_input, WinogradInput)
SPURION_KERNEL(winograd_output, WinogradOutput)
SPURION_KERNEL(winograd_output_adjoint, WinogradOutputAdjoint)
SPURION_KERNEL(winograd_input_adjoint, WinogradInputAdjoint)

void winograd_filters(const float* weights, std::int64_t count, float* transformed) {
  for (std::int64_t f = 0; f < count; ++f) {
    const float* w = weights + 9 * f;
    float half[4][3];
    for (int j = 0; j < 3; ++j) {
      const float sum = 0.5F * (w[j] + w[6 + j]);
      half[0][j] = w[j];
      half[1][j] = sum + 0.5F * w[3 + j];
      half[2][j] = sum - 0.5F * w[3 + j];
      half[3][j] = w[6 + j];
    }
    for (int i = 0; i < 4; ++i) {
      const float sum = 0.5F * (half[i][0] + half[i][2]);
      float* target = transformed + 4 * i * count + f;
      target[0] = half[i][0];
      target[count] = sum + 0.5F * half[i][1];
      target[2 * count] = sum - 0.5F * half[i][1];
      target[3 * count] = half[i][2];
    }
  }
}

void winograd_filters_adjoint(const float* transformed, std::int64_t count, float* weights) {
  for (std::int64_t f = 0; f < count; ++f) {
    float half[4][3];
    for (int i = 0; i < 4; ++i) {
      const float* source = transformed + 4 * i * count + f;
      const float sum = 0.5F * (source[count] + source[2 * count]);
      half[i][0] = source[0] + sum;
      half[i][1] = 0.5F * (source[count] - source[2 * count]);
      half[i][2] = sum + source[3 * count];
    }
    float* w = weights + 9 * f;
    for (int j = 0; j < 3; ++j) {
      const float sum = 0.5F * (half[1][j] + half[2][j]);
      w[j] = half[0][j] + sum;
      w[3 + j] = 0.5F * (half[1][j] - half[2][j]);
      w[6 + j] = sum + half[3][j];
    }
  }
}

}  // namespace spurion::engine
