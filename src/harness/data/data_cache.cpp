#include "harness/data/data_cache.hpp"

#include <fmt/format.h>

#include "core/failure.hpp"
#include "harness/data/cached_environment.hpp"
#include "nouns/border_checks.hpp"
#include "nouns/control_shift_environment.hpp"
#include "spurion/random.hpp"

namespace spurion {

namespace {

/// Environments hold permutations of image pools: some hundred kilobytes each.
constexpr std::size_t kRecent = 64;

}  // namespace

std::shared_ptr<const Environment> DataCache::environment(
    const Component& component, std::uint64_t seed, const Catalog& catalog,
    const std::shared_ptr<const DataSources>& sources) {
  const std::string key = DataCache::key(component, seed);
  const std::lock_guard<std::mutex> guard(mutex_);
  std::shared_ptr<const Environment> environment = environments_[key].lock();
  if (!environment) {
    const Part part = part_of(catalog.environments, component.name);
    auto made = blamed(part, [&] {
      auto world = catalog.environments.at(component.name)
                       .make({component.options}, EnvironmentContext{seed, sources});
      border::check_environment(*world);
      return world;
    });
    auto shifted = std::make_unique<ControlShiftEnvironment>(std::move(made), seed);
    environment = std::make_shared<const CachedEnvironment>(std::move(shifted), part, key, *this);
    environments_[key] = environment;
    recent_.push_back(environment);
    if (recent_.size() > kRecent) recent_.pop_front();
  }
  return environment;
}

std::shared_ptr<CachedRows> DataCache::rows(const std::string& key) {
  const std::lock_guard<std::mutex> guard(mutex_);
  auto& entry = rows_[key];
  if (!entry) entry = std::make_shared<CachedRows>();
  entry->used = ++clock_;
  return entry;
}

void DataCache::grown(const std::string& key, const std::shared_ptr<CachedRows>& entry,
                      double bytes) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const auto found = rows_.find(key);
  if (found == rows_.end() || found->second != entry) return;  // let go meanwhile
  bytes_ += bytes - entry->bytes;
  entry->bytes = bytes;
  while (bytes_ > limit_ && !rows_.empty()) {
    auto oldest = rows_.end();
    for (auto one = rows_.begin(); one != rows_.end(); ++one) {
      if (one->second->bytes <= 0.0) continue;
      if (oldest == rows_.end() || one->second->used < oldest->second->used) oldest = one;
    }
    if (oldest == rows_.end()) break;
    bytes_ -= oldest->second->bytes;
    rows_.erase(oldest);
  }
}

std::string DataCache::key(const Component& component, std::uint64_t seed) {
  // There may be as many keys as trials: options are named by 128 bits of a hash.
  const std::string options = component.options.canonical_json();
  return fmt::format("{:016x}|{}|{:016x}{:016x}", seed, component.name,
                     RandomKey(2).child(options).value(), RandomKey(1).child(options).value());
}

void DataCache::expect(const std::string& key) {
  const std::lock_guard<std::mutex> guard(mutex_);
  ++expected_[key];
}

void DataCache::done(const std::string& key) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const auto left = expected_.find(key);
  if (left == expected_.end() || --left->second > 0) return;
  expected_.erase(left);
  // Names of rows begin with their environment's; '}' sorts after the '|' that follows it.
  const auto end = rows_.lower_bound(key + '}');
  for (auto one = rows_.lower_bound(key + '|'); one != end; one = rows_.erase(one)) {
    bytes_ -= one->second->bytes;
  }
}

double DataCache::bytes() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  return bytes_;
}

}  // namespace spurion
