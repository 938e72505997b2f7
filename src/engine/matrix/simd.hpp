#pragma once

#include <cstdint>
#include <utility>

/// \file
/// Vectors of floats whose width is a template argument, and kernels compiled for several of them,
/// the widest of which this machine has is chosen when the program starts.

#define SPURION_INLINE inline __attribute__((always_inline))

namespace spurion::engine {

template <int Lanes>
struct Vector {
  typedef float Type __attribute__((vector_size(Lanes * sizeof(float)), aligned(4)));
  typedef std::int32_t Index __attribute__((vector_size(Lanes * sizeof(std::int32_t))));
};

template <int Lanes>
SPURION_INLINE typename Vector<Lanes>::Type& vector_at(float* data) {
  return *reinterpret_cast<typename Vector<Lanes>::Type*>(data);
}

template <int Lanes>
SPURION_INLINE const typename Vector<Lanes>::Type& vector_at(const float* data) {
  return *reinterpret_cast<const typename Vector<Lanes>::Type*>(data);
}

/// One step of an exchange between two vectors: lanes come in blocks of `Step`, and the result
/// holds the even blocks of both (`Upper` false), or the odd blocks of both.
template <int Lanes, int Step, bool Upper, int... Lane>
SPURION_INLINE typename Vector<Lanes>::Type exchange(typename Vector<Lanes>::Type a,
                                                     typename Vector<Lanes>::Type b,
                                                     std::integer_sequence<int, Lane...> lanes) {
  static_cast<void>(lanes);
  constexpr int kFrom = Upper ? Step : 0;
#if defined(__clang__)
  return __builtin_shufflevector(
      a, b, ((Lane & Step) != 0 ? Lanes + Lane - Step + kFrom : Lane + kFrom)...);
#else
  constexpr typename Vector<Lanes>::Index kIndex = {
      ((Lane & Step) != 0 ? Lanes + Lane - Step + kFrom : Lane + kFrom)...};
  return __builtin_shuffle(a, b, kIndex);
#endif
}

/// Turns a square of vectors over: lane j of vector i changes places with lane i of vector j.
template <int Lanes, int Step = 1>
SPURION_INLINE void turn_over(typename Vector<Lanes>::Type* square) {
  if constexpr (Step < Lanes) {
    constexpr std::make_integer_sequence<int, Lanes> kEach{};
#pragma GCC unroll 16
    for (int i = 0; i < Lanes; ++i) {
      if ((i & Step) != 0) continue;
      const auto a = square[i];
      const auto b = square[i + Step];
      square[i] = exchange<Lanes, Step, false>(a, b, kEach);
      square[i + Step] = exchange<Lanes, Step, true>(a, b, kEach);
    }
    turn_over<Lanes, 2 * Step>(square);
  }
}

/// Adds up the lanes of each of `Lanes` vectors: lane i of the result is the sum of vector i, in
/// the same order for all.
template <int Lanes, int Step = 1>
SPURION_INLINE typename Vector<Lanes>::Type lane_sums(typename Vector<Lanes>::Type* vectors) {
  if constexpr (Step < Lanes) {
    constexpr std::make_integer_sequence<int, Lanes> kEach{};
#pragma GCC unroll 16
    for (int i = 0; i < Lanes; i += 2 * Step) {
      vectors[i] = exchange<Lanes, Step, false>(vectors[i], vectors[i + Step], kEach) +
                   exchange<Lanes, Step, true>(vectors[i], vectors[i + Step], kEach);
    }
    return lane_sums<Lanes, 2 * Step>(vectors);
  } else {
    return vectors[0];
  }
}

/// Lanes of a vector of the best instruction set of this machine: 16, 8 or 4.
inline int machine_lanes() {
#if defined(__x86_64__)
  static const int lanes = [] {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")) {
      return 16;
    }
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 8 : 4;
  }();
  return lanes;
#else
  return 4;
#endif
}

}  // namespace spurion::engine

/// Defines `void NAME(const ARGUMENTS&)`, which calls the template `NAME_lanes<Lanes>` compiled for
/// this machine. The template must be SPURION_INLINE, so that it takes on the instruction set.
#if defined(__x86_64__)
#define SPURION_KERNEL(NAME, ARGUMENTS)                                                        \
  static __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma"))) void NAME##_avx512( \
      const ARGUMENTS& arguments) {                                                            \
    NAME##_lanes<16>(arguments);                                                               \
  }                                                                                            \
  static __attribute__((target("avx2,fma"))) void NAME##_avx2(const ARGUMENTS& arguments) {    \
    NAME##_lanes<8>(arguments);                                                                \
  }                                                                                            \
  static void NAME##_portable(const ARGUMENTS& arguments) { NAME##_lanes<4>(arguments); }      \
  void NAME(const ARGUMENTS& arguments) {                                                      \
    static void (*const kernel)(const ARGUMENTS&) =                                            \
        machine_lanes() == 16 ? NAME##_avx512                                                  \
                              : (machine_lanes() == 8 ? NAME##_avx2 : NAME##_portable);        \
    kernel(arguments);                                                                         \
  }
#else
#define SPURION_KERNEL(NAME, ARGUMENTS) \
  void NAME(const ARGUMENTS& arguments) { NAME##_lanes<4>(arguments); }
#endif
