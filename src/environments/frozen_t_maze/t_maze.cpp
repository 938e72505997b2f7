#include "environments/frozen_t_maze/t_maze.hpp"

#include <algorithm>

namespace spurion::environments {

TMaze::Move TMaze::move(const Place& from, std::int64_t action) const {
  Move out;
  out.place = from;
  const bool last = from.column == length_ - 1;
  const bool top = from.row == 0 && action == up;
  const bool bottom = from.row == kRows - 1 && action == down;
  if (last && (top || bottom)) {
    out.over = true;
    out.right_end = top == (from.signal < 0);
    out.habit_end = from.entered == from.row;
    return out;
  }
  if (action == up) out.place.row = std::max<std::int64_t>(from.row - 1, 0);
  if (action == down) out.place.row = std::min<std::int64_t>(from.row + 1, kRows - 1);
  if (action == left) out.place.column = std::max<std::int64_t>(from.column - 1, 0);
  if (action == right) out.place.column = std::min<std::int64_t>(from.column + 1, length_ - 1);
  if (!from.crossed && out.place.column == from.ice) {
    out.place.crossed = true;
    out.onto_ice = true;
  }
  // The frozen column is never the last, so sliding does not change the row of the entry.
  if (out.place.column == length_ - 1 && from.entered == kNot) out.place.entered = out.place.row;
  return out;
}

std::int64_t TMaze::expert(const Place& place) const {
  const bool ends = at_start(place) || place.column == length_ - 1;
  if (!ends) return right;
  return place.signal < 0 ? up : down;
}

std::int64_t TMaze::habit(const Place& place) const {
  if (place.column != length_ - 1 || place.row == 1) return expert(place);
  return place.row == 0 ? up : down;
}

std::int64_t TMaze::best(const Place& place) const {
  if (place.column != length_ - 1) return right;
  return place.signal < 0 ? up : down;
}

std::int64_t TMaze::state(const Place& place) const {
  const std::int64_t hidden =
      ((place.ice - first_ice()) * 2 + (place.signal > 0 ? 1 : 0)) * 2 + (place.crossed ? 1 : 0);
  return hidden * locations() + location(place);
}

TMaze::Place TMaze::place(std::int64_t state) const {
  Place out;
  const std::int64_t where = state % locations();
  const std::int64_t hidden = state / locations();
  out.row = where / length_;
  out.column = where % length_;
  out.crossed = hidden % 2 != 0;
  out.signal = hidden / 2 % 2 != 0 ? 1 : -1;
  out.ice = hidden / 4 + first_ice();
  return out;
}

FiniteProcess TMaze::process(double slide) const {
  return {states(), kActions,
          [&](std::int64_t from, std::int64_t action, std::vector<Outcome>& outcomes) {
            const Move step = move(place(from), action);
            if (step.over) {
              outcomes.push_back({FiniteProcess::kOver, 1.0, step.right_end ? 1.0 : 0.0});
              return;
            }
            const double still = step.onto_ice ? 1.0 - slide : 1.0;
            if (still > 0.0) outcomes.push_back({state(step.place), still, 0.0});
            if (still == 1.0) return;
            for (const std::int64_t row : {std::int64_t{0}, kRows - 1}) {
              outcomes.push_back({state(slid(step.place, row)), 0.5 * slide, 0.0});
            }
          }};
}

std::vector<double> TMaze::start() const {
  std::vector<double> share(static_cast<std::size_t>(states()), 0.0);
  for (std::int64_t ice = 0; ice < ice_columns(); ++ice) {
    for (const int signal : {-1, 1}) {
      Place first;
      first.signal = signal;
      first.ice = ice + first_ice();
      share[static_cast<std::size_t>(state(first))] = 0.5 / static_cast<double>(ice_columns());
    }
  }
  return share;
}

}  // namespace spurion::environments
