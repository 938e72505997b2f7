#pragma once

/// \file
/// `SPURION_CLONES` before a function: it is compiled for several instruction sets, of which the
/// widest this machine has is chosen when the program starts. Such a function must give the same
/// bits on all of them: no contraction of multiply and add, sums in a fixed order.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SPURION_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SPURION_CLONES
#endif
