#include <cstddef>
#include <cstdint>
#include <string_view>

#include "data/csv.hpp"
#include "fuzz/one_error.hpp"
#include "fuzz/targets.hpp"

void spurion::fuzz::csv(const std::uint8_t* data, std::size_t size) {
  using namespace spurion;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz::reads_or_says_why("input.csv", [&] {
    const data::CsvTable table = data::parse_csv(text, "input.csv");
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      for (std::int64_t column = 0; column < table.columns(); ++column) {
        fuzz::reads_or_says_why(table.place(row, column), [&] { (void)table.number(row, column); });
      }
    }
  });
}
