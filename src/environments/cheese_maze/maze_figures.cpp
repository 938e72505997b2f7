#include "environments/cheese_maze/maze_figures.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace spurion::environments {

namespace {

constexpr std::int64_t kMazes = 500;       ///< that are summed where there are walls
constexpr std::int64_t kRandomMazes = 20;  ///< of these, for the random policy, which costs more
constexpr double kStandardErrors = 5.0;    ///< of the stated bounds

/// Sums over the starts of one maze: what a place of the cheese adds to the figures.
class MazeSums {
 public:
  explicit MazeSums(const MazeRules& rules) : rules_(rules), board_(rules.side) {
    double power = 1.0;
    for (std::int64_t step = 0; step < rules.steps; ++step, power *= rules.discount) {
      powers_.push_back(power);
    }
  }

  struct Returns {
    double optimal = 0.0;
    double cue = 0.0;
    double random = 0.0;
  };

  [[nodiscard]] const Board& board() const { return board_; }

  /// Sets the free cells, and where the corner-seeking policy goes from each.
  void set_maze(CellSet open) {
    if (open == open_) return;
    open_ = open;
    ways_.fill(kNowhere);
    for (CellSet left = open; left != 0;) {
      const CellSet part = board_.reached(first_of(left), open);
      const int end = corner_end(board_, first_of(left), open);
      for (CellSet rest = part; rest != 0; rest &= rest - 1) {
        const int cell = first_of(rest);
        ways_[static_cast<std::size_t>(cell)] = board_.way_to(cell, end, open);
      }
      left &= ~part;
    }
  }

  /// Adds the starts of all places of the cheese, each place with `weight`.
  Returns add(CellSet cheese, double weight, bool with_random, MazeFigures& figures) {
    Returns sum;
    const double starts = weight / static_cast<double>(count(open_) - 1);
    for (CellSet rest = cheese; rest != 0; rest &= rest - 1) {
      const int cell = first_of(rest);
      sum.optimal += starts * add_shortest(cell, starts, figures);
      if (with_random) sum.random += starts * random_sum(cell);
    }
    sum.cue += starts * cue_sum(cheese);
    return sum;
  }

 private:
  /// The discounted rewards of shortest ways from all cells; counts what the expert passes.
  double add_shortest(int cheese, double weight, MazeFigures& figures) {
    levels_.assign(1, Board::only(cheese));
    CellSet seen = levels_.front();
    double sum = 0.0;
    while (levels_.back() != 0) {
      const CellSet next = board_.beside(levels_.back()) & open_ & ~seen;
      seen |= next;
      const std::size_t distance = levels_.size();
      if (distance <= powers_.size()) sum += count(next) * powers_[distance - 1];
      levels_.push_back(next);
    }
    std::array<double, Board::kMostSide * Board::kMostSide> through{};
    for (std::size_t level = levels_.size() - 1; level > 0; --level) {
      for (CellSet rest = levels_[level]; rest != 0; rest &= rest - 1) {
        const int cell = first_of(rest);
        const double passes = through[static_cast<std::size_t>(cell)] + 1.0;
        for (const int direction : in_order(board_.longer_side(cell, cheese))) {
          const int next = board_.step(cell, direction);
          if (next == kNowhere || !Board::has(levels_[level - 1], next)) continue;
          through[static_cast<std::size_t>(next)] += passes;
          const int way = ways_[static_cast<std::size_t>(cell)];
          figures.visits[static_cast<std::size_t>(way == kNowhere ? kDirections : way)]
                        [static_cast<std::size_t>(direction)] += passes * weight;
          break;
        }
      }
    }
    return sum;
  }

  /// The discounted rewards of going to the corner, of all starts and places of the cheese.
  [[nodiscard]] double cue_sum(CellSet cheese) const {
    double sum = 0.0;
    for (CellSet rest = open_; rest != 0; rest &= rest - 1) {
      int cell = first_of(rest);
      for (const double power : powers_) {
        const int way = ways_[static_cast<std::size_t>(cell)];
        if (way == kNowhere) break;
        cell = board_.step(cell, way);
        if (Board::has(cheese, cell)) sum += power;
      }
    }
    return sum;
  }

