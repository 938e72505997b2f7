#include <malloc.h>

#if defined(SPURION_STATIC)
#include "spurion/cli.hpp"
#else
#include "cli/command_line.hpp"
#endif

namespace {

/// Tensors of a training step come and go thousands of times a second; without this, glibc gives
/// their pages back to the kernel each time and spends as long on page faults as on arithmetic.
void keep_freed_memory() {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most glibc accepts
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
#if defined(SPURION_STATIC)
  return spurion::cli_main(argc, argv, spurion::builtin_catalog());
#else
  return spurion::cli::command_line(argc, argv, nullptr);  // LibTorch is loaded when it is needed
#endif
}
