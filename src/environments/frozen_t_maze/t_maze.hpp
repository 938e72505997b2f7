#pragma once

#include <cstdint>

#include "environments/shared/finite_process.hpp"
#include "spurion/export.hpp"
#include "spurion/interactive.hpp"

namespace spurion::environments {

/// A corridor of 3 rows that ends in a T. The agent begins in the middle row of the first column,
/// where a signal shows which end is rewarded. From the last column, up from the top row and down
/// from the bottom row lead to the two ends. A column between them may be frozen: whoever comes
/// there for the first time slides, with some probability, to the top or the bottom row, both
/// equally likely.
class SPURION_API TMaze {
 public:
  static constexpr std::int64_t kRows = 3;
  static constexpr std::int64_t kActions = 4;
  enum Action : std::int64_t { up, down, left, right };

  /// `length` >= 5 columns.
  explicit TMaze(std::int64_t length) : length_(length) {}

  /// Where an agent is, and what it cannot see.
  struct Place {
    int signal = -1;              ///< -1: the upper end is rewarded; +1: the lower end
    std::int64_t ice = 2;         ///< the frozen column
    bool crossed = false;         ///< whether it came there already
    std::int64_t row = 1;         ///< 0: top
    std::int64_t column = 0;      ///< 0: first
    std::int64_t entered = kNot;  ///< row in which it first came to the last column, or `kNot`
  };
  static constexpr std::int64_t kNot = -1;

  /// What a step does before the ice.
  struct Move {
    Place place;
    bool over = false;       ///< an end was reached
    bool right_end = false;  ///< the rewarded one
    bool habit_end = false;  ///< the one on the side where the agent came to the last column
    bool onto_ice = false;   ///< it came to the frozen column for the first time
  };
  [[nodiscard]] Move move(const Place& from, std::int64_t action) const;
  /// The place after it slid to a row.
  [[nodiscard]] static Place slid(Place place, std::int64_t row) {
    place.row = row;
    return place;
  }

  [[nodiscard]] std::int64_t length() const { return length_; }
  [[nodiscard]] std::int64_t first_ice() const { return 2; }
  /// Columns that may be frozen: 2 .. length - 2.
  [[nodiscard]] std::int64_t ice_columns() const { return length_ - 3; }
  [[nodiscard]] std::int64_t locations() const { return kRows * length_; }
  [[nodiscard]] std::int64_t location(const Place& place) const {
    return place.row * length_ + place.column;
  }
  [[nodiscard]] bool at_start(const Place& place) const {
    return place.row == 1 && place.column == 0;
  }

  /// The expert knows the signal: to its side at once, along the corridor, and then to the end that
  /// the signal showed.
  [[nodiscard]] std::int64_t expert(const Place& place) const;
  /// One with this habit does the same, but takes the end on whose side it is.
  [[nodiscard]] std::int64_t habit(const Place& place) const;
  /// One of the best: it needs the least number of steps from everywhere.
  [[nodiscard]] std::int64_t best(const Place& place) const;

  /// The states that matter for returns and rows: all of `Place` but `entered`.
  [[nodiscard]] std::int64_t states() const { return 4 * ice_columns() * locations(); }
  [[nodiscard]] std::int64_t state(const Place& place) const;
  [[nodiscard]] Place place(std::int64_t state) const;
  /// The decision process with this probability of sliding; the reward is 1 for the right end.
  [[nodiscard]] FiniteProcess process(double slide) const;
  /// [S] where episodes begin.
  [[nodiscard]] std::vector<double> start() const;

 private:
  std::int64_t length_;
};

}  // namespace spurion::environments
