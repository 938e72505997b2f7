#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>

#include "spurion/suite.hpp"

namespace spurion::harness {

/// Which options the search of an experiment draws. A field "section.option" is that option. A
/// field that is a section alone stands for all options of it that the experiment does not set
/// itself; of these a search draws the ones that have a distribution.
class SPURION_API SearchedOptions {
 public:
  explicit SearchedOptions(const Experiment& experiment);

  /// The number of the field of the search that names an option; none where none does.
  [[nodiscard]] std::optional<std::size_t> field_of(const std::string& section,
                                                    const std::string& option) const;
  /// The options of a trial that the search names, as "section.option"; also those that are tables
  /// of which it names an entry, "section.option.key".
  [[nodiscard]] std::set<std::string> of(const TrialSpec& trial) const;
  /// Whether the experiment sets an option of a section, or in its place a preset.
  [[nodiscard]] bool sets(const std::string& section, const std::string& option) const;

 private:
  [[nodiscard]] bool names_entry_of(const std::string& path) const;

  const Experiment& experiment_;
  std::set<std::string>
      set_;  ///< "section.option" that the experiment sets, in its grid or outside
};

}  // namespace spurion::harness
