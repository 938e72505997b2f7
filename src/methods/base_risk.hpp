#pragma once

#include <string>

#include "spurion/access.hpp"
#include "spurion/method.hpp"
#include "spurion/schema.hpp"

namespace spurion {

/// What every method for streams minimises on the newest rows: their mean risk, if wanted with a
/// penalty of the offline methods over the domains of the batch.
struct BaseRiskOptions {
  std::string penalty = "none";
  PerReplica<double> penalty_weight = 1.0;
  PerReplica<double> l2 = 0.0;

  /// Adds these fields to the schema of `Options`, which derives from `BaseRiskOptions`.
  template <class Options>
  static Schema<Options>& add_to(Schema<Options>& schema) {
    return schema
        .field("penalty", static_cast<std::string Options::*>(&Options::penalty),
               "Penalty over the domains of a batch: none, irm_v1 (squared gradient of a dummy "
               "scale) or v_rex (variance of risks).",
               one_of({"none", "irm_v1", "v_rex"}))
        .field("penalty_weight",
               static_cast<PerReplica<double> Options::*>(&Options::penalty_weight),
               "Multiplier of that penalty.", at_least(0), log_uniform(1e-1, 1e4))
        .field("l2", static_cast<PerReplica<double> Options::*>(&Options::l2),
               "Coefficient of the squared norm of all parameters in the loss.", at_least(0),
               log_uniform(1e-5, 1e-2));
  }
};

class BaseRisk {
 public:
  BaseRisk(const BaseRiskOptions& options, const MethodContext& context);

  [[nodiscard]] Access needs() const;
  /// [K]
  [[nodiscard]] Tensor operator()(const Output& output, const Batch& batch,
                                  const Trainee& trainee) const;

 private:
  std::string penalty_;
  Tensor weight_;
  Tensor l2_;
};

/// The penalty of that name over the domains of a batch, [K].
Tensor domain_penalty(const std::string& name, const Output& output, const Batch& batch,
                      const Trainee& trainee);

}  // namespace spurion
