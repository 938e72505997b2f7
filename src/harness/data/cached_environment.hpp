#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "core/failure.hpp"
#include "nouns/border_checks.hpp"
#include "nouns/wrapped_environment.hpp"
#include "spurion/environment.hpp"

namespace spurion::harness {

class DataCache;

/// Another environment as trials use it: its rows and ceilings are remembered, and what goes wrong
/// in it is attributed to it. Must not outlive the cache.
class CachedEnvironment final : public nouns::WrappedEnvironment {
 public:
  /// `key` names the inner environment in the cache.
  CachedEnvironment(std::unique_ptr<Environment> inner, core::Part part, std::string key,
                    DataCache& cache)
      : nouns::WrappedEnvironment(std::move(inner)),
        part_(std::move(part)),
        key_(std::move(key)),
        cache_(&cache) {}

  [[nodiscard]] std::vector<Domain> train_domains() const override {
    return core::blamed(part_, [&] { return inner().train_domains(); });
  }
  [[nodiscard]] Domain test_domain() const override {
    return core::blamed(part_, [&] { return inner().test_domain(); });
  }
  [[nodiscard]] Domain at(double shift) const override {
    return core::blamed(part_, [&] { return inner().at(shift); });
  }
  [[nodiscard]] Domain at_cues(const std::vector<double>& shifts) const override {
    return core::blamed(part_, [&] { return inner().at_cues(shifts); });
  }
  [[nodiscard]] std::int64_t row_limit(const Domain& domain, Split split) const override {
    return core::blamed(part_, [&] { return inner().row_limit(domain, split); });
  }
  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    return core::blamed(part_, [&] { return inner().supports(intervention); });
  }
  [[nodiscard]] std::vector<std::pair<std::string, Tensor>> coefficient_errors(
      const Tensor& weights) const override;
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override;
  [[nodiscard]] std::optional<double> optimal_flip_rate(const Domain& domain) const override {
    return core::blamed(part_, [&] {
      const std::optional<double> rate = inner().optimal_flip_rate(domain);
      if (rate) nouns::check_flip_rate(*rate, domain);
      return rate;
    });
  }
  [[nodiscard]] std::optional<Theory> theory(const TheoryRequest& request,
                                             const std::vector<Domain>& domains) const override {
    return core::blamed(part_, [&] {
      std::optional<Theory> found = inner().theory(request, domains);
      if (found) nouns::check_theory(*found, domains);
      return found;
    });
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override;

 private:
  core::Part part_;
  std::string key_;
  DataCache* cache_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Ceilings> ceilings_;
};

}  // namespace spurion::harness
