#include "analysis/run_statistics.hpp"

#include <algorithm>
#include <functional>
#include <set>

#include "core/random_fill.hpp"
#include "spurion/random.hpp"

namespace spurion::analysis {

namespace {

constexpr int kStratifiedResamples = 2000;

/// The seeds of one environment that all compared methods have.
struct Stratum {
  std::string name;
  std::vector<std::vector<RunScore>> methods;  ///< [method][seed]

  [[nodiscard]] std::size_t seeds() const { return methods.front().size(); }
};

/// Values of one resample: [method][environment][run].
using Drawn = std::vector<std::vector<std::vector<double>>>;
using StatisticOfRuns = std::function<void(const Drawn&, std::vector<double>&)>;

std::vector<Stratum> strata_of(const std::vector<const Runs*>& methods) {
  std::vector<Stratum> strata;
  for (const auto& [environment, first] : *methods.front()) {
    Stratum stratum{environment, std::vector<std::vector<RunScore>>(methods.size())};
    for (const auto& [seed, score] : first) {
      std::vector<RunScore> of_seed;
      for (const Runs* runs : methods) {
        const auto own = runs->find(environment);
        if (own == runs->end()) break;
        const auto found = own->second.find(seed);
        if (found != own->second.end()) of_seed.push_back(found->second);
      }
      if (of_seed.size() != methods.size()) continue;
      for (std::size_t m = 0; m < methods.size(); ++m) stratum.methods[m].push_back(of_seed[m]);
    }
    if (stratum.seeds() > 0) strata.push_back(std::move(stratum));
  }
  return strata;
}

/// Draws what a statistic is worked out of.
class StratifiedDraws {
 public:
  StratifiedDraws(const std::vector<Stratum>& strata, const std::string& key)
      : strata_(strata),
        key_(RandomKey(0).child("runs").child(key)),
        noise_(RandomKey(0).child("runs").child("noise").child(key)),
        drawn_(strata.front().methods.size(), std::vector<std::vector<double>>(strata.size())) {
    for (const Stratum& one : strata_) {
      for (const auto& method : one.methods) {
        noisy_ = noisy_ || std::any_of(method.begin(), method.end(),
                                       [](const RunScore& score) { return score.deviation > 0.0; });
      }
    }
  }

  /// Whether the noise of rows is known of any score.
  [[nodiscard]] bool noisy() const { return noisy_; }

  const Drawn& as_it_is() {
    return draw([](const Stratum&, std::vector<std::int64_t>&) {},
                [](const RunScore& score, std::int64_t) { return score.value; });
  }
  const Drawn& resampled(int resample) {
    return draw(
        [&](const Stratum& stratum, std::vector<std::int64_t>& picks) {
          const auto n = static_cast<std::int64_t>(stratum.seeds());
          core::fill_below(key_.child(stratum.name), n, resample, n, picks.data());
        },
        [](const RunScore& score, std::int64_t) { return score.value; });
  }
  const Drawn& moved(int repetition) {
    return draw([](const Stratum&, std::vector<std::int64_t>&) {},
                [&](const RunScore& score, std::int64_t place) {
                  return score.value + score.deviation * noise_.normal(repetition, place);
                });
  }

 private:
  template <class Pick, class Value>
  const Drawn& draw(const Pick& pick, const Value& value) {
    std::int64_t place = 0;
    for (std::size_t s = 0; s < strata_.size(); ++s) {
      std::vector<std::int64_t> picks(strata_[s].seeds());
      for (std::size_t i = 0; i < picks.size(); ++i) picks[i] = static_cast<std::int64_t>(i);
      pick(strata_[s], picks);
      for (std::size_t m = 0; m < drawn_.size(); ++m) {
        drawn_[m][s].clear();
        for (const std::int64_t one : picks) {
          drawn_[m][s].push_back(
              value(strata_[s].methods[m][static_cast<std::size_t>(one)], place++));
        }
      }
    }
    return drawn_;
  }

