#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/drift.hpp"
#include "core/wrapped_environment.hpp"
#include "spurion/environment.hpp"

namespace spurion {

class DataCache;

/// Another environment whose rows and ceilings are remembered. Must not outlive the cache.
class CachedEnvironment final : public WrappedEnvironment, public DrawsDrift {
 public:
  /// `key` names the inner environment in the cache.
  CachedEnvironment(std::unique_ptr<Environment> inner, std::string key, DataCache& cache)
      : WrappedEnvironment(std::move(inner)), key_(std::move(key)), cache_(&cache) {}

  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override;
  [[nodiscard]] bool draws_drift() const override { return spurion::draws_drift(inner()); }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Purpose purpose, RowRange rows,
                                const Intervention& intervention) const override;

 private:
  std::string key_;
  DataCache* cache_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Ceilings> ceilings_;
};

}  // namespace spurion
