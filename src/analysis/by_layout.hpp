#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "spurion/trial.hpp"

namespace spurion::analysis {

/// What follows from what a trial measured, not from the values: found once for all trials that
/// were measured alike. The trials must stay.
template <class Found>
class ByLayout {
 public:
  /// What `find` gave for the first trial of this layout.
  template <class Find>
  const Found& of(const TrialResult& trial, const Find& find) {
    const void* layout = trial.measurements.layout();
    if (latest_ != nullptr && layout == latest_layout_) return *latest_;
    auto place = known_.find(layout);
    if (place == known_.end()) place = known_.emplace(layout, find(trial)).first;
    latest_layout_ = layout;
    latest_ = &place->second;
    return *latest_;
  }

 private:
  std::unordered_map<const void*, Found> known_;
  const void* latest_layout_ = nullptr;  ///< trials of one layout often follow each other
  const Found* latest_ = nullptr;
};

/// `number` of many trials.
class NumberFinder {
 public:
  NumberFinder(std::string domain, std::string metric)
      : domain_(std::move(domain)), metric_(std::move(metric)) {}

  /// Of the trial's last phase in which it was measured.
  std::optional<double> operator()(const TrialResult& trial) {
    return at(trial, [&] { return trial.measurements.place(domain_, metric_); });
  }
  /// Of a phase that follows from what the trial measured.
  std::optional<double> operator()(const TrialResult& trial, std::int64_t phase) {
    return at(trial, [&] { return trial.measurements.place(domain_, metric_, phase); });
  }

 private:
  template <class Find>
  std::optional<double> at(const TrialResult& trial, const Find& find) {
    const auto& place = places_.of(trial, [&](const TrialResult&) { return find(); });
    return place ? std::optional<double>(trial.measurements.value(*place)) : std::nullopt;
  }

  std::string domain_;
  std::string metric_;
  ByLayout<std::optional<std::size_t>> places_;
};

}  // namespace spurion::analysis
