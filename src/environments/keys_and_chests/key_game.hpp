#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "environments/shared/grids/board.hpp"

namespace spurion::environments {

/// A board with keys and chests, as it is now.
struct KeyBoard {
  int agent = 0;
  CellSet keys = 0;    ///< that lie on the board
  CellSet chests = 0;  ///< that are closed
  CellSet open = 0;    ///< cells that are no walls
  int held = 0;        ///< keys that the agent has
  int wanted = 0;      ///< chests that are still to be opened
};

/// How boards stand in the state of episodes, what is seen of them, and where ways lead.
class KeyGame {
 public:
  static constexpr std::int64_t kAgentRow = 0;
  static constexpr std::int64_t kAgentColumn = 1;
  static constexpr std::int64_t kHeld = 2;
  static constexpr std::int64_t kWanted = 3;
  static constexpr std::int64_t kKeysLeft = 4;
  static constexpr std::int64_t kChannels = 5;  ///< walls, agent, keys, chests, keys held

  KeyGame(const Board& board, bool walls);

  [[nodiscard]] bool has_walls() const { return walls.side > 0; }
  void put(Episodes& episodes, std::int64_t i, const KeyBoard& now) const;
  [[nodiscard]] KeyBoard get(const Episodes& episodes, std::int64_t i) const;
  /// Names of the numbers of the state.
  [[nodiscard]] std::vector<std::string> names() const;
  /// Writes [kChannels, side + 2, side + 2] numbers, which are zero.
  void draw_all(const KeyBoard& now, float* inputs) const;

  [[nodiscard]] int way_to(const KeyBoard& now, CellSet targets) const {
    return board_.way(now.agent, targets, now.open, Preference::rows_first);
  }
  [[nodiscard]] int way_to_key(const KeyBoard& now) const { return way_to(now, now.keys); }
  /// To the nearest chest that can be opened or key that a chest is left for.
  [[nodiscard]] int way_to_useful(const KeyBoard& now) const;

  Layer keys;
  Layer chests;
  Layer walls;  ///< empty if there are none

 private:
  Board board_;
};

}  // namespace spurion::environments
