#include <cstddef>
#include <cstdint>

#include "data/idx.hpp"
#include "fuzz/memory_file.hpp"
#include "fuzz/one_error.hpp"
#include "fuzz/targets.hpp"

void spurion::fuzz::idx(const std::uint8_t* data, std::size_t size) {
  const spurion::fuzz::MemoryFile file(data, size);
  const auto path = file.path();
  spurion::fuzz::reads_or_says_why(path.string(), [&] {
    const auto images = spurion::data::read_idx_images(path);
    if (images.pixels.size() !=
        static_cast<std::size_t>(images.count * images.rows * images.columns)) {
      __builtin_trap();
    }
  });
  spurion::fuzz::reads_or_says_why(path.string(), [&] { spurion::data::read_idx_labels(path); });
}
