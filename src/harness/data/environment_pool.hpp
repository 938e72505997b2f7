#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "spurion/catalog.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// The environments of a run: everything that checks, describes, costs or trains asks here, so that
/// the environment of a data seed is built once. The latest ones are kept, others as long as
/// somebody uses them. Safe to call from many threads. The catalog must outlive the pool.
class SPURION_API EnvironmentPool {
 public:
  EnvironmentPool(const Catalog& catalog, std::shared_ptr<const DataSources> sources)
      : catalog_(&catalog), sources_(std::move(sources)) {}

  /// The environment of these options and this data seed. Throws what building it throws, and
  /// `PluginError` where its facts contradict each other.
  std::shared_ptr<const Environment> at(const Component& component, std::uint64_t seed);

  [[nodiscard]] const Catalog& catalog() const { return *catalog_; }
  [[nodiscard]] const std::shared_ptr<const DataSources>& sources() const { return sources_; }

  /// The name of an environment: one for each data seed, name and options.
  static std::string key(const Component& component, std::uint64_t seed);

 private:
  /// Drops the names of environments that are gone, now and then: there may be one a trial.
  void forget_unused();

  const Catalog* catalog_;
  std::shared_ptr<const DataSources> sources_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const Environment>> known_;
  std::size_t most_known_ = 1024;  ///< before those that are gone are dropped
  std::deque<std::shared_ptr<const Environment>> recent_;  ///< kept though nobody uses them now
};

}  // namespace spurion::harness
