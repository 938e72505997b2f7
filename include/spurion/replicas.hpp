#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace spurion {

/// A hyper-parameter that may differ between the K replicas that train together. The options of a
/// trial hold one value; the options of K replicas hold K values.
template <class T>
class PerReplica {
 public:
  /// One value for all replicas.
  PerReplica(T same) : values_{same} {}  // NOLINT(google-explicit-constructor): reads as a default
  /// [K]: a value for each replica.
  explicit PerReplica(std::vector<T> each) : values_(std::move(each)) {}

  /// The value of replica k.
  [[nodiscard]] T at(std::int64_t k) const {
    return values_.size() == 1 ? values_.front() : values_.at(static_cast<std::size_t>(k));
  }
  /// The single value in the options of a trial.
  [[nodiscard]] T value() const { return values_.front(); }
  /// The one value, or [K].
  [[nodiscard]] const std::vector<T>& values() const { return values_; }

 private:
  std::vector<T> values_;
};

}  // namespace spurion