  /// The discounted rewards of random actions from all cells but the cheese's.
  [[nodiscard]] double random_sum(int cheese) const {
    std::vector<int> cells;
    std::array<int, Board::kMostSide * Board::kMostSide> index{};
    for (CellSet rest = open_; rest != 0; rest &= rest - 1) {
      index[static_cast<std::size_t>(first_of(rest))] = static_cast<int>(cells.size());
      cells.push_back(first_of(rest));
    }
    std::vector<std::array<std::size_t, kDirections>> next;
    for (const int cell : cells) {
      std::array<std::size_t, kDirections> to{};
      for (int direction = 0; direction < kDirections; ++direction) {
        const int there = board_.step(cell, direction);
        const bool free = there != kNowhere && Board::has(open_, there);
        to[static_cast<std::size_t>(direction)] =
            static_cast<std::size_t>(index[static_cast<std::size_t>(free ? there : cell)]);
      }
      next.push_back(to);
    }
    // value[x]: of x with so many steps left; the cheese itself is worth 1 / discount, once.
    const auto goal = static_cast<std::size_t>(index[static_cast<std::size_t>(cheese)]);
    std::vector<double> value(cells.size(), 0.0);
    std::vector<double> before(cells.size(), 0.0);
    for (std::size_t step = 0; step < powers_.size(); ++step) {
      before.swap(value);
      before[goal] = 1.0 / rules_.discount;
      for (std::size_t x = 0; x < cells.size(); ++x) {
        const auto& to = next[x];
        value[x] = 0.25 * rules_.discount *
                   (before[to[0]] + before[to[1]] + before[to[2]] + before[to[3]]);
      }
    }
    double sum = 0.0;
    for (std::size_t x = 0; x < cells.size(); ++x) sum += x == goal ? 0.0 : value[x];
    return sum;
  }

  MazeRules rules_;
  Board board_;
  std::vector<double> powers_;  ///< [steps] discount of a reward at each step
  CellSet open_ = 0;
  std::array<int, Board::kMostSide * Board::kMostSide> ways_{};  ///< to the corner
  std::vector<CellSet> levels_;  ///< cells by their distance to the cheese
};

/// Mean and bound of what mazes gave.
struct Mean {
  double sum = 0.0;
  double squares = 0.0;
  double number = 0.0;

  void add(double value) {
    sum += value;
    squares += value * value;
    number += 1.0;
  }
  [[nodiscard]] Ceiling ceiling() const {
    const double mean = sum / number;
    if (number < 2.0) return {mean, Exactness::enumerated, 0.0};
    const double variance = std::max(squares / number - mean * mean, 0.0) / (number - 1.0);
    return {mean, Exactness::empirical, kStandardErrors * std::sqrt(variance)};
  }
};

/// The figures of one kind of places, maze by maze.
struct Collected {
  Mean optimal;
  Mean cue;
  Mean random;
  MazeFigures figures;

  void add(const MazeSums::Returns& returns, bool with_random) {
    optimal.add(returns.optimal);
    cue.add(returns.cue);
    if (with_random) random.add(returns.random);
  }
  [[nodiscard]] MazeFigures take() {
    figures.optimal = optimal.ceiling();
    figures.cue = cue.ceiling();
    figures.random = random.ceiling();
    return figures;
  }
};

}  // namespace

CellSet maze_of(const MazeRules& rules, const Board& board, const RandomStream& walls,
                std::int64_t number) {
  if (rules.walls == 0.0) return board.all();
  CellSet open = 0;
  for (int cell = 0; cell < board.cells(); ++cell) {
    if (!walls.bernoulli(rules.walls, number, cell)) open |= Board::only(cell);
  }
  return count(open) < 2 ? board.all() : open;
}

CheesePlaces places_in_region(const MazeRules& rules, const Board& board, CellSet open) {
  const CellSet region = board.corner(rules.region);
  const CellSet free = region & open;
  return {free != 0 ? free : region, open};
}

int corner_end(const Board& board, int from, CellSet open) {
  const CellSet part = board.reached(from, open);
  int best = from;
  for (CellSet rest = part; rest != 0; rest &= rest - 1) {
    const int cell = first_of(rest);
    // Cells come row by row, so of equals the uppermost stays.
    const int lead = board.row(cell) + board.column(cell) - board.row(best) - board.column(best);
    if (lead < 0 || (lead == 0 && cell < best)) best = cell;
  }
  return best;
}

BothFigures maze_figures(const MazeRules& rules) {
  MazeSums sums(rules);
  const Board& board = sums.board();
  // The mazes have a seed of their own, so that the figures are those of the options alone.
  const RandomStream walls(RandomKey(0).child("cheese_maze").child("figures"));
  const std::int64_t mazes = rules.walls > 0.0 ? kMazes : 1;
  Collected region;
  Collected anywhere;
  for (std::int64_t maze = 0; maze < mazes; ++maze) {
    const CellSet open = maze_of(rules, board, walls, maze);
    const bool with_random = maze < kRandomMazes;
    sums.set_maze(open);
    anywhere.add(sums.add(open, 1.0 / count(open), with_random, anywhere.figures), with_random);
    const CellSet places = places_in_region(rules, board, open).cheese;
    const double weight = 1.0 / count(places);
    if ((places & open) != 0) {
      region.add(sums.add(places, weight, with_random, region.figures), with_random);
      continue;
    }
    MazeSums::Returns all;
    for (CellSet rest = places; rest != 0; rest &= rest - 1) {
      const CellSet cheese = Board::only(first_of(rest));
      sums.set_maze(open | cheese);
      const auto one = sums.add(cheese, weight, with_random, region.figures);
      all.optimal += one.optimal;
      all.cue += one.cue;
      all.random += one.random;
    }
    region.add(all, with_random);
  }
  return {region.take(), anywhere.take()};
}

}  // namespace spurion::environments
