#pragma once

#include <optional>

#include "spurion/export.hpp"
#include "spurion/registry.hpp"

/// \file
/// Selectors: how hyper-parameters, and the update at which training stops, are chosen from what a
/// store holds. A selector gives a trial a score. The sample of a search with the best mean score
/// over seeds is chosen; with early stopping each trial is taken as it was at its best update.
///
/// What a selector may read is a part of its type. It derives from `TrainingSelector`,
/// `GroupSelector`, `ProbeSelector`, `HeldOutSelector` or `OracleSelector`, and is given the scores
/// that this class names and nothing else of a trial. So no number of the test domain can reach one
/// that is not an oracle. An oracle leaks the test domain, and reports say so wherever it was used.
///
///     class LeastLoss final : public spurion::TrainingSelector {
///      public:
///       struct Options {};
///       static const spurion::Schema<Options>& schema() {
///         static const spurion::Schema<Options> none;
///         return none;
///       }
///       explicit LeastLoss(Options) {}
///      private:
///       std::optional<double> score(const spurion::TrainingScores& scores) const override {
///         if (!scores.loss) return std::nullopt;
///         return -*scores.loss;
///       }
///     };
///
///     catalog.questions.selectors.add<LeastLoss>("least_loss", "The least validation loss.", "-");

namespace spurion {

/// Scores on validation rows of the train domains: means over the domains.
struct TrainingScores {
  std::optional<double> accuracy;  ///< share of rows; none for regression
  std::optional<double> loss;      ///< cross-entropy, or mean squared error
};

/// The same with what needs group labels of validation rows.
struct GroupScores {
  TrainingScores training;  ///< of all rows
  /// The lowest accuracy of a group (label x cue) of any train domain; none without groups.
  std::optional<double> worst_group_accuracy;
};

/// Scores on validation rows of the train domains beside what a probe finds.
struct ProbeScores {
  TrainingScores training;  ///< of all validation rows
  /// Reliance in [0, 1] that the first of the trial's `evaluation.probes` finds, of the cue of
  /// which it finds most: mean over held-out rows of the train domains. None without probes.
  std::optional<double> reliance;
};

/// Scores on validation rows of train domains that were left out of the training: means over
/// further trials, each of which held out another domain (`training.held_out_domain`) and is else
/// like the trial that is scored.
struct HeldOutScores {
  std::optional<double> accuracy;  ///< share of rows; none for regression
  std::optional<double> loss;      ///< cross-entropy, or mean squared error
};

/// Scores on validation rows of the test domain.
struct OracleScores {
  std::optional<double> accuracy;              ///< share of rows; none for regression
  std::optional<double> loss;                  ///< cross-entropy, or mean squared error
  std::optional<double> worst_group_accuracy;  ///< lowest accuracy of a group; none without groups
};

/// All that was measured on validation rows of a trial at one update.
struct ValidationScores {
  GroupScores train;  ///< of the train domains
  OracleScores test;  ///< of the test domain
  /// Of train domains that were left out of the training; none without such trials.
  HeldOutScores held_out = {};
  /// What the first probe finds; none without probes.
  std::optional<double> reliance = {};
};

/// What a selector reads.
enum class SelectorAccess {
  train_domains,    ///< validation rows of the train domains
  train_groups,     ///< the same, and the group of each of these rows
  probes,           ///< the same, and what a probe finds
  test_domain,      ///< validation rows of the test domain: a leak
  held_out_domains  ///< validation rows of train domains that further trials did not train on
};

/// "validation rows of the training domains"; of an oracle it ends with "(leak)".
SPURION_API const char* selector_access_text(SelectorAccess access);

/// The accuracy where it is known, else minus the loss: more is better.
inline std::optional<double> accuracy_or_loss(const std::optional<double>& accuracy,
                                              const std::optional<double>& loss) {
  if (accuracy || !loss) return accuracy;
  return -*loss;
}

/// A rule of choice. Derive from one of the five classes below.
class SPURION_API Selector {
 public:
  virtual ~Selector() = default;
  /// What it reads. Its base class says so.
  [[nodiscard]] virtual SelectorAccess access() const = 0;
  /// How good a trial is by the part of `all` that it may read: more is better; none where it
  /// cannot tell. Its base class passes that part on.
  [[nodiscard]] virtual std::optional<double> score_of(const ValidationScores& all) const = 0;
  /// Whether it reads the test domain.
  [[nodiscard]] bool leaks() const { return access() == SelectorAccess::test_domain; }

 private:
  Selector() = default;
  friend class TrainingSelector;
  friend class GroupSelector;
  friend class ProbeSelector;
  friend class HeldOutSelector;
  friend class OracleSelector;
};

/// Reads validation rows of the train domains, without groups.
class SPURION_API TrainingSelector : public Selector {
 public:
  [[nodiscard]] SelectorAccess access() const final { return SelectorAccess::train_domains; }
  [[nodiscard]] std::optional<double> score_of(const ValidationScores& all) const final {
    return score(all.train.training);
  }

 private:
  /// How good a trial with these scores is: more is better; none where it cannot tell.
  [[nodiscard]] virtual std::optional<double> score(const TrainingScores& scores) const = 0;
};

/// Reads validation rows of the train domains with their groups.
class SPURION_API GroupSelector : public Selector {
 public:
  [[nodiscard]] SelectorAccess access() const final { return SelectorAccess::train_groups; }
  [[nodiscard]] std::optional<double> score_of(const ValidationScores& all) const final {
    return score(all.train);
  }

 private:
  /// How good a trial with these scores is: more is better; none where it cannot tell.
  [[nodiscard]] virtual std::optional<double> score(const GroupScores& scores) const = 0;
};

/// Reads validation rows of the train domains, and what a probe finds.
class SPURION_API ProbeSelector : public Selector {
 public:
  [[nodiscard]] SelectorAccess access() const final { return SelectorAccess::probes; }
  [[nodiscard]] std::optional<double> score_of(const ValidationScores& all) const final {
    return score({all.train.training, all.reliance});
  }

 private:
  /// How good a trial with these scores is: more is better; none where it cannot tell.
  [[nodiscard]] virtual std::optional<double> score(const ProbeScores& scores) const = 0;
};

/// Reads validation rows of train domains that further trials did not train on.
class SPURION_API HeldOutSelector : public Selector {
 public:
  [[nodiscard]] SelectorAccess access() const final { return SelectorAccess::held_out_domains; }
  [[nodiscard]] std::optional<double> score_of(const ValidationScores& all) const final {
    return score(all.held_out);
  }

 private:
  /// How good a trial with these scores is: more is better; none where it cannot tell.
  [[nodiscard]] virtual std::optional<double> score(const HeldOutScores& scores) const = 0;
};

/// Reads validation rows of the test domain: a leak, for upper bounds.
class SPURION_API OracleSelector : public Selector {
 public:
  [[nodiscard]] SelectorAccess access() const final { return SelectorAccess::test_domain; }
  [[nodiscard]] std::optional<double> score_of(const ValidationScores& all) const final {
    return score(all.test);
  }

 private:
  /// How good a trial with these scores is: more is better; none where it cannot tell.
  [[nodiscard]] virtual std::optional<double> score(const OracleScores& scores) const = 0;
};

/// The selectors that questions can name.
struct Selectors : Registry<Selector> {
  Selectors() : Registry<Selector>("selector") {}
};

/// The selectors that come with spurion.
SPURION_API Selectors builtin_selectors();

}  // namespace spurion
