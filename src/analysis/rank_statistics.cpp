#include "analysis/rank_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <set>

#include "core/random_fill.hpp"
#include "spurion/random.hpp"

namespace spurion::analysis {

namespace {

constexpr int kRankResamples = 2000;
constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

/// -1, 0 or 1; numbers that differ by rounding are equal.
int order_of(double a, double b) {
  if (std::abs(a - b) <= kRounding * std::max(std::abs(a), std::abs(b))) return 0;
  return a < b ? -1 : 1;
}

/// Scores by stratum, each with the places of its seeds among all seeds.
class Entry {
 public:
  Entry(const std::vector<BySeed>& strata, const std::vector<std::int64_t>& seeds) {
    for (const BySeed& stratum : strata) {
      if (stratum.empty()) continue;
      strata_.emplace_back();
      for (const auto& [seed, value] : stratum) {
        const auto place = std::lower_bound(seeds.begin(), seeds.end(), seed) - seeds.begin();
        strata_.back().emplace_back(static_cast<std::size_t>(place), value);
      }
    }
  }
  [[nodiscard]] bool empty() const { return strata_.empty(); }
  /// The mean over strata of the means over seeds, each seed as often as `times` says; NaN where a
  /// stratum has no seed.
  [[nodiscard]] double mean(const std::vector<double>& times) const {
    double total = 0.0;
    for (const auto& stratum : strata_) {
      double sum = 0.0;
      double count = 0.0;
      for (const auto& [place, value] : stratum) {
        sum += times[place] * value;
        count += times[place];
      }
      if (count == 0.0) return kNothing;
      total += sum / count;
    }
    return total / static_cast<double>(strata_.size());
  }

 private:
  std::vector<std::vector<std::pair<std::size_t, double>>> strata_;
};

/// The ranks of all entries in each resample that counts.
class Resampled {
 public:
  Resampled(const std::vector<Entry>& entries, std::size_t seeds, const std::string& key)
      : ranks_(entries.size()) {
    const RandomKey draw_key = RandomKey(0).child("ranks").child(key);
    const auto n = static_cast<std::int64_t>(seeds);
    std::vector<std::int64_t> picks(seeds);
    std::vector<double> means(entries.size());
    for (int resample = 0; resample < kRankResamples; ++resample) {
      core::fill_below(draw_key, n, resample, n, picks.data());
      std::vector<double> times(seeds);
      for (const std::int64_t pick : picks) times[static_cast<std::size_t>(pick)] += 1.0;
      for (std::size_t i = 0; i < entries.size(); ++i) means[i] = entries[i].mean(times);
      if (std::any_of(means.begin(), means.end(), [](double one) { return std::isnan(one); })) {
        continue;
      }
      const std::vector<double> drawn = ranks_of(means);
      const double best = *std::min_element(drawn.begin(), drawn.end());
      for (std::size_t i = 0; i < drawn.size(); ++i) {
        ranks_[i].ranks.push_back(drawn[i]);
        ranks_[i].first += drawn[i] == best ? 1.0 : 0.0;
      }
    }
  }
  /// Adds what the resamples say of an entry; nothing where none counts.
  void describe(std::size_t entry, RankStability& out) {
    auto& [ranks, first] = ranks_[entry];
    if (ranks.empty()) return;
    const auto count = static_cast<double>(ranks.size());
    std::sort(ranks.begin(), ranks.end());
    out.rank.low = ranks[static_cast<std::size_t>(0.025 * count)];
    out.rank.high = ranks[static_cast<std::size_t>(std::ceil(0.975 * count)) - 1];
    out.first = first / count;
  }

 private:
  struct Drawn {
    std::vector<double> ranks;
    double first = 0.0;
  };
  std::vector<Drawn> ranks_;
};

/// Ranks from 1, the lowest value first, exactly equal values sharing the mean of theirs.
std::vector<double> rising_ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> out(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t last = i;
    while (last < order.size() && values[order[last]] == values[order[i]]) ++last;
    const double shared = 0.5 * static_cast<double>(i + last + 1);
    for (; i < last; ++i) out[order[i]] = shared;
  }
  return out;
}

}  // namespace

