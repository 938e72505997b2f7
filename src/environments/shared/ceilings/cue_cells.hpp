#pragma once

#include <cstdint>
#include <vector>

#include "spurion/environment.hpp"

namespace spurion::environments {

/// The population of environments with a causal reading and two-valued cues that are read without
/// noise:
///
///     y = +1 with probability class_share, else -1;  object = y, negated with probability
///     label_noise reading s ~ N(object * distance, 1) cue_c = y, negated with probability e_c of
///     the domain
///
/// In each cell of cues the best threshold on s has a closed form, and so have all ceilings, as a
/// sum over cells. See datasets/two_shortcuts.md for the formulas.
struct CueCellsOptions {
  double distance =
      1.0;  ///< > 0; from `CueCells::kReadExactly` on the object is read without error
  double label_noise = 0.0;
  /// A cue at shift 1/2 is absent instead of random.
  bool absent_when_neutral = false;
  double class_share = 0.5;  ///< P(y = +1), in every domain; in (0, 1)
};

class CueCells {
 public:
  /// From this distance on a reading has no errors that a double could hold.
  static constexpr double kReadExactly = 40.0;

  explicit CueCells(CueCellsOptions options) : options_(options) {}

  /// Exact. `shifts` holds e of each cue, `train` those of each train domain. The population
  /// minimiser is known where every cell of cues, and of the object where it is read without error,
  /// that occurs here occurs in training.
  [[nodiscard]] Ceilings ceilings(const std::vector<double>& shifts,
                                  const std::vector<std::vector<double>>& train) const;
  /// Whether a cue at this shift is not there.
  [[nodiscard]] bool absent(double shift) const;

 private:
  /// State of each cue: -1 or +1; 0 where it is absent.
  using Cell = std::vector<int>;
  [[nodiscard]] std::vector<Cell> cells(const std::vector<double>& shifts) const;
  /// P(cell | y).
  [[nodiscard]] double probability(const Cell& cell, int y,
                                   const std::vector<double>& shifts) const;
  /// What a cell of cues says: weights of +1 and -1, of which only the ratio matters.
  struct Odds {
    double positive = 1.0;
    double negative = 1.0;
    [[nodiscard]] bool never() const { return positive == 0.0 && negative == 0.0; }
  };
  /// P(y).
  [[nodiscard]] double prior(int y) const {
    return y > 0 ? options_.class_share : 1.0 - options_.class_share;
  }
  /// 2 P(y) P(cell | y) of +1 and -1, pooled.
  [[nodiscard]] Odds odds(const Cell& cell, const std::vector<std::vector<double>>& domains) const;
  /// Of the classes alone.
  [[nodiscard]] Odds class_odds() const { return {2.0 * prior(1), 2.0 * prior(-1)}; }
  /// P(right | y) of the predictor that adds these odds to those of the reading.
  [[nodiscard]] double right(int y, const Odds& odds) const;
  /// Whether training shows what occurs here, so that its minimiser has an answer.
  [[nodiscard]] bool shown(const Odds& here, const Odds& train_odds) const;

  CueCellsOptions options_;
};

}  // namespace spurion::environments
