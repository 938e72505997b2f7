#include "environments/shared/ceilings/door_ceilings.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "environments/shared/ceilings/tie_rules.hpp"

namespace spurion::environments {

namespace {

/// Coefficients of x^0 .. x^(T-1); higher ones never matter.
using Series = std::vector<double>;

/// Adds factor * a * b to `sum`.
void add_series_product(Series& sum, const Series& a, const Series& b, double factor) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == 0.0) continue;
    const double scaled = factor * a[i];
    for (std::size_t j = 0; i + j < sum.size(); ++j) sum[i + j] += scaled * b[j];
  }
}

Series series_product(const Series& a, const Series& b) {
  Series out(a.size(), 0.0);
  add_series_product(out, a, b, 1.0);
  return out;
}

/// A door that was opened n times with `ones` observations 1.
struct Tally {
  double score = 0.0;
  std::size_t opened = 0;
  double good = 0.0;   ///< rate^n P(ones | n) / n! if it is the good door
  double other = 0.0;  ///< the same if it is another
};

std::vector<Tally> tallies(const DoorLaw& law, const DoorScore& score, std::int64_t steps) {
  std::vector<Tally> all;
  for (std::int64_t n = 0; n < steps; ++n) {
    double choose = 1.0 / std::tgamma(static_cast<double>(n) + 1.0);
    for (std::int64_t ones = 0; ones <= n; ++ones) {
      const auto yes = static_cast<double>(ones);
      const auto no = static_cast<double>(n - ones);
      const double seen = std::pow(1.0 - law.eps_obs, yes) * std::pow(law.eps_obs, no);
      const double unseen = std::pow(law.eps_obs, yes) * std::pow(1.0 - law.eps_obs, no);
      all.push_back({score.opened * (yes + no) + score.evidence * (yes - no),
                     static_cast<std::size_t>(n), choose * seen * std::pow(law.good(), yes + no),
                     choose * unseen * std::pow(law.other(), yes + no)});
      choose *= no / (yes + 1.0);
    }
  }
  std::sort(all.begin(), all.end(),
            [](const Tally& a, const Tally& b) { return a.score < b.score; });
  return all;
}

/// sum_j (m over j) A^(m-j) B^j / (j + 1).
Series shares_of_first(const Series& below, const Series& equal, std::int64_t m) {
  std::vector<Series> powers(1, Series(below.size(), 0.0));
  powers[0][0] = 1.0;
  for (std::int64_t i = 1; i <= m; ++i) powers.push_back(series_product(below, powers.back()));
  Series ties = powers[0];
  Series sum(below.size(), 0.0);
  double choose = 1.0;
  for (std::int64_t j = 0; j <= m; ++j) {
    add_series_product(sum, ties, powers[static_cast<std::size_t>(m - j)],
                       choose / static_cast<double>(j + 1));
    ties = series_product(equal, ties);
    choose *= static_cast<double>(m - j) / static_cast<double>(j + 1);
  }
  return sum;
}

}  // namespace

double right_guesses(const DoorLaw& law, const DoorScore& score, std::int64_t steps) {
  const std::vector<Tally> all = tallies(law, score, steps);
  const auto length = static_cast<std::size_t>(steps);
  const double scale = std::max(std::fabs(score.opened), std::fabs(score.evidence));
  const double tie = kTie * scale * static_cast<double>(steps);
  Series below(length, 0.0);
  Series right(length, 0.0);
  for (std::size_t from = 0; from < all.size();) {
    Series good(length, 0.0);
    Series equal(length, 0.0);
    std::size_t to = from;
    for (; to < all.size() && all[to].score <= all[from].score + tie; ++to) {
      good[all[to].opened] += all[to].good;
      equal[all[to].opened] += all[to].other;
    }
    add_series_product(right, good, shares_of_first(below, equal, law.doors - 1), 1.0);
    for (std::size_t n = 0; n < length; ++n) below[n] += equal[n];
    from = to;
  }
  double sum = 0.0;
  double factorial = 1.0;
  for (std::size_t t = 0; t < length; ++t) {
    if (t > 0) factorial *= static_cast<double>(t);
    sum += factorial * right[t];
  }
  return sum / static_cast<double>(steps);
}

bool right_guesses_are_cheap(const DoorLaw& law, std::int64_t steps) {
  const auto length = static_cast<double>(steps);
  return 0.25 * std::pow(length, 4.0) * static_cast<double>(law.doors) <= 4e7;
}

}  // namespace spurion::environments
