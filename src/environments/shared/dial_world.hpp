#pragma once

#include <utility>
#include <vector>

#include "environments/shared/dial_domains.hpp"
#include "spurion/catalog.hpp"
#include "spurion/environment.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {

/// What the environments with one dial share: their domains, where their draws come from, and what
/// is known of them.
class DialWorld : public Environment {
 public:
  [[nodiscard]] const EnvironmentInfo& info() const override { return info_; }
  [[nodiscard]] std::vector<Domain> train_domains() const override { return domains_.train(); }
  [[nodiscard]] Domain test_domain() const override { return domains_.test(); }
  [[nodiscard]] Domain at(double shift) const override { return domains_.at(shift); }

 protected:
  DialWorld(const EnvironmentContext& context, DialDomains domains)
      : domains_(std::move(domains)), key_(RandomKey(context.data_seed).child(domains_.world())) {
    info_.name = domains_.world();
  }

  /// Of the draws for the rows of a domain.
  [[nodiscard]] RandomKey rows_key(const Domain& domain, Split split) const {
    return key_.child(domain.key).child(split_name(split));
  }

  DialDomains domains_;
  RandomKey key_;
  EnvironmentInfo info_;
};

}  // namespace spurion::environments
