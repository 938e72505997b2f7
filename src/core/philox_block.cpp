#include "core/random_block.hpp"

#include "core/philox.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace spurion::core {

namespace {

void portable(std::uint64_t key, const CounterBlock& counters, std::int64_t count,
              RandomBlock& out) {
  for (std::int64_t i = 0; i < count; ++i) {
    const Words w = philox(key, {counters.words[0][i], counters.words[1][i], counters.words[2][i],
                                 counters.words[3][i]});
    out.words[0][i] = w.w0;
    out.words[1][i] = w.w1;
    out.words[2][i] = w.w2;
    out.words[3][i] = w.w3;
  }
}

#if defined(__x86_64__)

// Words in 64-bit lanes, so that a product of two needs one instruction. Their upper halves hold
// leftovers that no multiplication looks at.

__attribute__((target("avx512f,avx512vl"))) void avx512(std::uint64_t key,
                                                        const CounterBlock& counters,
                                                        std::int64_t count, RandomBlock& out) {
  constexpr int kLanes = 8;
  const __m512i multiplier0 = _mm512_set1_epi64(kPhiloxMultiplier0);
  const __m512i multiplier1 = _mm512_set1_epi64(kPhiloxMultiplier1);
  for (std::int64_t i = 0; i < count; i += kLanes) {
    const auto load = [&](int word) __attribute__((target("avx512f,avx512vl"))) {
      return _mm512_cvtepu32_epi64(
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(counters.words[word] + i)));
    };
    __m512i c[4] = {load(0), load(1), load(2), load(3)};
#pragma GCC unroll 10
    for (std::uint32_t round = 0; round < kPhiloxRounds; ++round) {
      const __m512i key0 = _mm512_set1_epi64(philox_key0(key, round));
      const __m512i key1 = _mm512_set1_epi64(philox_key1(key, round));
      const __m512i product0 = _mm512_mul_epu32(multiplier0, c[0]);
      const __m512i product1 = _mm512_mul_epu32(multiplier1, c[2]);
      constexpr int kXorOfThree = 0x96;
      c[0] = _mm512_ternarylogic_epi64(_mm512_srli_epi64(product1, 32), c[1], key0, kXorOfThree);
      c[2] = _mm512_ternarylogic_epi64(_mm512_srli_epi64(product0, 32), c[3], key1, kXorOfThree);
      c[1] = product1;
      c[3] = product0;
    }
    for (int word = 0; word < 4; ++word) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.words[word] + i),
                          _mm512_cvtepi64_epi32(c[word]));
    }
  }
}

__attribute__((target("avx2"))) void avx2(std::uint64_t key, const CounterBlock& counters,
                                          std::int64_t count, RandomBlock& out) {
  constexpr int kLanes = 4;
  const __m256i multiplier0 = _mm256_set1_epi64x(kPhiloxMultiplier0);
  const __m256i multiplier1 = _mm256_set1_epi64x(kPhiloxMultiplier1);
  const __m256i low_halves = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
  for (std::int64_t i = 0; i < count; i += kLanes) {
    const auto load = [&](int word) __attribute__((target("avx2"))) {
      return _mm256_cvtepu32_epi64(
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(counters.words[word] + i)));
    };
    __m256i c[4] = {load(0), load(1), load(2), load(3)};
#pragma GCC unroll 10
    for (std::uint32_t round = 0; round < kPhiloxRounds; ++round) {
      const __m256i key0 = _mm256_set1_epi64x(philox_key0(key, round));
      const __m256i key1 = _mm256_set1_epi64x(philox_key1(key, round));
      const __m256i product0 = _mm256_mul_epu32(multiplier0, c[0]);
      const __m256i product1 = _mm256_mul_epu32(multiplier1, c[2]);
      c[0] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(product1, 32), c[1]), key0);
      c[2] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(product0, 32), c[3]), key1);
      c[1] = product1;
      c[3] = product0;
    }
    for (int word = 0; word < 4; ++word) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out.words[word] + i),
                       _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(c[word], low_halves)));
    }
  }
}

#endif

using Kernel = void (*)(std::uint64_t, const CounterBlock&, std::int64_t, RandomBlock&);

Kernel choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) return avx512;
  if (__builtin_cpu_supports("avx2")) return avx2;
#endif
  return portable;
}

}  // namespace

void philox(std::uint64_t key, const CounterBlock& counters, std::int64_t count, RandomBlock& out) {
  static const Kernel kernel = choose();
  kernel(key, counters, count, out);
}

}  // namespace spurion::core