double rank_correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const std::vector<double> a = rising_ranks(x);
  const std::vector<double> b = rising_ranks(y);
  const double centre = mean(a);
  double both = 0.0;
  double first = 0.0;
  double second = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    both += (a[i] - centre) * (b[i] - centre);
    first += (a[i] - centre) * (a[i] - centre);
    second += (b[i] - centre) * (b[i] - centre);
  }
  return first * second > 0.0 ? both / std::sqrt(first * second) : 0.0;
}

std::vector<double> ranks_of(const std::vector<double>& values) {
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    double above = 0.0;
    double equal = 0.0;
    for (const double other : values) {
      if (std::isnan(values[i])) {
        above += std::isnan(other) ? 0.0 : 1.0;
        equal += std::isnan(other) ? 1.0 : 0.0;
      } else if (!std::isnan(other)) {
        const int order = order_of(other, values[i]);
        above += order > 0 ? 1.0 : 0.0;
        equal += order == 0 ? 1.0 : 0.0;
      }
    }
    ranks[i] = above + 0.5 * (equal + 1.0);
  }
  return ranks;
}

double kendall_tau_b(const std::vector<double>& x, const std::vector<double>& y) {
  double together = 0.0;
  double apart_in_x = 0.0;
  double apart_in_y = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const int in_x = order_of(x[i], x[j]);
      const int in_y = order_of(y[i], y[j]);
      together += in_x * in_y;
      apart_in_x += in_x != 0 ? 1.0 : 0.0;
      apart_in_y += in_y != 0 ? 1.0 : 0.0;
    }
  }
  if (apart_in_x == 0.0 || apart_in_y == 0.0) return kNothing;
  return together / std::sqrt(apart_in_x * apart_in_y);
}

std::vector<RankStability> rank_stability(const std::vector<std::vector<BySeed>>& entries,
                                          const std::string& key) {
  std::set<std::int64_t> met;
  for (const auto& strata : entries) {
    for (const BySeed& stratum : strata) {
      for (const auto& [seed, value] : stratum) met.insert(seed);
    }
  }
  const std::vector<std::int64_t> seeds(met.begin(), met.end());
  std::vector<Entry> known;
  std::vector<std::size_t> places;
  std::vector<RankStability> all(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Entry entry(entries[i], seeds);
    all[i].rank.value = all[i].rank.low = all[i].rank.high = kNothing;
    if (entry.empty()) continue;
    known.push_back(std::move(entry));
    places.push_back(i);
  }
  if (known.empty()) return all;
  const std::vector<double> once(seeds.size(), 1.0);
  std::vector<double> means;
  for (const Entry& entry : known) means.push_back(entry.mean(once));
  const std::vector<double> ranks = ranks_of(means);
  Resampled resampled(known, seeds.size(), key);
  for (std::size_t i = 0; i < known.size(); ++i) {
    RankStability& out = all[places[i]];
    out.rank.value = out.rank.low = out.rank.high = ranks[i];
    out.rank.count = out.rank.seeds = static_cast<std::int64_t>(seeds.size());
    if (seeds.size() > 1) resampled.describe(i, out);
  }
  return all;
}

void widen_by_rows(std::vector<RankStability>& ranks, const std::vector<SeedCells>& scores,
                   bool high) {
  constexpr double kMiddle = 1.959964;       // of a normal, 95 %
  std::vector<double> better(ranks.size());  // entries before it that may come after it
  std::vector<double> worse(ranks.size());
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (scores[i].empty() || scores[j].empty()) continue;
      const SeedCells differences = scores[i].minus(scores[j]);
      const double noise = differences.noise();
      if (differences.empty() || !(noise > 0.0)) continue;
      const double difference = mean(differences.seed_means());
      if (std::abs(difference) > kMiddle * noise) continue;
      // Ties share the mean of their ranks, so that half of one lies on either side.
      const double before = difference == 0.0 ? 0.5 : (difference < 0.0) == high ? 1.0 : 0.0;
      better[i] += before;
      worse[j] += before;
      worse[i] += 1.0 - before;
      better[j] += 1.0 - before;
    }
  }
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    Estimate& rank = ranks[i].rank;
    if (rank.seeds < 2) continue;
    rank.low = std::min(rank.low, rank.value - better[i]);
    rank.high = std::max(rank.high, rank.value + worse[i]);
  }
}

}  // namespace spurion::analysis
