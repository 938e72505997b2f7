#pragma once

#include <string>
#include <vector>

#include "spurion/export.hpp"

namespace spurion {

/// The information budget: what a method may see in training. A method declares what it needs; a
/// regime declares what it grants. A run refuses a mismatch, and every report prints the budget.
struct Access {
  bool domain_labels = false;            ///< the domain of a training row
  bool group_labels = false;             ///< the (label, cue) group of a training row
  bool group_labels_validation = false;  ///< the same for validation rows
  bool unlabelled_target = false;        ///< rows without labels of the test domain
  bool counterfactual_rows = false;      ///< rows whose cue is set by intervention
  bool validation_rows = false;  ///< labelled held-out rows of the train domains, in training
  bool exact_ceilings = false;   ///< the ceilings of the train domains: known from the mechanism
  bool cue_inputs = false;       ///< which inputs a change of the cue changes
  /// Rewards of the learner's own actions. A regime that grants them has the actions as labels, so
  /// a run refuses methods that do not need them.
  bool rewards = false;
  bool expert_answers = false;  ///< what an expert would do where the learner's actions led

  /// "domain labels, group labels", or "labels only".
  [[nodiscard]] SPURION_API std::string text() const;
  /// The needs that `granted` does not cover, in words.
  [[nodiscard]] SPURION_API std::vector<std::string> missing_from(const Access& granted) const;
};

}  // namespace spurion
