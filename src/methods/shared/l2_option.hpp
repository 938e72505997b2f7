#pragma once

#include "spurion/replicas.hpp"
#include "spurion/schema.hpp"

namespace spurion::methods {

/// What every method that minimises a loss can add to it: l2 ||theta||^2 over all parameters. One
/// default for all, so that a comparison of defaults compares the methods and nothing else.
struct L2Option {
  PerReplica<double> l2 = 0.0;

  static const Schema<L2Option>& schema() {
    static const auto schema = Schema<L2Option>().field(
        "l2", &L2Option::l2, "Coefficient of the squared norm of all parameters in the loss.",
        at_least(0), log_uniform(1e-5, 1e-2));
    return schema;
  }
};

}  // namespace spurion::methods
