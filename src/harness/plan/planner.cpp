#include "harness/plan/planner.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "catalog/plugin_parts.hpp"
#include "catalog/section_numbers.hpp"
#include "core/release.hpp"
#include "facts/splits.hpp"
#include "harness/plan/pack_cost.hpp"
#include "nouns/named_domains.hpp"
#include "nouns/samples.hpp"
#include "nouns/seeds.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"

namespace spurion::harness {

namespace {

/// What the working set of a pack may be on the CPU: so many times the second-level cache of a
/// core, about the share of the last level that it has. Of packs that fit the second level, these
/// took .5 of the processor time (coral, mlp of width 32; the same on coloured images), .6 (v_rex)
/// and .8 to .9 (coral and erm, two layers of 256): each step has a cost that replicas share.
constexpr double kSecondLevels = 16.0;
/// The same of no machine in particular: with a second level of a megabyte.
constexpr double kAnyCache = kSecondLevels * 1024.0 * 1024.0;

double cache_bytes() {
  const long found = sysconf(_SC_LEVEL2_CACHE_SIZE);
  return kSecondLevels * (found > 0 ? static_cast<double>(found) : 512.0 * 1024.0);
}

/// Trials of one shape, sorted by seed, and what they cost.
struct Group {
  const TrialSpec* first = nullptr;
  std::vector<std::size_t> members;  ///< where they are among all trials
  PackCost cost;
  std::int64_t seeds = 1;

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(members.size()); }
  [[nodiscard]] double flops() const { return cost.flops * static_cast<double>(size()); }
  /// Most memory of a pack of so many replicas, wherever it starts.
  [[nodiscard]] double memory_bytes(std::int64_t replicas) const {
    const std::int64_t each = std::max<std::int64_t>(size() / seeds, 1);
    const std::int64_t touched = each == 1 ? replicas : (replicas + each - 1) / each + 1;
    return cost.memory_bytes(replicas, std::min({touched, seeds, replicas}));
  }
};

Group make_group(const std::vector<TrialSpec>& trials, std::vector<std::size_t> members,
                 EnvironmentPool& pool) {
  Group group;
  group.members = std::move(members);
  // Replicas of one seed share its rows: side by side.
  std::stable_sort(group.members.begin(), group.members.end(),
                   [&](std::size_t a, std::size_t b) { return trials[a].seed < trials[b].seed; });
  group.seeds = 0;
  const TrialSpec* last = nullptr;
  for (const std::size_t member : group.members) {
    if (last == nullptr || trials[member].seed != last->seed) ++group.seeds;
    last = &trials[member];
  }
  group.first = &trials[group.members.front()];
  if (!catalog::looked_at(*group.first, pool.catalog(),
                          [&] { group.cost = pack_cost(*group.first, pool); })) {
    // Its code throws: each trial says so for itself, or is run if it does not after all.
    group.cost = PackCost();
    group.cost.cache_bytes = 1.0;
    group.cost.max_replicas = 1;
  }
  return group;
}

/// How many rows there are of each domain and split, as text; empty where rows are made as they are
/// asked for.
std::string row_limits(const TrialSpec& trial, EnvironmentPool& pool) {
  const auto environment = pool.at(trial.environment, nouns::data_seed(trial));
  std::string limits;
  for (const Domain& domain : nouns::named_domains(*environment)) {
    for (const Split split : facts::kSplits) {
      const std::int64_t limit = environment->row_limit(domain, split);
      if (limit != nouns::kEndlessRows) limits += fmt::format("{} ", limit);
    }
  }
  return limits;
}

/// Trials of one shape by how many rows their environments have, which may depend on the seed:
/// replicas of a pack are evaluated on equally many rows.
std::vector<std::vector<std::size_t>> by_row_limits(const std::vector<TrialSpec>& trials,
                                                    std::vector<std::size_t> members,
                                                    EnvironmentPool& pool) {
  std::map<std::uint64_t, std::string> known;  // by data seed
  std::map<std::string, std::vector<std::size_t>> parts;
  const bool asked = catalog::looked_at(trials[members.front()], pool.catalog(), [&] {
    if (row_limits(trials[members.front()], pool).empty()) return;
    for (const std::size_t member : members) {
      const auto [place, added] = known.try_emplace(nouns::data_seed(trials[member]));
      if (added) place->second = row_limits(trials[member], pool);
      parts[place->second].push_back(member);
    }
  });
  if (!asked || parts.size() < 2) return {std::move(members)};
  std::vector<std::vector<std::size_t>> all;
  for (auto& [limits, part] : parts) all.push_back(std::move(part));
  return all;
}

[[noreturn]] void refuse(const Group& group, double available) {
  const TrialSpec& trial = *group.first;
  const PackCost::Share& most =
      *std::max_element(group.cost.shares.begin(), group.cost.shares.end(),
                        [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
  throw UsageError(fmt::format(
      "one trial of experiment '{}' ({}, {}, {}) needs about {:.0f} MB of memory, but only {:.0f} "
      "MB are left for trials; raise --memory, or lower {}, which needs about {:.0f} MB",
      trial.experiment, trial.environment.name, trial.model.name, trial.method.name,
      group.memory_bytes(1) * 1e-6, available * 1e-6, most.field, most.bytes * 1e-6));
}

/// Most replicas of a pack of this group.
std::int64_t largest_pack(const Group& group, const PlanOptions& options, double cache) {
  auto size = options.device.is_cpu()
                  ? static_cast<std::int64_t>(std::floor(cache / group.cost.cache_bytes))
                  : options.max_replicas;
  size = std::clamp<std::int64_t>(size, 1, std::min(options.max_replicas, group.cost.max_replicas));
  size = std::min(size, group.size());
  if (options.memory_bytes <= 0.0) return size;
  const double share = options.memory_bytes / static_cast<double>(options.jobs);
  while (size > 1 && group.memory_bytes(size) > share) size -= (size + 7) / 8;
  // Alone it may take what the other workers leave; they wait.
  if (group.memory_bytes(1) > options.memory_bytes) {
    refuse(group, options.memory_bytes);
  }
  return std::max<std::int64_t>(size, 1);
}

/// How many packs a group is cut into, all of about the same size. One that is a large part of the
/// whole is cut so that all workers get the same share of it.
std::int64_t count_packs(const Group& group, std::int64_t largest, double total_flops,
                         std::int64_t jobs) {
  constexpr double kLargePart = 0.1;
  const std::int64_t packs = (group.size() + largest - 1) / largest;
  if (group.flops() < kLargePart * total_flops / static_cast<double>(jobs)) return packs;
  return std::min(group.size(), (packs + jobs - 1) / jobs * jobs);
}

}  // namespace

Pack pack_of(const std::vector<TrialSpec>& trials, EnvironmentPool& pool) {
  std::vector<std::size_t> all(trials.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const Group group = make_group(trials, std::move(all), pool);
  Pack pack;
  pack.trials = trials;
  pack.flops = group.flops();
  pack.memory_bytes = group.memory_bytes(group.size());
  return pack;
}

std::vector<PackPlaces> plan_places(const std::vector<TrialSpec>& trials,
                                    const std::vector<std::size_t>& places, EnvironmentPool& pool,
                                    const PlaceOptions& options) {
  catalog::ShapeNumbers numbers(pool.catalog());
  std::map<catalog::ShapeNumbers::Key, std::vector<std::size_t>> by_shape;
  for (const std::size_t place : places) by_shape[numbers.of(trials[place])].push_back(place);
  std::vector<Group> groups;
  double total_flops = 0.0;
  for (auto& [key, members] : by_shape) {
    for (auto& part : by_row_limits(trials, std::move(members), pool)) {
      groups.push_back(make_group(trials, std::move(part), pool));
      total_flops += groups.back().flops();
    }
  }
  const double cache = options.any_machine ? kAnyCache : cache_bytes();
  std::vector<PackPlaces> packs;
  for (const Group& group : groups) {
    const std::int64_t count = count_packs(group, largest_pack(group, options.plan, cache),
                                           total_flops, options.plan.jobs);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto first = group.members.begin() + i * group.size() / count;
      const auto last = group.members.begin() + (i + 1) * group.size() / count;
      PackPlaces& pack = packs.emplace_back();
      pack.members.assign(first, last);
      const auto replicas = static_cast<std::int64_t>(pack.members.size());
      pack.flops = group.cost.flops * static_cast<double>(replicas);
      pack.memory_bytes = group.memory_bytes(replicas);
    }
  }
  // Longest first: what is left at the end is short.
  std::stable_sort(packs.begin(), packs.end(),
                   [](const PackPlaces& a, const PackPlaces& b) { return a.flops > b.flops; });
  return packs;
}

std::vector<Pack> plan(std::vector<TrialSpec>&& trials, EnvironmentPool& pool,
                       const PlanOptions& options) {
  std::vector<std::size_t> all(trials.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::vector<Pack> packs;
  for (PackPlaces& places : plan_places(trials, all, pool, {options})) {
    Pack& pack = packs.emplace_back();
    pack.trials.reserve(places.members.size());
    for (const std::size_t member : places.members) {
      pack.trials.push_back(std::move(trials[member]));
    }
    pack.flops = places.flops;
    pack.memory_bytes = places.memory_bytes;
    core::release(places.members);
  }
  return packs;
}

namespace {

/// Of sources that the caller owns.
std::shared_ptr<const DataSources> borrowed(const DataSources& sources) {
  return {&sources, [](const DataSources*) {}};
}

}  // namespace

}  // namespace spurion::harness

namespace spurion {

std::vector<Pack> plan(std::vector<TrialSpec>&& trials, const Catalog& catalog,
                       const DataSources& sources, const PlanOptions& options) {
  harness::EnvironmentPool pool(catalog, harness::borrowed(sources));
  return harness::plan(std::move(trials), pool, options);
}

std::vector<Pack> plan(const std::vector<TrialSpec>& trials, const Catalog& catalog,
                       const DataSources& sources, const PlanOptions& options) {
  return plan(std::vector<TrialSpec>(trials), catalog, sources, options);
}

Pack pack_of(const std::vector<TrialSpec>& trials, const Catalog& catalog,
             const DataSources& sources) {
  harness::EnvironmentPool pool(catalog, harness::borrowed(sources));
  return harness::pack_of(trials, pool);
}

}  // namespace spurion
