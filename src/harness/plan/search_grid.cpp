#include "harness/plan/search_grid.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace spurion::harness {

namespace {

/// Looks for factors of what is left, field by field.
class LevelSearch {
 public:
  explicit LevelSearch(const std::vector<std::int64_t>& most) : most_(most) {}

  std::vector<std::int64_t> best(std::int64_t configurations) {
    levels_.assign(most_.size(), 0);
    look(0, configurations);
    return best_;
  }

 private:
  void look(std::size_t field, std::int64_t left) {
    if (field + 1 == most_.size()) {
      if (left < 2 || left > most_[field]) return;
      levels_[field] = left;
      if (best_.empty() || spread(levels_) < spread(best_)) best_ = levels_;
      return;
    }
    // Larger factors first: of equally good products earlier fields get more values.
    for (std::int64_t factor = left / 2; factor >= 2; --factor) {
      if (left % factor != 0 || factor > most_[field]) continue;
      levels_[field] = factor;
      look(field + 1, left / factor);
    }
  }

  static std::int64_t spread(const std::vector<std::int64_t>& levels) {
    const auto [least, most] = std::minmax_element(levels.begin(), levels.end());
    return *most - *least;
  }

  const std::vector<std::int64_t>& most_;
  std::vector<std::int64_t> levels_;
  std::vector<std::int64_t> best_;
};

}  // namespace

std::int64_t most_levels(const Search& search) {
  switch (search.kind) {
    case Search::Kind::choice:
      return static_cast<std::int64_t>(search.choices.size());
    case Search::Kind::uniform_integer:
    case Search::Kind::log_uniform_integer:
      return static_cast<std::int64_t>(search.high - search.low) + 1;
    default:
      return search.low < search.high ? kAnyLevels : 1;
  }
}

std::vector<std::int64_t> grid_levels(std::int64_t configurations,
                                      const std::vector<std::int64_t>& most) {
  if (most.empty()) return {};
  return LevelSearch(most).best(configurations);
}

std::vector<std::int64_t> grid_place(std::int64_t configuration,
                                     const std::vector<std::int64_t>& levels) {
  std::vector<std::int64_t> place(levels.size());
  for (std::size_t field = levels.size(); field-- > 0;) {
    place[field] = configuration % levels[field];
    configuration /= levels[field];
  }
  return place;
}

Value grid_value(const Search& search, std::int64_t level, std::int64_t levels) {
  // Whole numbers and choices in whole numbers: middles often lie on the border of two of them.
  const auto middle = [&](std::int64_t values) { return (2 * level + 1) * values / (2 * levels); };
  if (search.kind == Search::Kind::choice) {
    return search.choices[static_cast<std::size_t>(middle(most_levels(search)))];
  }
  if (search.kind == Search::Kind::uniform_integer) {
    return static_cast<std::int64_t>(search.low) + middle(most_levels(search));
  }
  return search.quantile((static_cast<double>(level) + 0.5) / static_cast<double>(levels));
}

std::string numbers_with_grid(std::int64_t configurations, const std::vector<std::int64_t>& most) {
  constexpr std::int64_t kNear = 64;
  std::string text;
  for (const std::int64_t step : {-1, 1}) {
    for (std::int64_t off = 1; off <= kNear && configurations + step * off >= 2; ++off) {
      if (grid_levels(configurations + step * off, most).empty()) continue;
      text += fmt::format("{}{}", text.empty() ? "" : " or ", configurations + step * off);
      break;
    }
  }
  return text;
}

}  // namespace spurion::harness
