#pragma once

#include <string>
#include <vector>

#include "spurion/export.hpp"

namespace spurion {

/// What a method may look at while it trains. A method declares what it needs, a regime what it
/// grants; a mismatch is refused before anything runs, and every report prints the budget.
struct Access {
  bool domain_labels = false;            ///< which domain a training row came from
  bool group_labels = false;             ///< (label, cue) cell of a training row
  bool group_labels_validation = false;  ///< the same for validation rows
  bool unlabelled_target = false;        ///< rows, not labels, of the test domain
  bool counterfactual_rows = false;      ///< rows with the cue set by intervention

  /// "domain labels, group labels", or "labels only".
  [[nodiscard]] SPURION_API std::string text() const;
  /// The needs not covered by `granted`, in words.
  [[nodiscard]] SPURION_API std::vector<std::string> missing_from(const Access& granted) const;
};

}  // namespace spurion
