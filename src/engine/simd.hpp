#pragma once

#include <cstdint>

/// \file
/// Vectors of floats whose width is a template argument, and kernels compiled for several of them,
/// the widest of which this machine has is chosen when the program starts.

#define SPURION_INLINE inline __attribute__((always_inline))

namespace spurion::engine {

template <int Lanes>
struct Vector {
  typedef float Type __attribute__((vector_size(Lanes * sizeof(float)), aligned(4)));
};

template <int Lanes>
SPURION_INLINE typename Vector<Lanes>::Type& vector_at(float* data) {
  return *reinterpret_cast<typename Vector<Lanes>::Type*>(data);
}

template <int Lanes>
SPURION_INLINE const typename Vector<Lanes>::Type& vector_at(const float* data) {
  return *reinterpret_cast<const typename Vector<Lanes>::Type*>(data);
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
