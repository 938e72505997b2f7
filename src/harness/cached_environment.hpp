#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/drift.hpp"
#include "spurion/environment.hpp"

namespace spurion {

class DataCache;

/// Another environment whose rows and ceilings are remembered. Must not outlive the cache.
class CachedEnvironment final : public Environment, public DrawsDrift {
 public:
  /// `key` names the inner environment in the cache.
  CachedEnvironment(std::unique_ptr<Environment> inner, std::string key, DataCache& cache)
      : inner_(std::move(inner)), key_(std::move(key)), cache_(&cache) {}

  /// What is remembered.
  [[nodiscard]] const Environment& inner() const { return *inner_; }
  [[nodiscard]] const EnvironmentInfo& info() const override { return inner_->info(); }
  [[nodiscard]] std::vector<Domain> train_domains() const override {
    return inner_->train_domains();
  }
  [[nodiscard]] Domain test_domain() const override { return inner_->test_domain(); }
  [[nodiscard]] Domain at(double shift) const override { return inner_->at(shift); }
  [[nodiscard]] Domain at_cues(const std::vector<double>& shifts) const override {
    return inner_->at_cues(shifts);
  }
  [[nodiscard]] std::int64_t row_limit(const Domain& domain, Purpose purpose) const override {
    return inner_->row_limit(domain, purpose);
  }
  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    return inner_->supports(intervention);
  }
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override;
  [[nodiscard]] std::vector<std::pair<std::string, Tensor>> coefficient_errors(
      const Tensor& weights) const override {
    return inner_->coefficient_errors(weights);
  }
  [[nodiscard]] bool draws_drift() const override { return spurion::draws_drift(*inner_); }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Purpose purpose, RowRange rows,
                                const Intervention& intervention) const override;

 private:
  std::unique_ptr<Environment> inner_;
  std::string key_;
  DataCache* cache_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Ceilings> ceilings_;
};

}  // namespace spurion
