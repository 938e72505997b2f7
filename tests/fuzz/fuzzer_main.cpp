#include "fuzz/targets.hpp"

/// Called by libFuzzer; SPURION_FUZZ_TARGET is one of the targets.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  spurion::fuzz::SPURION_FUZZ_TARGET(data, size);
  return 0;
}
