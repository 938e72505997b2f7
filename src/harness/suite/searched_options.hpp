#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "spurion/suite.hpp"

namespace spurion::harness {

/// Which options the search of an experiment draws. A field "section.option" is that option. A
/// field that is a section alone stands for all options of it that the experiment does not set
/// itself; of these a search draws the ones that have a distribution. What is set for one
/// component, such as one method of the grid, is drawn for the others.
class SPURION_API SearchedOptions {
 public:
  explicit SearchedOptions(const Experiment& experiment);

  /// The number of the field of the search that names an option of a component; none where none
  /// does. A section without components, such as "optimizer", has the component "".
  [[nodiscard]] std::optional<std::size_t> field_of(const std::string& section,
                                                    const std::string& component,
                                                    const std::string& option) const;
  /// Whether a field of the search names an option of some component.
  [[nodiscard]] bool searched(const std::string& section, const std::string& option) const;
  /// The options of a trial that the search names, as "section.option"; also those that are tables
  /// of which it names an entry, "section.option.key".
  [[nodiscard]] std::set<std::string> of(const TrialSpec& trial) const;
  /// Whether the experiment sets an option of a section, for some component or for all.
  [[nodiscard]] bool sets(const std::string& section, const std::string& option) const;

 private:
  [[nodiscard]] bool names_entry_of(const std::string& path) const;

  const Experiment& experiment_;
  /// "section.option" that the experiment sets, in its grid or outside, and the components that it
  /// is set for; "" are all.
  std::map<std::string, std::set<std::string>> set_;
};

}  // namespace spurion::harness
