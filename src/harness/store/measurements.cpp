#include "spurion/measurements.hpp"

#include <algorithm>
#include <functional>

#include "harness/store/measurement_layout.hpp"

namespace spurion {

Measurements::Measurements(const std::vector<Measurement>& rows) {
  for (const Measurement& row : rows) push_back(row);
}

Measurements::Measurements(std::initializer_list<Measurement> rows)
    : Measurements(std::vector<Measurement>(rows)) {}

MeasurementRow Measurements::operator[](std::size_t index) const {
  const Layout::Key& key = layout_->keys[index];
  return {key.phase, key.step, key.domain, key.shift, key.metric, values_[index]};
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

void Measurements::push_back(const Measurement& row) {
  own_layout().keys.push_back({row.phase, row.step, row.domain, row.shift, row.metric});
  values_.push_back(row.value);
}

void Measurements::erase(std::size_t index) {
  const auto at = static_cast<std::ptrdiff_t>(index);
  Layout& layout = own_layout();
  layout.keys.erase(layout.keys.begin() + at);
  values_.erase(values_.begin() + at);
}

void Measurements::clear() {
  layout_.reset();
  values_.clear();
}

std::optional<double> Measurements::last(const std::string& domain, const std::string& metric,
                                         std::optional<std::int64_t> phase) const {
  if (layout_ == nullptr) return std::nullopt;
  const std::vector<Layout::Key>& keys = layout_->keys;
  if (!layout_->places.empty()) {
    const auto metrics = layout_->places.find(domain);
    if (metrics == layout_->places.end()) return std::nullopt;
    const auto places = metrics->second.find(metric);
    if (places == metrics->second.end()) return std::nullopt;
    for (auto place = places->second.rbegin(); place != places->second.rend(); ++place) {
      if (!phase || keys[*place].phase == *phase) return values_[*place];
    }
    return std::nullopt;
  }
  for (std::size_t i = keys.size(); i-- > 0;) {
    if (keys[i].domain == domain && keys[i].metric == metric &&
        (!phase || keys[i].phase == *phase)) {
      return values_[i];
    }
  }
  return std::nullopt;
}

void MeasurementPool::add(std::int64_t phase, std::int64_t step, std::string_view domain,
                          double shift, std::string_view metric, double value) {
  const std::size_t at = values_.size();
  values_.push_back(value);
  if (own_ == nullptr) {
    if (usual_ != nullptr && at < usual_->keys.size() &&
        usual_->keys[at].is(phase, step, domain, shift, metric)) {
      return;
    }
    own_ = std::make_shared<Layout>();
    if (usual_ != nullptr) {
      own_->keys.assign(usual_->keys.begin(),
                        usual_->keys.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  own_->keys.push_back({phase, step, std::string(domain), shift, std::string(metric)});
}

Measurements MeasurementPool::take() {
  std::vector<double> values(values_.begin(), values_.end());
  values_.clear();
  if (values.empty()) {
    own_ = nullptr;
    return {};
  }
  if (own_ == nullptr && usual_->keys.size() == values.size()) return {usual_, std::move(values)};
  if (own_ == nullptr) {  // the usual one, but shorter
    own_ = std::make_shared<Layout>();
    own_->keys.assign(usual_->keys.begin(),
                      usual_->keys.begin() + static_cast<std::ptrdiff_t>(values.size()));
  }
  std::size_t hash = own_->keys.size();
  for (const Layout::Key& key : own_->keys) {
    for (const std::size_t part :
         {std::hash<std::string>()(key.domain), std::hash<std::string>()(key.metric),
          std::hash<std::int64_t>()(key.step), std::hash<std::int64_t>()(key.phase)}) {
      hash = hash * 1099511628211U + part;
    }
  }
  std::vector<std::shared_ptr<Layout>>& alike = known_[hash];
  const auto same = std::find_if(alike.begin(), alike.end(), [&](const auto& other) {
    return std::equal(other->keys.begin(), other->keys.end(), own_->keys.begin(), own_->keys.end(),
                      [](const Layout::Key& a, const Layout::Key& b) {
                        return a.is(b.phase, b.step, b.domain, b.shift, b.metric);
                      });
  });
  if (same == alike.end()) {
    own_->find_places();
    alike.push_back(std::move(own_));
    usual_ = alike.back();
  } else {
    usual_ = *same;
  }
  own_ = nullptr;
  return {usual_, std::move(values)};
}

}  // namespace spurion
