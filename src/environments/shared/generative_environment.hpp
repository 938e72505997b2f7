#pragma once

#include <utility>
#include <vector>

#include "environments/shared/shift_domains.hpp"
#include "spurion/catalog.hpp"
#include "spurion/environment.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {

/// What environments share whose rows are made by a formula: their domains, where their draws come
/// from, and what is known of them. `Base` is the noun. A derived class adds to `info_`, and says
/// `supports`, `ceilings`, and how its rows are made.
template <class Base>
class GenerativeWorld : public Base {
 public:
  [[nodiscard]] const EnvironmentInfo& info() const final { return info_; }
  [[nodiscard]] std::vector<Domain> train_domains() const override { return domains_.train(); }
  [[nodiscard]] Domain test_domain() const final { return domains_.test(); }
  [[nodiscard]] Domain at(double shift) const final { return domains_.at(shift); }
  [[nodiscard]] Domain at_cues(const std::vector<double>& shifts) const final {
    return domains_.at_cues(shifts);
  }

 protected:
  /// `info_` has the name, and the shift's extent with eleven points evenly along it.
  GenerativeWorld(const EnvironmentContext& context, ShiftDomains domains)
      : domains_(std::move(domains)),
        key_(RandomKey(context.data_seed).child(domains_.environment())) {
    info_.name = domains_.environment();
    domains_.mark(info_.shift_axis);
  }

  /// Of the draws for the rows of a domain.
  [[nodiscard]] RandomKey rows_key(const Domain& domain, Split split) const {
    return key_.child(domain.key).child(split_name(split));
  }

  ShiftDomains domains_;
  RandomKey key_;
  EnvironmentInfo info_;
};

/// One whose rows are all there is: the derived class says `generate`, too.
using GenerativeEnvironment = GenerativeWorld<Environment>;

}  // namespace spurion::environments
