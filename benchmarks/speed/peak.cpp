#include "measure.hpp"

namespace spurion::speed {

namespace {

typedef float Lanes16 __attribute__((vector_size(64)));
typedef float Lanes8 __attribute__((vector_size(32)));

/// 16 independent chains keep every multiply-add unit busy.
template <class V>
inline __attribute__((always_inline)) float chains(std::int64_t rounds) {
  constexpr int kChains = 16;
  V sum[kChains];
#pragma GCC unroll 16
  for (int i = 0; i < kChains; ++i) sum[i] = V{} + static_cast<float>(i);
  V factor = V{} + 0.999999F;
  V term = V{} + 1e-6F;
  for (std::int64_t round = 0; round < rounds; ++round) {
    asm volatile("" : "+v"(factor), "+v"(term));
#pragma GCC unroll 16
    for (int i = 0; i < kChains; ++i) sum[i] = sum[i] * factor + term;
  }
  V total{};
#pragma GCC unroll 16
  for (int i = 0; i < kChains; ++i) total += sum[i];
  return total[0];
}

__attribute__((target("avx512f,fma"))) float chains_avx512(std::int64_t rounds) {
  return chains<Lanes16>(rounds);
}
__attribute__((target("avx2,fma"))) float chains_avx2(std::int64_t rounds) {
  return chains<Lanes8>(rounds);
}

}  // namespace

double peak_flops() {
  constexpr std::int64_t kRounds = 200000;
  volatile float sink = 0.0F;
  if (__builtin_cpu_supports("avx512f")) {
    const double seconds = seconds_per_call([&] { sink = chains_avx512(kRounds); });
    return 2.0 * 16 * 16 * kRounds / seconds;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    const double seconds = seconds_per_call([&] { sink = chains_avx2(kRounds); });
    return 2.0 * 16 * 8 * kRounds / seconds;
  }
  return 0.0;
}

}  // namespace spurion::speed
