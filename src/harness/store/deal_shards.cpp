#include "harness/store/deal_shards.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <queue>
#include <utility>

#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

/// Operations that the start of a pack, and a trial's evaluation, are about worth.
constexpr double kPackWork = 1e9;
constexpr double kTrialWork = 1e8;

/// Shards by what they have, the least first; of equals the first.
using Loads = std::priority_queue<std::pair<double, std::size_t>,
                                  std::vector<std::pair<double, std::size_t>>, std::greater<>>;

/// How many of `left` trials a shard takes that may take so much more work.
std::size_t taken(double room, double each, std::size_t left) {
  const double fit = std::floor(room / each + 0.5);
  return std::clamp<std::size_t>(fit > 0.0 ? static_cast<std::size_t>(fit) : 0, 1, left);
}

}  // namespace

double expected_work(const PlannedPack& pack) {
  return pack.flops + kPackWork + kTrialWork * static_cast<double>(pack.trials);
}

std::vector<std::vector<TrialStretch>> deal_shards(const std::vector<PlannedPack>& packs,
                                                   std::int64_t shards) {
  const auto count = static_cast<std::size_t>(shards);
  std::vector<std::vector<TrialStretch>> dealt(count);
  std::vector<std::size_t> firsts;  // of each pack
  std::size_t trials = 0;
  double total = 0.0;
  for (const PlannedPack& pack : packs) {
    firsts.push_back(trials);
    trials += pack.trials;
    total += expected_work(pack);
  }
  std::vector<std::size_t> order(packs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return expected_work(packs[a]) > expected_work(packs[b]);
  });
  const double share = total / static_cast<double>(shards);
  Loads loads;
  for (std::size_t i = 0; i < count; ++i) loads.emplace(0.0, i);
  for (const std::size_t pack : order) {
    if (packs[pack].trials == 0) continue;
    const double each = expected_work(packs[pack]) / static_cast<double>(packs[pack].trials);
    std::size_t at = firsts[pack];
    std::size_t left = packs[pack].trials;
    while (left > 0) {
      const auto [load, shard] = loads.top();
      loads.pop();
      const std::size_t own = taken(share - load, each, left);
      dealt[shard].push_back({at, own});
      loads.emplace(load + static_cast<double>(own) * each, shard);
      at += own;
      left -= own;
    }
  }
  return dealt;
}

std::vector<PlannedTrial> shard_of(const TrialPlan& plan, std::int64_t number,
                                   std::int64_t shards) {
  if (shards < 1 || number < 1 || number > shards) {
    throw UsageError(fmt::format(
        "there is no shard {} of {}: shards have the numbers 1 to their count", number, shards));
  }
  if (shards == 1) return plan.trials;
  std::vector<TrialStretch> own =
      deal_shards(plan.packs, shards).at(static_cast<std::size_t>(number - 1));
  std::sort(own.begin(), own.end(),
            [](const TrialStretch& a, const TrialStretch& b) { return a.first < b.first; });
  std::vector<PlannedTrial> trials;
  for (const TrialStretch& stretch : own) {
    const auto first = plan.trials.begin() + static_cast<std::ptrdiff_t>(stretch.first);
    trials.insert(trials.end(), first, first + static_cast<std::ptrdiff_t>(stretch.count));
  }
  return trials;
}

}  // namespace spurion::harness
