#include "harness/run/threads.hpp"

#include <ATen/Parallel.h>
#include <dlfcn.h>

namespace spurion::harness {

SingleThreaded::SingleThreaded() : previous_(at::get_num_threads()) {
  at::set_num_threads(1);
  // OpenBLAS has a pool of its own that LibTorch does not reach; it may or may not be there.
  using SetThreads = void (*)(int);
  if (const auto set =
          reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) {
    set(1);
  }
}

SingleThreaded::~SingleThreaded() { at::set_num_threads(previous_); }

}  // namespace spurion::harness
