#include "environments/keys_and_chests/key_game.hpp"

namespace spurion::environments {

namespace {

constexpr std::int64_t kFirstKeyLayer = KeyGame::kKeysLeft + 1;

}  // namespace

KeyGame::KeyGame(const Board& board, bool with_walls)
    : keys{kFirstKeyLayer, board.side()},
      chests{kFirstKeyLayer + board.side(), board.side()},
      board_(board) {
  if (with_walls) walls = {kFirstKeyLayer + 2 * board.side(), board.side()};
}

void KeyGame::put(Episodes& episodes, std::int64_t i, const KeyBoard& now) const {
  episodes.values(kAgentRow)[i] = board_.row(now.agent);
  episodes.values(kAgentColumn)[i] = board_.column(now.agent);
  episodes.values(kHeld)[i] = now.held;
  episodes.values(kWanted)[i] = now.wanted;
  episodes.values(kKeysLeft)[i] = count(now.keys);
  keys.set(episodes, i, now.keys);
  chests.set(episodes, i, now.chests);
  if (has_walls()) walls.set(episodes, i, board_.all() & ~now.open);
}

KeyBoard KeyGame::get(const Episodes& episodes, std::int64_t i) const {
  const auto number = [&](std::int64_t s) { return static_cast<int>(episodes.values(s)[i]); };
  KeyBoard now;
  now.agent = board_.cell(number(kAgentRow), number(kAgentColumn));
  now.keys = keys.get(episodes, i);
  now.chests = chests.get(episodes, i);
  now.open = has_walls() ? board_.all() & ~walls.get(episodes, i) : board_.all();
  now.held = number(kHeld);
  now.wanted = number(kWanted);
  return now;
}

std::vector<std::string> KeyGame::names() const {
  std::vector<std::string> all = {"agent_row", "agent_column", "keys_held", "chests_wanted",
                                  "keys_left"};
  keys.add_names("keys", all);
  chests.add_names("chests", all);
  walls.add_names("walls", all);
  return all;
}

void KeyGame::draw_all(const KeyBoard& now, float* inputs) const {
  const std::int64_t side = board_.side() + 2;
  const std::int64_t channel = side * side;
  draw_border(side, inputs);
  float* inside = inputs + side + 1;
  if (has_walls()) draw(board_.all() & ~now.open, board_, side, inside);
  draw(Board::only(now.agent), board_, side, inside + channel);
  draw(now.keys, board_, side, inside + 2 * channel);
  draw(now.chests, board_, side, inside + 3 * channel);
  for (int key = 0; key < now.held; ++key) inputs[4 * channel + key] = 1.0F;
}

int KeyGame::way_to_useful(const KeyBoard& now) const {
  CellSet useful = 0;
  if (now.wanted == 0) return kNowhere;
  if (now.held > 0) useful |= now.chests;
  if (now.held < now.wanted) useful |= now.keys;
  return way_to(now, useful);
}

}  // namespace spurion::environments
