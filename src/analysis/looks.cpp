#include "analysis/looks.hpp"

#include <algorithm>
#include <cmath>

#include "analysis/normal_distribution.hpp"
#include "analysis/paired_test.hpp"

namespace spurion::analysis {

namespace {

/// The share of the level that is spent once a share `t` of the seeds is there.
double spent(double t) { return std::erfc(-probit(0.5 * kTestLevel) / std::sqrt(2.0 * t)); }

}  // namespace

std::vector<Look> looks_of(const Stopping& stopping, std::int64_t seeds) {
  std::vector<std::int64_t> at;
  if (stopping.when_decided) {
    at = stopping.looks;
    if (at.empty()) at = {seeds / 4, seeds / 2};
  }
  constexpr std::int64_t kFewest = 2;  // one seed decides nothing
  const auto beside = [seeds](std::int64_t one) { return one < kFewest || one >= seeds; };
  at.erase(std::remove_if(at.begin(), at.end(), beside), at.end());
  at.push_back(seeds);
  constexpr double kLeast = 1e-12;  // below it quantiles have no digits left
  std::vector<Look> looks;
  double sum = 0.0;
  for (const std::int64_t one : at) {
    const double share = static_cast<double>(one) / static_cast<double>(seeds);
    const bool last = one == seeds;
    const double level = last ? kTestLevel - sum : std::max(kLeast, spent(share) - sum);
    sum += level;
    looks.push_back({one, level});
  }
  return looks;
}

const Look& look_at(const std::vector<Look>& looks, std::int64_t seeds) {
  const auto found = std::find_if(looks.begin(), looks.end(),
                                  [seeds](const Look& one) { return one.seeds >= seeds; });
  return found == looks.end() ? looks.back() : *found;
}

}  // namespace spurion::analysis
