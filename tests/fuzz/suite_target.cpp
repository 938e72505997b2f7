#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "fuzz/one_error.hpp"
#include "fuzz/targets.hpp"
#include "spurion/suite.hpp"

void spurion::fuzz::suite(const std::uint8_t* data, std::size_t size) {
  using namespace spurion;
  const std::string text(reinterpret_cast<const char*>(data), size);
  fuzz::reads_or_lists_problems<UsageError>("input.toml", [&] {
    const Suite read = Suite::parse(text, "input.toml");
    // What a store keeps of it is the same suite.
    const std::string stored = read.stored_text();
    try {
      if (Suite::parse(stored, "stored").stored_text() != stored) std::abort();
    } catch (const UsageError&) {
      std::abort();
    }
  });
}
