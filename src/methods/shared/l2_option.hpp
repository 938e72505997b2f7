#pragma once

#include "spurion/replicas.hpp"
#include "spurion/schema.hpp"

namespace spurion::methods {

/// What every method that minimises a loss can add to it: l2 ||theta||^2 over all parameters. One
/// default for all, so that a comparison of defaults compares the methods and nothing else.
struct L2Option {
  PerReplica<double> l2 = 0.0;

  /// Adds the field to the schema of `Options`, which derives from `L2Option`.
  template <class Options>
  static Schema<Options>& add_to(Schema<Options>& schema) {
    return schema.field("l2", static_cast<PerReplica<double> Options::*>(&Options::l2),
                        "Coefficient of the squared norm of all parameters in the loss.",
                        at_least(0), log_uniform(1e-5, 1e-2));
  }
};

}  // namespace spurion::methods
