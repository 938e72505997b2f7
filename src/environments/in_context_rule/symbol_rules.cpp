#include "environments/in_context_rule/symbol_rules.hpp"

#include <algorithm>
#include <bitset>
#include <cmath>
#include <utility>

#include "environments/shared/ceilings/tie_rules.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {

namespace {

std::int64_t bits_of(std::uint32_t mask) {
  return static_cast<std::int64_t>(std::bitset<32>(mask).count());
}

double choose(std::int64_t n, std::int64_t k) {
  double value = 1.0;
  for (std::int64_t i = 1; i <= k; ++i) {
    value *= static_cast<double>(n - k + i) / static_cast<double>(i);
  }
  return value;
}

/// P(`draws` uniform draws of n symbols show exactly the symbols of one given set), by its size.
std::vector<double> shown_exactly(std::int64_t n, std::int64_t draws) {
  std::vector<double> distinct(static_cast<std::size_t>(n + 1), 0.0);
  distinct[0] = 1.0;
  for (std::int64_t draw = 0; draw < draws; ++draw) {
    for (std::int64_t a = n; a >= 0; --a) {
      const auto at = static_cast<std::size_t>(a);
      const double again = distinct[at] * static_cast<double>(a);
      const double fresh = a > 0 ? distinct[at - 1] * static_cast<double>(n - a + 1) : 0.0;
      distinct[at] = (again + fresh) / static_cast<double>(n);
    }
  }
  for (std::int64_t a = 0; a <= n; ++a) distinct[static_cast<std::size_t>(a)] /= choose(n, a);
  return distinct;
}

/// Probability of one observation with either label: in the environment, and as believed.
struct Cell {
  double world[2] = {0.0, 0.0};
  double believed[2] = {0.0, 0.0};
};

/// Hits of the decision in a cell, or nothing where it cannot happen as believed.
std::optional<double> hits(const Cell& cell, const double (&core)[2]) {
  const double negative = cell.believed[0] * core[0];
  const double positive = cell.believed[1] * core[1];
  const double world[2] = {cell.world[0] * core[0], cell.world[1] * core[1]};
  if (world[0] + world[1] <= 0.0) return 0.0;
  if (negative + positive <= 0.0) return std::nullopt;
  const double share = environments::first_is_better(positive, negative);
  return share * world[1] + (1.0 - share) * world[0];
}

}  // namespace

SymbolRules::SymbolRules(std::int64_t symbols, const RandomKey& key) : symbols_(symbols) {
  SPURION_CHECK(symbols >= 2 && symbols <= kMaxSymbols && symbols % 2 == 0,
                "rules need an even number of symbols");
  const RandomStream order(key.child("order"));
  const RandomStream sides(key.child("side"));
  std::vector<std::pair<double, Rule>> drawn;
  for (Rule rule = 1; rule < (Rule{1} << symbols);
       rule += 2) {  // those with bit 0: one of each pair
    if (2 * bits_of(rule) != symbols) continue;
    drawn.emplace_back(order.uniform(rule), sides.bernoulli(0.5, rule) ? rule : opposite(rule));
  }
  std::sort(drawn.begin(), drawn.end());
  for (const auto& [place, rule] : drawn) pool_.push_back(rule);
}

std::int64_t SymbolRules::symbol(Rule rule, int label, std::int64_t n) const {
  for (std::int64_t u = 0;; ++u) {
    const int own = ((rule >> u) & 1U) != 0 ? 1 : -1;
    if (own == label && n-- == 0) return u;
  }
}

SymbolRules::Prior SymbolRules::prior(std::int64_t count, double flipped) const {
  Prior out;
  const double share = 1.0 / static_cast<double>(count);
  for (std::int64_t r = 0; r < count; ++r) {
    const Rule rule = pool_[static_cast<std::size_t>(r)];
    if (flipped < 1.0) out.push_back({rule, (1.0 - flipped) * share});
    if (flipped > 0.0) out.push_back({opposite(rule), flipped * share});
  }
  return out;
}

SymbolRules::Prior SymbolRules::every_rule() const {
  return prior(static_cast<std::int64_t>(pool_.size()), 0.5);
}

std::optional<double> SymbolRules::accuracy(const Prior& world, const Prior& believed,
                                            const Reads& reads) const {
  const std::vector<double> shown = shown_exactly(symbols_, reads.context);
  const auto sets = std::size_t{1} << symbols_;
  std::vector<Cell> cells(sets);
  double sum = 0.0;
  for (Rule set = 0; set < sets; ++set) {
    const double likely = shown[static_cast<std::size_t>(bits_of(set))];
    if (likely <= 0.0) continue;
    for (std::int64_t query = 0; query < symbols_; ++query) {
      // Of a rule, the context shows its labels on the set.
      std::fill(cells.begin(), cells.end(), Cell{});
      for (const auto& [rule, weight] : world) {
        cells[rule & set].world[(rule >> query) & 1U] += weight;
      }
      for (const auto& [rule, weight] : believed) {
        cells[rule & set].believed[(rule >> query) & 1U] += weight;
      }
      for (const Cell& cell : cells) {
        if (cell.world[0] + cell.world[1] <= 0.0) continue;
        const double agrees = 1.0 - reads.core_noise;
        const double low[2] = {agrees, reads.core_noise};
        const double high[2] = {reads.core_noise, agrees};
        const auto with_low = hits(cell, low);
        const auto with_high = hits(cell, high);
        if (!with_low || !with_high) return std::nullopt;
        sum += likely * (*with_low + *with_high) / static_cast<double>(symbols_);
      }
    }
  }
  return sum;
}

}  // namespace spurion::environments
