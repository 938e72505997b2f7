#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// Trials in few bytes: what many of them have in common is there once.
class SPURION_API CompactTrials {
 public:
  CompactTrials() = default;
  explicit CompactTrials(std::vector<TrialSpec> trials);

  [[nodiscard]] std::size_t size() const { return trials_.size(); }
  [[nodiscard]] bool empty() const { return trials_.empty(); }
  [[nodiscard]] TrialSpec operator[](std::size_t index) const;
  /// All of them as they were.
  [[nodiscard]] std::vector<TrialSpec> all() const;

 private:
  static constexpr std::size_t kComponents = 4;
  static constexpr std::size_t kValues = 3;
  struct Trial {
    std::array<std::uint32_t, kComponents> components;
    std::array<std::uint32_t, kValues> values;
    std::uint32_t experiment;
    std::uint32_t draw;  ///< base seed and configuration
    std::int64_t seed;
  };
  /// What trials of many seeds share.
  struct Draw {
    std::int64_t base_seed;
    std::int64_t config_index;
  };

  std::vector<Trial> trials_;
  std::array<std::vector<Component>, kComponents> components_;
  std::array<std::vector<Value>, kValues> values_;
  std::vector<std::string> experiments_;
  std::vector<Draw> draws_;
};

}  // namespace spurion::harness
