#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/interactive.hpp"

/// \file
/// Ceilings of the rows of interactive environments: how well the action of the expert can be
/// predicted from a row.

namespace spurion::environments {

/// How often the expert takes each action beside each value of the cue: probabilities or counts.
class SPURION_API CueActionTable {
 public:
  explicit CueActionTable(std::int64_t actions) : actions_(actions) {}

  /// Adds to the weight of an action beside a cue. The cue may have several numbers.
  void add(const std::vector<float>& cue, std::int64_t action, double weight);
  /// Adds another table, scaled so that all of its weights sum to `share`. Throws `LogicError` for
  /// a table without weights.
  void add(const CueActionTable& other, double share);
  /// The accuracy, by the weights of this table, of always the same action.
  [[nodiscard]] double best_constant() const;
  /// The accuracy, by the weights of this table, of the predictor that is best from the cue alone
  /// by the weights of `train`. A cue that is not in `train` gets the action that is best there
  /// without the cue. Actions that are equally good there are taken equally often.
  [[nodiscard]] double accuracy_of(const CueActionTable& train) const;

  /// An accuracy that rests on counts.
  struct Counted {
    double value = 0.0;
    /// Most that `value` is wrong by where one of the actions that count as equally good is better.
    double tied = 0.0;
  };
  /// The same where the weights of `train` were counted on rows, each of which has the weight
  /// `row`. Actions that the counts cannot tell apart, within 3 standard errors of their
  /// difference, count as equally good.
  [[nodiscard]] Counted counted_accuracy_of(const CueActionTable& train, double row) const;

 private:
  using Weights = std::vector<double>;  ///< [A]
  [[nodiscard]] Weights all() const;

  std::int64_t actions_;
  std::map<std::vector<float>, Weights> cells_;
};

/// `spurious_only` and `chance` of the rows of an interactive environment, counted on demonstration
/// rows that no experiment uses; for worlds without a closed form. A member of the world: what was
/// counted is kept. Many threads may call it.
class SPURION_API SimulatedActionCeilings {
 public:
  /// `rows` demonstration rows are counted in each domain; the errors of the ceilings are about
  /// 2.5 / sqrt(rows).
  explicit SimulatedActionCeilings(std::int64_t rows = 4096) : rows_(rows) {}

  /// `spurious_only` is empirical, with an error bound of 5 standard errors and what actions differ
  /// by that the counts cannot tell apart; `chance` is the
  /// largest share of an action. `bayes` and `invariant` are 1 in closed form: what holds where the
  /// expert is deterministic and the inputs hold all that it reads. Other worlds replace them.
  /// `world` is the environment that this is a member of.
  [[nodiscard]] Ceilings of(const InteractiveEnvironment& world, const Domain& domain) const;

 private:
  [[nodiscard]] const CueActionTable& table(const InteractiveEnvironment& world,
                                            const Domain& domain) const;

  std::int64_t rows_;
  mutable std::mutex mutex_;
  /// By the key and the shifts of a domain; a map keeps its elements where they are.
  mutable std::map<std::pair<std::string, std::vector<double>>, CueActionTable> tables_;
};

}  // namespace spurion::environments
