#pragma once

#include <string>
#include <vector>

#include "spurion/method.hpp"

namespace spurion::methods {

/// The variance over the domains (of the population) of their risks, [K] (Krueger et al. 2021,
/// arXiv:2003.00688): `risks` [K, E], `mean` [K, 1] their mean.
[[nodiscard]] Tensor risk_variance(const Tensor& risks, const Tensor& mean);
/// The squared distance of each domain's gradient from their mean, [K, E] (Koyama & Yamaguchi 2020,
/// arXiv:2008.01883): `gradients` [K, E, P].
[[nodiscard]] Tensor gradient_spread(const Tensor& gradients);

/// Some of the domains a penalty compares, and what the model made of their rows.
struct PenalisedRows {
  Output output;
  Batch batch;
};

/// The offline methods that add something to the mean risk, as that something:
///  - `irm_v1`: mean_e of the squared gradient of a dummy scale (Arjovsky et al. 2019)
///  - `v_rex`: the variance of the domains' risks (Krueger et al. 2021)
///  - `group_dro`: sum_e q_e R_e - mean_e R_e, with q of exponentiated-gradient ascent (Sagawa et
///    al. 2020), so that with weight 1 the whole is group DRO
///
/// The others are not among them: `and_mask` is a rule of updates and no term of a loss; `iga`
/// needs second derivatives of the model, whose operations are declared and not counted, so that
/// budgets would no longer compare; `reweighted_erm` and `subsampled_erm` need group labels, which
/// no stream grants.
class DomainPenalty {
 public:
  DomainPenalty(std::string name, Tensor step_size)
      : name_(std::move(name)), step_size_(std::move(step_size)) {}

  /// [K]. 0 on one domain, but for irm_v1.
  [[nodiscard]] Tensor operator()(const std::vector<PenalisedRows>& rows,
                                  const ReplicaTrainer& trainer);
  void visit_state(StateVisitor& visit) { visit("weights", weights_); }

 private:
  std::string name_;
  Tensor step_size_;  // [K], of group_dro
  Tensor weights_;    // [K, E] of group_dro; starts over when E changes
};

}  // namespace spurion::methods
