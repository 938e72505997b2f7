#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/store/seal.hpp"
#include "spurion/measurements.hpp"

namespace spurion {

/// What the numbers of a trial are, one after the other.
struct Measurements::Layout {
  struct Key {
    std::int64_t phase = 0;
    std::int64_t step = 0;
    std::string domain;
    double shift = 0.0;
    std::string metric;
  };
  std::vector<Key> keys;
  /// Where each metric of each domain lies, in order. Made where a layout is shared, after which
  /// that does not change.
  std::unordered_map<std::string, std::unordered_map<std::string, std::vector<std::size_t>>> places;

  void find_places() {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      places[keys[i].domain][keys[i].metric].push_back(i);
    }
  }
};

}  // namespace spurion

namespace spurion::harness {

/// The numbers of a trial as a store keeps them: two JSON lists.
struct SPURION_API PackedMeasurements {
  /// What each number is, [phase, step, domain, metric, shift]; a shift that is not finite is left
  /// out.
  std::string rows;
  std::string values;  ///< null: not finite

  /// What a trial names its `rows` by.
  [[nodiscard]] Digest layout() const;
};
SPURION_API PackedMeasurements packed(const Measurements& measurements);
/// Each of the two alone.
std::string packed_rows(const Measurements& measurements);
std::string packed_values(const Measurements& measurements);
SPURION_API Digest layout_key(std::string_view rows);

/// Reads packed measurements. Trials of the same layout share it, and the values that they have in
/// common: ceilings are nearly half of what a trial stores.
class SPURION_API MeasurementLayouts {
 public:
  /// Throws `UsageError` when `rows` is not what `packed` gives.
  void add(const Digest& key, const std::string& rows);
  /// Empty when the layout is not known, or `values` are not as many numbers as it has.
  [[nodiscard]] std::optional<Measurements> read(const Digest& key, std::string_view values);

 private:
  using Common = Measurements::Common;
  struct Known {
    std::shared_ptr<Measurements::Layout> layout;
    /// Of trials so far: settings of an environment differ in what their trials have in common.
    std::vector<std::shared_ptr<const Common>> commons;
    std::size_t oldest = 0;  ///< of `commons`
  };

  /// Among the `commons` of a layout that of a trial with these values, changed if need be so that
  /// it holds; null where the trial has too little in common with any.
  static std::shared_ptr<const Common> common_of(Known& known, const std::vector<double>& values);

  std::unordered_map<Digest, Known, DigestHash> layouts_;
};

}  // namespace spurion::harness
