#include "spurion/metric_info.hpp"

#include <fmt/format.h>

#include <cmath>

#include "spurion/error.hpp"
#include "spurion/value.hpp"

namespace spurion {

namespace {

constexpr double kNoBound = std::numeric_limits<double>::infinity();

/// JSON has no infinity, so an open end is left out.
Value range_value(const MetricRange& range) {
  Value::Table table;
  if (std::isfinite(range.low)) table["low"] = range.low;
  if (std::isfinite(range.high)) table["high"] = range.high;
  return table;
}

MetricRange range_of(const Value& table) {
  const auto end = [&](const char* key, double open) {
    const Value* value = table.is_table() ? table.find(key) : nullptr;
    return value != nullptr && value->is_number() ? value->as_number() : open;
  };
  return {end("low", -kNoBound), end("high", kNoBound)};
}

Better better_of(const std::string& name) {
  return name == "high" ? Better::high : name == "low" ? Better::low : Better::neither;
}

}  // namespace

const char* better_name(Better better) {
  switch (better) {
    case Better::high:
      return "high";
    case Better::low:
      return "low";
    case Better::neither:
      break;
  }
  return "-";
}

std::string MetricRange::text() const {
  const bool from = std::isfinite(low);
  const bool to = std::isfinite(high);
  if (!from && !to) return "unbounded";
  return fmt::format("{}, {}", from ? fmt::format("[{}", low) : "(-inf",
                     to ? fmt::format("{}]", high) : "inf)");
}

bool MetricInfo::names(const std::string& stored) const {
  const std::size_t star = name.find('*');
  if (star == std::string::npos) return stored == name;
  const std::size_t tail = name.size() - star - 1;
  return stored.size() > star + tail && stored.compare(0, star, name, 0, star) == 0 &&
         stored.compare(stored.size() - tail, tail, name, star + 1, tail) == 0;
}

std::string MetricInfo::range_text() const {
  const std::string text = range.text();
  return regression ? fmt::format("{}; {} for regression", text, regression->text()) : text;
}

std::string to_json(const MetricInfo& info) {
  Value::Table table{{"name", info.name},
                     {"title", info.title},
                     {"meaning", info.meaning},
                     {"unit", info.unit},
                     {"range", range_value(info.range)},
                     {"better", std::string(better_name(info.better))},
                     {"averaged", info.averaged},
                     {"rate", info.rate},
                     {"writer", info.writer}};
  if (info.regression) table["regression"] = range_value(*info.regression);
  return Value(std::move(table)).canonical_json();
}

MetricInfo metric_info_from_json(const std::string& text) {
  const Value table = parse_json(text, "metric");
  if (!table.is_table()) throw DataError("what is known about a metric is not a JSON object");
  const auto words = [&](const char* key) {
    const Value* value = table.find(key);
    return value != nullptr && value->is_string() ? value->as_string() : std::string();
  };
  const auto yes = [&](const char* key) {
    const Value* value = table.find(key);
    return value != nullptr && value->is_bool() && value->as_bool();
  };
  MetricInfo info;
  info.name = words("name");
  info.title = words("title");
  info.meaning = words("meaning");
  info.unit = words("unit");
  if (const Value* range = table.find("range")) info.range = range_of(*range);
  if (const Value* range = table.find("regression")) info.regression = range_of(*range);
  info.better = better_of(words("better"));
  info.averaged = yes("averaged");
  info.rate = yes("rate");
  info.writer = words("writer");
  return info;
}

}  // namespace spurion
