#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "harness/data/environment_pool.hpp"
#include "spurion/environment.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// Rows of one domain from some row on, as far as they were asked for.
struct CachedRows {
  std::mutex mutex;  ///< held while rows are made, so that they are made once
  Sample sample;
  std::int64_t rows = 0;   ///< how many are here
  double bytes = 0.0;      ///< counted against the cache's limit
  std::uint64_t used = 0;  ///< when it was last asked for
};

/// Environments with their rows, shared by the packs of a run: the environment of a data seed is
/// made once, and its rows once while they fit. Safe to call from many threads. Row i of a domain
/// does not depend on how many rows are made with it, so neither do results on what is kept.
class SPURION_API DataCache {
 public:
  /// `bytes`: rows kept beyond those in use.
  explicit DataCache(double bytes) : limit_(bytes) {}

  /// The environment of these options and this data seed; its `sample` goes through the cache and
  /// may return views of shared memory.
  std::shared_ptr<const Environment> environment(const Component& component, std::uint64_t seed,
                                                 EnvironmentPool& pool);
  /// The rows named `key`: fresh ones where there are none yet.
  std::shared_ptr<CachedRows> rows(const std::string& key);
  /// Says how many bytes the rows named `key` hold now, and drops the rows that have not been
  /// asked for longest while all together are over the limit.
  void grown(const std::string& key, const std::shared_ptr<CachedRows>& entry, double bytes);
  [[nodiscard]] double bytes() const;

  /// Says that one more pack will use the environment of this `EnvironmentPool::key`, or has used
  /// it. After the last its rows go.
  void expect(const std::string& key);
  void done(const std::string& key);

 private:
  double limit_;
  mutable std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const Environment>> environments_;
  std::deque<std::shared_ptr<const Environment>> recent_;  ///< kept though no pack uses them now
  using Rows = std::map<std::string, std::shared_ptr<CachedRows>>;
  Rows rows_;
  std::map<std::uint64_t, Rows::iterator> by_use_;  ///< those asked for longest ago first
  std::map<std::string, std::int64_t> expected_;    ///< packs left that use an environment
  double bytes_ = 0.0;
  std::uint64_t clock_ = 0;
};

}  // namespace spurion::harness
