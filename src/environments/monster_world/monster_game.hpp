#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "environments/shared/grids/board.hpp"
#include "spurion/export.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {

/// What is on a board with monsters.
struct MonsterBoard {
  int agent = 0;
  CellSet apples = 0;
  CellSet shields = 0;   ///< that lie on the board
  CellSet monsters = 0;  ///< that are left
  int held = 0;          ///< shields that the agent has
};

/// Options of the game.
struct MonsterRules {
  int side = 7;
  int apples = 3;      ///< on the board at any time
  int shields = 3;     ///< on the board at any time
  int monsters = 3;    ///< at the start
  double chase = 0.5;  ///< P(a monster takes a step towards the agent)
};

/// What a step brought.
struct MonsterEvents {
  int apples = 0;             ///< eaten: 0 or 1
  int hits = 0;               ///< by a monster while no shield was held
  bool spare_shield = false;  ///< a shield was taken beyond the monsters that are left
};

/// Rules of the game, and what policies do.
class SPURION_API MonsterGame {
 public:
  static constexpr std::int64_t kChannels = 5;  ///< agent, apples, shields, monsters, shields held
  static constexpr std::int64_t kApplesEaten = 3;  ///< number of the state

  explicit MonsterGame(const MonsterRules& rules);

  [[nodiscard]] const Board& board() const { return board_; }
  /// The start of an episode.
  [[nodiscard]] MonsterBoard start(const RandomStream& draws, std::int64_t number) const;
  /// The agent goes; monsters follow; what the agent meets happens. What is taken appears on
  /// another free cell.
  MonsterEvents step(int direction, const RandomStream& draws, std::int64_t number,
                     std::int64_t step, MonsterBoard& now) const;

  void put(Episodes& episodes, std::int64_t i, const MonsterBoard& now) const;
  [[nodiscard]] MonsterBoard get(const Episodes& episodes, std::int64_t i) const;
  /// Names of the numbers of the state.
  [[nodiscard]] std::vector<std::string> names() const;
  /// Writes [kChannels, side, side] numbers, which are zero.
  void draw_all(const MonsterBoard& now, float* inputs) const;

  /// First step to the nearest shield. There always is one.
  [[nodiscard]] int way_to_shield(const MonsterBoard& now) const;
  /// What the expert does: it goes to the nearest apple, or shield while it holds fewer than
  /// monsters are left; without a shield it keeps a cell away from monsters where it can.
  [[nodiscard]] int useful_way(const MonsterBoard& now) const;

 private:
  [[nodiscard]] CellSet free_cells(const MonsterBoard& now) const;
  [[nodiscard]] int away(const MonsterBoard& now) const;
  void chase(const RandomStream& draws, std::int64_t number, std::int64_t lane,
             MonsterBoard& now) const;

  MonsterRules rules_;
  Board board_;
  Layer apples_;
  Layer shields_;
  Layer monsters_;
};

}  // namespace spurion::environments