  const std::vector<Stratum>& strata_;
  RandomKey key_;
  RandomStream noise_;
  Drawn drawn_;
  bool noisy_ = false;
};

/// Widens intervals to the middle 95 % of repetitions.
void widen(std::vector<Estimate>& estimates, std::vector<std::vector<double>>& repetitions) {
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    std::sort(repetitions[i].begin(), repetitions[i].end());
    const std::size_t cut = static_cast<std::size_t>(0.025 * kStratifiedResamples);
    estimates[i].low = std::min(estimates[i].low, repetitions[i][cut]);
    estimates[i].high =
        std::max(estimates[i].high, repetitions[i][repetitions[i].size() - 1 - cut]);
    repetitions[i].clear();
  }
}

/// `count` numbers of the runs with their intervals.
std::vector<Estimate> estimates_of(const std::vector<const Runs*>& methods, const std::string& key,
                                   std::size_t count, const StatisticOfRuns& statistic) {
  std::vector<Estimate> estimates(count);
  const std::vector<Stratum> strata = strata_of(methods);
  if (strata.empty()) return estimates;
  StratifiedDraws draws(strata, key);
  std::vector<double> numbers(count);
  statistic(draws.as_it_is(), numbers);
  std::set<std::int64_t> seeds;
  std::size_t runs = 0;
  for (const Stratum& one : strata) runs += one.seeds();
  for (const auto& [environment, scores] : *methods.front()) {
    for (const auto& [seed, score] : scores) seeds.insert(seed);
  }
  for (std::size_t i = 0; i < count; ++i) {
    estimates[i].value = estimates[i].low = estimates[i].high = numbers[i];
    estimates[i].count = static_cast<std::int64_t>(runs);
    estimates[i].seeds = static_cast<std::int64_t>(seeds.size());
  }
  if (seeds.size() < 2) return estimates;
  std::vector<std::vector<double>> repetitions(count);
  const auto repeat = [&](const auto& draw) {
    for (int i = 0; i < kStratifiedResamples; ++i) {
      statistic(draw(i), numbers);
      for (std::size_t one = 0; one < count; ++one) repetitions[one].push_back(numbers[one]);
    }
    widen(estimates, repetitions);
  };
  repeat([&](int i) -> const Drawn& { return draws.resampled(i); });
  if (draws.noisy()) repeat([&](int i) -> const Drawn& { return draws.moved(i); });
  return estimates;
}

/// Of runs x and y of one environment.
double share_better(const std::vector<double>& x, std::vector<double> y) {
  std::sort(y.begin(), y.end());
  double wins = 0.0;
  for (const double one : x) {
    const auto [first, last] = std::equal_range(y.begin(), y.end(), one);
    wins += static_cast<double>(first - y.begin()) + 0.5 * static_cast<double>(last - first);
  }
  return wins / static_cast<double>(x.size() * y.size());
}

}  // namespace

Estimate interquartile_mean_of(const Runs& runs, const std::string& key) {
  return estimates_of({&runs}, key, 1,
                      [](const Drawn& drawn, std::vector<double>& out) {
                        std::vector<double> all;
                        for (const auto& stratum : drawn.front()) {
                          all.insert(all.end(), stratum.begin(), stratum.end());
                        }
                        out.front() = interquartile_mean(std::move(all));
                      })
      .front();
}

Estimate probability_of_improvement(const Runs& x, const Runs& y, const std::string& key) {
  return confined(estimates_of({&x, &y}, key, 1,
                               [](const Drawn& drawn, std::vector<double>& out) {
                                 double sum = 0.0;
                                 for (std::size_t s = 0; s < drawn.front().size(); ++s) {
                                   sum += share_better(drawn[0][s], drawn[1][s]);
                                 }
                                 out.front() = sum / static_cast<double>(drawn.front().size());
                               })
                      .front(),
                  kRate);
}

std::vector<Estimate> performance_profile(const Runs& runs, const std::vector<double>& thresholds,
                                          const std::string& key) {
  return estimates_of(
      {&runs}, key, thresholds.size(), [&](const Drawn& drawn, std::vector<double>& out) {
        std::vector<double> all;
        for (const auto& stratum : drawn.front()) {
          all.insert(all.end(), stratum.begin(), stratum.end());
        }
        std::sort(all.begin(), all.end());
        for (std::size_t i = 0; i < thresholds.size(); ++i) {
          const auto above = all.end() - std::upper_bound(all.begin(), all.end(), thresholds[i]);
          out[i] = static_cast<double>(above) / static_cast<double>(all.size());
        }
      });
}

}  // namespace spurion::analysis
