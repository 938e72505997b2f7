#include "core/clones.hpp"
#include "engine/matrix/gemm.hpp"
#include "engine/matrix/simd.hpp"

namespace spurion::engine {

namespace {

struct Turn {
  const float* in;
  std::int64_t rows;
  std::int64_t columns;
  float* out;
};

template <int Lanes>
SPURION_INLINE void turn_lanes(const Turn& turn) {
  const std::int64_t whole_rows = turn.rows - turn.rows % Lanes;
  const std::int64_t whole_columns = turn.columns - turn.columns % Lanes;
  for (std::int64_t i = 0; i < whole_rows; i += Lanes) {
    for (std::int64_t j = 0; j < whole_columns; j += Lanes) {
      typename Vector<Lanes>::Type square[Lanes];
#pragma GCC unroll 16
      for (int k = 0; k < Lanes; ++k) {
        square[k] = vector_at<Lanes>(turn.in + (i + k) * turn.columns + j);
      }
      turn_over<Lanes>(square);
#pragma GCC unroll 16
      for (int k = 0; k < Lanes; ++k) {
        vector_at<Lanes>(turn.out + (j + k) * turn.rows + i) = square[k];
      }
    }
  }
  for (std::int64_t i = 0; i < turn.rows; ++i) {
    for (std::int64_t j = i < whole_rows ? whole_columns : 0; j < turn.columns; ++j) {
      turn.out[j * turn.rows + i] = turn.in[i * turn.columns + j];
    }
  }
}

SPURION_KERNEL(turn, Turn)

}  // namespace

void transpose(const float* in, std::int64_t rows, std::int64_t columns, float* out) {
  turn({in, rows, columns, out});
}

SPURION_CLONES void apply(const Epilogue& epilogue, std::int64_t m, std::int64_t p,
                          float* __restrict c) {
  const float* __restrict bias = epilogue.bias;
  const float* __restrict activation = epilogue.activation;
  for (std::int64_t i = 0; i < m; ++i) {
    float* row = c + i * p;
    if (bias != nullptr) {
      for (std::int64_t j = 0; j < p; ++j) row[j] += bias[j];
    }
    if (epilogue.relu) {
      for (std::int64_t j = 0; j < p; ++j) row[j] = row[j] < 0.0F ? 0.0F : row[j];
    }
    if (activation != nullptr) {
      for (std::int64_t j = 0; j < p; ++j) row[j] = activation[i * p + j] > 0.0F ? row[j] : 0.0F;
    }
  }
}

void add_bias(float* rows, const float* bias, std::int64_t count, std::int64_t width) {
  apply({bias, false, nullptr}, count, width, rows);
}

namespace {

/// Sums of `Width` adjacent columns, held in registers over all rows.
template <int Width>
SPURION_INLINE void few_column_sums(const float* __restrict rows, std::int64_t count,
                                    std::int64_t stride, bool accumulate, float* __restrict out) {
  constexpr int kChains = 4;
  float sums[kChains][Width] = {};
  std::int64_t i = 0;
  for (; i + kChains <= count; i += kChains) {
#pragma GCC unroll 4
    for (int chain = 0; chain < kChains; ++chain) {
#pragma GCC unroll 64
      for (int j = 0; j < Width; ++j) sums[chain][j] += rows[(i + chain) * stride + j];
    }
  }
  for (; i < count; ++i) {
#pragma GCC unroll 64
    for (int j = 0; j < Width; ++j) sums[0][j] += rows[i * stride + j];
  }
#pragma GCC unroll 64
  for (int j = 0; j < Width; ++j) {
    const float sum = (sums[0][j] + sums[1][j]) + (sums[2][j] + sums[3][j]);
    out[j] = accumulate ? out[j] + sum : sum;
  }
}

}  // namespace

SPURION_CLONES void column_sums(const float* __restrict rows, std::int64_t count,
                                std::int64_t width, float* __restrict out, bool accumulate) {
  std::int64_t j = 0;
  for (; j + 64 <= width; j += 64) few_column_sums<64>(rows + j, count, width, accumulate, out + j);
  for (; j + 16 <= width; j += 16) few_column_sums<16>(rows + j, count, width, accumulate, out + j);
  for (; j < width; ++j) few_column_sums<1>(rows + j, count, width, accumulate, out + j);
}

}  // namespace spurion::engine
