#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include "analysis/best_of_n.hpp"
#include "analysis/questions/goodhart/pressure_lines.hpp"

namespace spurion::analysis::questions::goodhart {

namespace {

constexpr double kNoGain = std::numeric_limits<double>::quiet_NaN();
/// A verdict uses the best of n only of at least so many times n candidates: then the intervals
/// hold what they say.
constexpr std::int64_t kIndependentChoices = 10;

/// Candidates of one configuration without those that are left out.
struct Stratum {
  std::vector<double> proxy;
  std::vector<const Candidate*> members;
};

/// Adds what the best of n of a stratum gains at all places.
void add_stratum(const Stratum& stratum, const std::vector<PressurePlace>& places,
                 std::size_t width, double share, std::vector<double>& sums) {
  const BestOfN best(stratum.proxy);
  std::vector<double> start(width, 0.0);
  const auto count = static_cast<double>(stratum.members.size());
  for (const Candidate* one : stratum.members) {
    for (std::size_t r = 0; r < width; ++r) start[r] += one->readings[r] / count;
  }
  // What is no gain is taken as it is.
  for (const std::size_t reading : {kLearning, kDistance, kNats}) start[reading] = 0.0;
  for (std::size_t place = 0; place < places.size(); ++place) {
    const auto n = static_cast<std::int64_t>(places[place].amount);
    double* out = &sums[place * width];
    if (n > best.size()) {
      std::fill(out, out + width, kNoGain);
      continue;
    }
    const std::vector<double> weights = best.weights(n);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (!(weights[i] > 0.0)) continue;
      const std::vector<double>& readings = stratum.members[i]->readings;
      for (std::size_t r = 0; r < width; ++r) out[r] += share * weights[i] * readings[r];
    }
    for (std::size_t r = 0; r < width; ++r) out[r] -= share * start[r];
  }
}

}  // namespace

PressureNumbers filter_numbers(std::vector<Candidate> candidates, std::size_t width) {
  PressureNumbers out;
  out.width = width;
  std::map<std::size_t, std::int64_t> counts;
  for (const Candidate& one : candidates) {
    ++counts[one.stratum];
    out.seeds.push_back(one.seed);
  }
  std::int64_t fewest = counts.empty() ? 0 : counts.begin()->second;
  for (const auto& [stratum, count] : counts) fewest = std::min(fewest, count);
  for (const std::int64_t n : selection_sizes(fewest / 2)) {
    if (n < 2) continue;
    out.places.push_back(
        {static_cast<double>(n), selection_nats(n), n * kIndependentChoices <= fewest});
  }
  const auto shared = std::make_shared<const std::vector<Candidate>>(std::move(candidates));
  out.statistic = [shared, places = out.places, width](const std::vector<std::size_t>& kept) {
    std::map<std::size_t, Stratum> strata;
    for (const std::size_t item : kept) {
      const Candidate& one = (*shared)[item];
      Stratum& stratum = strata[one.stratum];
      stratum.proxy.push_back(one.readings[kProxy]);
      stratum.members.push_back(&one);
    }
    std::vector<double> sums(places.size() * width, 0.0);
    for (const auto& [number, stratum] : strata) {
      add_stratum(stratum, places, width, 1.0 / static_cast<double>(strata.size()), sums);
    }
    return sums;
  };
  return out;
}

PressureNumbers paired_numbers(std::vector<PairedGains> models, std::vector<PressurePlace> places,
                               std::size_t width) {
  PressureNumbers out;
  out.width = width;
  out.places = std::move(places);
  for (const PairedGains& one : models) out.seeds.push_back(one.seed);
  const auto shared = std::make_shared<const std::vector<PairedGains>>(std::move(models));
  const std::size_t count = out.places.size();
  out.statistic = [shared, count, width](const std::vector<std::size_t>& kept) {
    std::vector<double> sums(count * width, 0.0);
    std::vector<double> models_at(count, 0.0);
    for (const std::size_t item : kept) {
      const PairedGains& one = (*shared)[item];
      for (std::size_t place = 0; place < count; ++place) {
        if (one.gains[place].empty()) continue;
        models_at[place] += 1.0;
        for (std::size_t r = 0; r < width; ++r) sums[place * width + r] += one.gains[place][r];
      }
    }
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sums[i] = models_at[i / width] > 0.0 ? sums[i] / models_at[i / width] : kNoGain;
    }
    return sums;
  };
  return out;
}

}  // namespace spurion::analysis::questions::goodhart
