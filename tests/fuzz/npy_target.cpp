#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "data/npy.hpp"
#include "fuzz/one_error.hpp"
#include "fuzz/targets.hpp"

void spurion::fuzz::npy(const std::uint8_t* data, std::size_t size) {
  using namespace spurion;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  fuzz::reads_or_says_why("input.npy", [&] {
    const data::Array array = data::parse_npy(bytes, "'input.npy'");
    for (std::int64_t i = 0; i < array.count(); ++i) (void)array.number(i);
    // What was read is written and read again the same.
    const data::Array again = data::parse_npy(data::npy_bytes(array), "'input.npy'");
    if (again.type != array.type || again.shape != array.shape || again.bytes != array.bytes) {
      std::abort();
    }
  });
}
