#include "engine/matrix/gemm.hpp"

#include "engine/matrix/gemm_block.hpp"
#include "engine/matrix/gemm_column.hpp"
#include "engine/matrix/simd.hpp"

namespace spurion::engine {

namespace {

using namespace gemm_parts;

/// All columns that fill a vector of 4; the others are left to `column`.
template <int Lanes, int Rows, int Vectors>
SPURION_INLINE void columns(const ProductShape& shape, const MatrixView& a, const RowMajor& b,
                            const Target& target) {
  const std::int64_t m = shape.m;
  const std::int64_t n = shape.n;
  const std::int64_t p = shape.p;
  std::int64_t j = 0;
  for (; j + Vectors * Lanes <= p; j += Vectors * Lanes) {
    panel<Lanes, Rows, Vectors>(m, n, a, {b.data + j, b.stride}, target.at(0, j));
  }
  for (; j + Lanes <= p; j += Lanes) {
    panel<Lanes, Lanes == 16 ? 2 * Rows : Rows + 4, 1>(m, n, a, {b.data + j, b.stride},
                                                       target.at(0, j));
  }
  if constexpr (Lanes >= 16) {
    for (; j + 8 <= p; j += 8) panel<8, 8, 1>(m, n, a, {b.data + j, b.stride}, target.at(0, j));
  }
  if constexpr (Lanes >= 8) {
    for (; j + 4 <= p; j += 4) panel<4, 8, 1>(m, n, a, {b.data + j, b.stride}, target.at(0, j));
  }
}

/// A slab of `kInner` rows of b stays in the second-level cache while all of a passes over it, and
/// a block of `kOuter` rows of a stays there while all columns of b do.
constexpr std::int64_t kInner = 512;
constexpr std::int64_t kOuter = 240;

template <int Lanes, int Rows, int Vectors>
SPURION_INLINE void gemm(const ProductShape& shape, const MatrixView& a, const RowMajor& b,
                         float* c, const Epilogue& epilogue) {
  const std::int64_t m = shape.m;
  const std::int64_t n = shape.n;
  const std::int64_t p = shape.p;
  const std::int64_t vectored = p - p % 4;
  const Target whole{c, p, epilogue.accumulate, epilogue.bias, epilogue.activation, epilogue.relu};
  if (vectored > 0) {
    for (std::int64_t k = 0; k < n; k += kInner) {
      const std::int64_t inner = n - k < kInner ? n - k : kInner;
      const bool last = k + inner == n;
      const Target target{c,
                          p,
                          k > 0 || epilogue.accumulate,
                          last ? whole.bias : nullptr,
                          last ? whole.activation : nullptr,
                          last && whole.relu};
      for (std::int64_t i = 0; i < m; i += kOuter) {
        const std::int64_t outer = m - i < kOuter ? m - i : kOuter;
        const MatrixView part{a.data + i * a.row_stride + k * a.column_stride, a.row_stride,
                              a.column_stride};
        columns<Lanes, Rows, Vectors>({outer, inner, vectored}, part,
                                      {b.data + k * b.stride, b.stride}, target.at(i, 0));
      }
    }
  }
  for (std::int64_t j = vectored; j < p; ++j) {
    column<Lanes>(m, n, a, {b.data + j, b.stride}, whole.at(0, j));
  }
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma"))) void gemm_avx512(
    const ProductShape& shape, const MatrixView& a, const RowMajor& b, float* c,
    const Epilogue& epilogue) {
  gemm<16, 12, 2>(shape, a, b, c, epilogue);
}

__attribute__((target("avx2,fma"))) void gemm_avx2(const ProductShape& shape, const MatrixView& a,
                                                   const RowMajor& b, float* c,
                                                   const Epilogue& epilogue) {
  gemm<8, 4, 3>(shape, a, b, c, epilogue);
}
#endif

void gemm_portable(const ProductShape& shape, const MatrixView& a, const RowMajor& b, float* c,
                   const Epilogue& epilogue) {
  gemm<4, 4, 2>(shape, a, b, c, epilogue);
}

using Kernel = void (*)(const ProductShape&, const MatrixView&, const RowMajor&, float*,
                        const Epilogue&);

Kernel best_kernel() {
#if defined(__x86_64__)
  if (machine_lanes() == 16) return gemm_avx512;
  if (machine_lanes() == 8) return gemm_avx2;
#endif
  return gemm_portable;
}

}  // namespace

void small_gemm(const ProductShape& shape, const MatrixView& a, const RowMajor& b, float* c,
                const Epilogue& epilogue) {
  static const Kernel kernel = best_kernel();
  kernel(shape, a, b, c, epilogue);
}

}  // namespace spurion::engine
