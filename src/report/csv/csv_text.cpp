#include "report/csv/csv_text.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>

#include "core/printable.hpp"

namespace spurion::report {

std::string csv_field(const std::string& text) {
  const std::string shown = core::printable(text);
  if (shown.find_first_of(",\"\n") == std::string::npos) return shown;
  std::string out = "\"";
  for (const char c : shown) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string csv_number(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : std::string();
}

std::string csv_record(const std::vector<std::string>& texts) {
  std::string out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += ',';
    out += csv_field(texts[i]);
  }
  out += '\n';
  return out;
}

}  // namespace spurion::report
