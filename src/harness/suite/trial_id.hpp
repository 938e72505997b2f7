#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// The identity of a trial in sixteen bytes: suites have hundreds of thousands of them.
struct TrialId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  /// 32 hex digits, what `TrialSpec::id` gives.
  [[nodiscard]] SPURION_API std::string text() const;
  /// The id that `text` gave; none where it is no id.
  SPURION_API static std::optional<TrialId> read(std::string_view text);
  friend bool operator==(const TrialId& a, const TrialId& b) {
    return a.high == b.high && a.low == b.low;
  }
  friend bool operator<(const TrialId& a, const TrialId& b) {
    return a.high != b.high ? a.high < b.high : a.low < b.low;
  }
};

struct TrialIdHash {
  std::size_t operator()(const TrialId& id) const { return static_cast<std::size_t>(id.low); }
};

/// The canonical texts of a trial's sections, in the order of `section_names`: those of a grid come
/// again and again.
using SectionTexts = std::array<const std::string*, 7>;

/// The id of a trial of this canonical text.
SPURION_API TrialId trial_id_of_text(std::string_view canonical_json);
/// The id of a trial with these sections.
SPURION_API TrialId trial_id(const SectionTexts& sections, std::int64_t seed,
                             std::int64_t base_seed, std::int64_t config_index);
SPURION_API TrialId trial_id(const TrialSpec& trial);

/// What the canonical form of a trial holds of a component of a section, such as "method": without
/// `added_options` that have their default, and without options of the names `left_out`.
SPURION_API std::string canonical_text(const std::string& section, const Component& component,
                                       const std::vector<std::string>& left_out = {});
/// The same of a section of options alone, such as "optimizer".
SPURION_API std::string canonical_text(const std::string& section, const Value& options,
                                       const std::vector<std::string>& left_out = {});

}  // namespace spurion::harness
