#include "environments/monster_world/monster_game.hpp"

#include <algorithm>

namespace spurion::environments {

namespace {

constexpr std::int64_t kFirstMonsterLayer = MonsterGame::kApplesEaten + 1;
/// Draws of a step: one for each monster, and those of what appears again.
constexpr std::int64_t kStepDraws = 16;
constexpr std::int64_t kAppears = 12;

/// Takes a cell from a set and puts another, drawn from the free ones.
void move_cell(CellSet& set, int from, CellSet free, double uniform) {
  set &= ~Board::only(from);
  const auto number = static_cast<double>(count(free));
  set |= Board::only(nth_of(free, static_cast<std::int64_t>(uniform * number)));
}

}  // namespace

MonsterGame::MonsterGame(const MonsterRules& rules)
    : rules_(rules),
      board_(rules.side),
      apples_{kFirstMonsterLayer, rules.side},
      shields_{kFirstMonsterLayer + rules.side, rules.side},
      monsters_{kFirstMonsterLayer + 2 * std::int64_t{rules.side}, rules.side} {}

MonsterBoard MonsterGame::start(const RandomStream& draws, std::int64_t number) const {
  CellSet free = board_.all();
  std::int64_t lane = 0;
  const auto take = [&](int cells) {
    CellSet taken = 0;
    for (int item = 0; item < cells; ++item, ++lane) {
      const int cell = nth_of(free, draws.below(count(free), number, lane));
      taken |= Board::only(cell);
      free &= ~Board::only(cell);
    }
    return taken;
  };
  MonsterBoard now;
  now.agent = first_of(take(1));
  now.apples = take(rules_.apples);
  now.shields = take(rules_.shields);
  now.monsters = take(rules_.monsters);
  return now;
}

CellSet MonsterGame::free_cells(const MonsterBoard& now) const {
  return board_.all() & ~(now.apples | now.shields | now.monsters | Board::only(now.agent));
}

void MonsterGame::chase(const RandomStream& draws, std::int64_t number, std::int64_t lane,
                        MonsterBoard& now) const {
  for (CellSet rest = now.monsters; rest != 0; rest &= rest - 1, ++lane) {
    const int monster = first_of(rest);
    const int way = board_.open_way_to(monster, now.agent);
    if (way == kNowhere || draws.uniform(number, lane) >= rules_.chase) continue;
    const int next = board_.step(monster, way);
    if (Board::has(now.monsters, next)) continue;  // another monster is there
    now.monsters = (now.monsters & ~Board::only(monster)) | Board::only(next);
  }
}

MonsterEvents MonsterGame::step(int direction, const RandomStream& draws, std::int64_t number,
                                std::int64_t step, MonsterBoard& now) const {
  const std::int64_t lane = step * kStepDraws;
  const int next = board_.step(now.agent, direction);
  if (next != kNowhere) now.agent = next;
  chase(draws, number, lane, now);
  MonsterEvents events;
  if (Board::has(now.apples, now.agent)) {
    events.apples = 1;
    move_cell(now.apples, now.agent, free_cells(now), draws.uniform(number, lane + kAppears));
  }
  if (Board::has(now.shields, now.agent)) {
    ++now.held;
    events.spare_shield = now.held > count(now.monsters);
    move_cell(now.shields, now.agent, free_cells(now), draws.uniform(number, lane + kAppears + 1));
  }
  if (Board::has(now.monsters, now.agent)) {
    if (now.held > 0) {
      --now.held;
      now.monsters &= ~Board::only(now.agent);
    } else {
      events.hits = 1;
      move_cell(now.monsters, now.agent, free_cells(now),
                draws.uniform(number, lane + kAppears + 2));
    }
  }
  return events;
}

void MonsterGame::put(Episodes& episodes, std::int64_t i, const MonsterBoard& now) const {
  episodes.values(0)[i] = board_.row(now.agent);
  episodes.values(1)[i] = board_.column(now.agent);
  episodes.values(2)[i] = now.held;
  apples_.set(episodes, i, now.apples);
  shields_.set(episodes, i, now.shields);
  monsters_.set(episodes, i, now.monsters);
}

MonsterBoard MonsterGame::get(const Episodes& episodes, std::int64_t i) const {
  const auto number = [&](std::int64_t s) { return static_cast<int>(episodes.values(s)[i]); };
  return {board_.cell(number(0), number(1)), apples_.get(episodes, i), shields_.get(episodes, i),
          monsters_.get(episodes, i), number(2)};
}

std::vector<std::string> MonsterGame::names() const {
  std::vector<std::string> all = {"agent_row", "agent_column", "shields_held", "apples_eaten"};
  apples_.add_names("apples", all);
  shields_.add_names("shields", all);
  monsters_.add_names("monsters", all);
  return all;
}

void MonsterGame::draw_all(const MonsterBoard& now, float* inputs) const {
  const std::int64_t side = board_.side();
  const std::int64_t channel = side * side;
  draw(Board::only(now.agent), board_, side, inputs);
  draw(now.apples, board_, side, inputs + channel);
  draw(now.shields, board_, side, inputs + 2 * channel);
  draw(now.monsters, board_, side, inputs + 3 * channel);
  const std::int64_t shown = std::min<std::int64_t>(now.held, channel);
  std::fill_n(inputs + 4 * channel, shown, 1.0F);
}

int MonsterGame::way_to_shield(const MonsterBoard& now) const {
  return board_.way(now.agent, now.shields, board_.all(), Preference::rows_first);
}

int MonsterGame::away(const MonsterBoard& now) const {
  int best = kUp;
  int farthest = -1;
  for (int direction = 0; direction < kDirections; ++direction) {
    const int next = board_.step(now.agent, direction);
    const int there = next == kNowhere ? now.agent : next;
    int nearest = board_.cells();
    for (CellSet rest = now.monsters; rest != 0; rest &= rest - 1) {
      nearest = std::min(nearest, board_.distance(there, first_of(rest), board_.all()));
    }
    if (nearest > farthest) {
      farthest = nearest;
      best = direction;
    }
  }
  return best;
}

int MonsterGame::useful_way(const MonsterBoard& now) const {
  CellSet useful = now.apples;
  if (now.held < count(now.monsters)) useful |= now.shields;
  if (now.held > 0 || now.monsters == 0) {
    return board_.way(now.agent, useful, board_.all(), Preference::rows_first);
  }
  const CellSet safe = board_.all() & ~(now.monsters | board_.beside(now.monsters));
  const int way = board_.way(now.agent, useful & safe, safe, Preference::rows_first);
  return way == kNowhere ? away(now) : way;
}

}  // namespace spurion::environments
