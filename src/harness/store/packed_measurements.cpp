#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <utility>

#include "harness/store/measurement_layout.hpp"
#include "spurion/error.hpp"
#include "spurion/value.hpp"

namespace spurion::harness {

namespace {

[[noreturn]] void refuse_layout() { throw UsageError("not the layout of a trial's numbers"); }

std::int64_t whole_number(const Value& value) {
  if (!value.is_integer()) refuse_layout();
  return value.as_integer();
}

const std::string& word(const Value& value) {
  if (!value.is_string()) refuse_layout();
  return value.as_string();
}

/// The numbers of a JSON list; empty when it is none, or does not have `count`.
std::optional<std::vector<double>> numbers_of(std::string_view text, std::size_t count) {
  constexpr std::string_view kNull = "null";
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
  std::vector<double> values;
  values.reserve(count);
  const char* at = text.data() + 1;
  const char* const end = text.data() + text.size() - 1;
  while (at != end) {
    if (!values.empty() && *at++ != ',') return std::nullopt;
    double value = std::numeric_limits<double>::quiet_NaN();
    if (std::string_view(at, static_cast<std::size_t>(end - at)).substr(0, 4) == kNull) {
      at += kNull.size();
    } else {
      const auto [rest, error] = std::from_chars(at, end, value);
      if (error != std::errc()) return std::nullopt;
      at = rest;
    }
    values.push_back(value);
  }
  if (values.size() != count) return std::nullopt;
  return values;
}

}  // namespace

Digest layout_key(std::string_view rows) { return Seal("layout").add(rows).finish(); }

Digest PackedMeasurements::layout() const { return layout_key(rows); }

std::string packed_rows(const Measurements& measurements) {
  Value::List rows;
  rows.reserve(measurements.size());
  for (const MeasurementRow row : measurements) {
    Value::List one = {row.phase, row.step, row.domain, row.metric};
    if (std::isfinite(row.shift)) one.push_back(as_stored(row.shift));
    rows.push_back(std::move(one));
  }
  return Value(std::move(rows)).canonical_json();
}

std::string packed_values(const Measurements& measurements) {
  fmt::memory_buffer values;
  values.push_back('[');
  for (std::size_t i = 0; i < measurements.size(); ++i) {
    if (i > 0) values.push_back(',');
    const double value = measurements.value(i);
    if (std::isfinite(value)) {
      fmt::format_to(std::back_inserter(values), "{}", as_stored(value));
    } else {
      fmt::format_to(std::back_inserter(values), "null");
    }
  }
  values.push_back(']');
  return fmt::to_string(values);
}

PackedMeasurements packed(const Measurements& measurements) {
  return {packed_rows(measurements), packed_values(measurements)};
}

void MeasurementLayouts::add(const Digest& key, const std::string& rows) {
  if (layouts_.count(key) != 0) return;
  const Value list = parse_json(rows, "layout");
  if (!list.is_list()) refuse_layout();
  auto layout = std::make_shared<Measurements::Layout>();
  layout->keys.reserve(list.as_list().size());
  for (const Value& row : list.as_list()) {
    if (!row.is_list()) refuse_layout();
    const Value::List& parts = row.as_list();
    const bool has_shift = parts.size() == 5 && parts[4].is_number();
    if (parts.size() != 4 && !has_shift) refuse_layout();
    layout->keys.push_back(
        {whole_number(parts[0]), whole_number(parts[1]), word(parts[2]),
         has_shift ? parts[4].as_number() : std::numeric_limits<double>::quiet_NaN(),
         word(parts[3])});
  }
  layout->find_places();
  layouts_.emplace(key, Known{std::move(layout), {}, 0});
}

std::shared_ptr<const Measurements::Common> MeasurementLayouts::common_of(
    Known& known, const std::vector<double>& values) {
  constexpr std::size_t kMost = 8;
  const auto holds = [&](const Common& common, std::size_t i) {
    return std::memcmp(&common.values[i], &values[i], sizeof(double)) == 0;
  };
  std::size_t best = 0;
  std::size_t best_held = 0;
  std::size_t best_had = 0;
  for (std::size_t c = 0; c < known.commons.size(); ++c) {
    const Common& common = *known.commons[c];
    std::size_t had = 0;
    std::size_t held = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (common.own[i] != Measurements::kCommon) continue;
      ++had;
      held += holds(common, i) ? 1 : 0;
    }
    if (held == had && had > 0) return known.commons[c];
    if (held > best_held) {
      best = c;
      best_held = held;
      best_had = had;
    }
  }
  auto made = std::make_shared<Common>();
  made->values = values;
  if (2 * best_held >= best_had && best_held > 0) {
    const Common& former = *known.commons[best];
    made->own.reserve(values.size());
    std::uint32_t own = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const bool common = former.own[i] == Measurements::kCommon && holds(former, i);
      made->own.push_back(common ? Measurements::kCommon : own++);
    }
    known.commons[best] = made;
    return made;
  }
  // The next trial tells what is common. Alone, this one would take more memory than before.
  made->own.assign(values.size(), Measurements::kCommon);
  if (known.commons.size() < kMost) {
    known.commons.push_back(std::move(made));
  } else {
    known.commons[known.oldest++ % kMost] = std::move(made);
  }
  return nullptr;
}

std::optional<Measurements> MeasurementLayouts::read(const Digest& key, std::string_view values) {
  const auto found = layouts_.find(key);
  if (found == layouts_.end()) return std::nullopt;
  Known& known = found->second;
  auto numbers = numbers_of(values, known.layout->keys.size());
  if (!numbers) return std::nullopt;
  if (numbers->empty()) return Measurements();
  auto common = common_of(known, *numbers);
  if (common == nullptr) return Measurements(known.layout, nullptr, std::move(*numbers));
  std::vector<double> own;
  own.reserve(static_cast<std::size_t>(
      std::count_if(common->own.begin(), common->own.end(),
                    [](std::uint32_t place) { return place != Measurements::kCommon; })));
  for (std::size_t i = 0; i < numbers->size(); ++i) {
    if (common->own[i] != Measurements::kCommon) own.push_back((*numbers)[i]);
  }
  return Measurements(known.layout, std::move(common), std::move(own));
}

}  // namespace spurion::harness
