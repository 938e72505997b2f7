#include "spurion/measurements.hpp"

#include "harness/store/measurement_layout.hpp"

namespace spurion {

Measurements::Measurements(const std::vector<Measurement>& rows) {
  for (const Measurement& row : rows) push_back(row);
}

Measurements::Measurements(std::initializer_list<Measurement> rows)
    : Measurements(std::vector<Measurement>(rows)) {}

MeasurementRow Measurements::operator[](std::size_t index) const {
  const Layout::Key& key = layout_->keys[index];
  return {key.phase, key.step, key.domain, key.shift, key.metric, value(index)};
}

Measurements::Layout& Measurements::own_layout() {
  if (layout_ == nullptr) {
    layout_ = std::make_shared<Layout>();
  } else if (layout_.use_count() > 1 || !layout_->places.empty()) {
    auto copy = std::make_shared<Layout>();
    copy->keys = layout_->keys;
    layout_ = std::move(copy);
  }
  return *layout_;
}

std::vector<double>& Measurements::own_values() {
  if (common_ != nullptr) {
    std::vector<double> values(size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = value(i);
    values_ = std::move(values);
    common_.reset();
  }
  return values_;
}

void Measurements::push_back(const Measurement& row) {
  own_layout().keys.push_back({row.phase, row.step, row.domain, row.shift, row.metric});
  own_values().push_back(row.value);
}

void Measurements::erase(std::size_t index) {
  const auto at = static_cast<std::ptrdiff_t>(index);
  Layout& layout = own_layout();
  layout.keys.erase(layout.keys.begin() + at);
  std::vector<double>& values = own_values();
  values.erase(values.begin() + at);
}

void Measurements::clear() {
  layout_.reset();
  common_.reset();
  values_.clear();
}

std::optional<std::size_t> Measurements::place(const std::string& domain, const std::string& metric,
                                               std::optional<std::int64_t> phase) const {
  if (layout_ == nullptr) return std::nullopt;
  const std::vector<Layout::Key>& keys = layout_->keys;
  if (!layout_->places.empty()) {
    const auto metrics = layout_->places.find(domain);
    if (metrics == layout_->places.end()) return std::nullopt;
    const auto places = metrics->second.find(metric);
    if (places == metrics->second.end()) return std::nullopt;
    for (auto place = places->second.rbegin(); place != places->second.rend(); ++place) {
      if (!phase || keys[*place].phase == *phase) return *place;
    }
    return std::nullopt;
  }
  for (std::size_t i = keys.size(); i-- > 0;) {
    if (keys[i].domain == domain && keys[i].metric == metric &&
        (!phase || keys[i].phase == *phase)) {
      return i;
    }
  }
  return std::nullopt;
}

std::optional<double> Measurements::last(const std::string& domain, const std::string& metric,
                                         std::optional<std::int64_t> phase) const {
  const auto found = place(domain, metric, phase);
  return found ? std::optional<double>(value(*found)) : std::nullopt;
}

}  // namespace spurion
