#include <cstddef>
#include <cstdint>

#include "data/npz.hpp"
#include "fuzz/memory_file.hpp"
#include "fuzz/one_error.hpp"
#include "fuzz/targets.hpp"

void spurion::fuzz::npz(const std::uint8_t* data, std::size_t size) {
  const spurion::fuzz::MemoryFile file(data, size);
  const auto path = file.path();
  spurion::fuzz::reads_or_says_why(path.string(), [&] {
    for (const auto& [name, array] : spurion::data::read_npz(path)) {
      for (std::int64_t i = 0; i < array.count(); ++i) (void)array.number(i);
    }
  });
}
