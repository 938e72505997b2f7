#include "harness/data/data_cache.hpp"

#include "core/failure.hpp"
#include "harness/data/cached_environment.hpp"
#include "nouns/control_shift_environment.hpp"

namespace spurion::harness {

namespace {

/// Environments that keep what is known of their ceilings though no pack uses them now.
constexpr std::size_t kRecentCached = 64;

}  // namespace

std::shared_ptr<const Environment> DataCache::environment(const Component& component,
                                                          std::uint64_t seed,
                                                          EnvironmentPool& pool) {
  const std::string key = EnvironmentPool::key(component, seed);
  const std::lock_guard<std::mutex> guard(mutex_);
  std::shared_ptr<const Environment> environment = environments_[key].lock();
  if (!environment) {
    const core::Part part = core::part_of(pool.catalog().environments, component.name);
    auto made = core::blamed(part, [&] { return pool.at(component, seed); });
    auto shifted = std::make_unique<nouns::ControlShiftEnvironment>(std::move(made), seed);
    environment = std::make_shared<const CachedEnvironment>(std::move(shifted), part, key, *this);
    environments_[key] = environment;
    recent_.push_back(environment);
    if (recent_.size() > kRecentCached) recent_.pop_front();
  }
  return environment;
}

std::shared_ptr<CachedRows> DataCache::rows(const std::string& key) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const auto place = rows_.try_emplace(key).first;
  auto& entry = place->second;
  if (!entry) {
    entry = std::make_shared<CachedRows>();
  } else {
    by_use_.erase(entry->used);
  }
  entry->used = ++clock_;
  by_use_.emplace(entry->used, place);
  return entry;
}

void DataCache::grown(const std::string& key, const std::shared_ptr<CachedRows>& entry,
                      double bytes) {
  const std::lock_guard<std::mutex> guard(mutex_);
  const auto found = rows_.find(key);
  if (found == rows_.end() || found->second != entry) return;  // let go meanwhile
  bytes_ += bytes - entry->bytes;
  entry->bytes = bytes;
  for (auto oldest = by_use_.begin(); bytes_ > limit_ && oldest != by_use_.end();) {
    const auto rows = oldest->second;
    if (rows->second->bytes <= 0.0) {  // in the making
      ++oldest;
      continue;
    }
    bytes_ -= rows->second->bytes;
    oldest = by_use_.erase(oldest);
    rows_.erase(rows);
  }
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
    by_use_.erase(one->second->used);
  }
  environments_.erase(key);
}

double DataCache::bytes() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  return bytes_;
}

}  // namespace spurion::harness
