#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/trial.hpp"
#include "spurion/value.hpp"

namespace spurion::analysis {

/// `TrialSpec::canonical` without the seed and the draw of hyper-parameters.
Value canonical_without_seed(const TrialSpec& spec);

/// What trials are paired by: all but method, regime, seed and draw, and without some options. Each
/// section is known by its canonical text, which is made once where trials share it in memory: of a
/// hundred thousand trials a text each would take more memory than the trials.
class SPURION_API Configurations {
 public:
  /// `without`: options "section.field" that tell no configurations apart. It must stay, and so
  /// must the trials.
  explicit Configurations(const std::set<std::string>& without) : without_(without) {}

  /// The number of a trial's configuration among those that were met so far.
  std::size_t of(const TrialSpec& spec);
  /// Their places, by number, in the order of the canonical texts of whole configurations.
  [[nodiscard]] std::vector<std::size_t> ranks() const;

 private:
  static constexpr std::size_t kSections = 5;
  /// Numbers of the texts of the sections, in the order in which a canonical text has them.
  using Key = std::array<std::uint32_t, kSections>;
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      std::size_t hash = 0;
      for (const std::uint32_t number : key) hash = (hash ^ number) * 0x9E3779B97F4A7C15U;
      return hash ^ (hash >> 32U);
    }
  };
  struct Known {
    std::string name;
    std::uint32_t number;
  };
  /// What was asked for last: neighbours often share their options.
  struct Latest {
    const void* place = nullptr;
    const Known* known = nullptr;
  };

  /// `component`: null for options alone.
  std::uint32_t of_section(std::size_t section, const Component* component, const Value& options);
  [[nodiscard]] std::string text_of(std::size_t section, const Component* component,
                                    const Value& options) const;

  const std::set<std::string>& without_;
  std::array<std::map<std::string, std::uint32_t>, kSections> texts_;
  std::array<std::unordered_map<const void*, Known>, kSections> known_;  ///< by where options are
  std::array<Latest, kSections> latest_{};
  std::unordered_map<Key, std::size_t, KeyHash> numbers_;
};

}  // namespace spurion::analysis
