#pragma once

#include <utility>

#include "harness/measure/metric_set.hpp"
#include "harness/measure/state_share.hpp"
#include "spurion/export.hpp"
#include "spurion/reference_model.hpp"

/// \file
/// Policies that are held to a policy pi_0 while they maximise rewards.
///
/// Where an action changes no later reward, what maximises
///
///     E r(a) - beta KL(pi || pi_0) + c H(pi)
///
/// in a state is known in closed form: pi* is proportional to (pi_0^beta exp(r))^(1 / (beta + c)).
/// With c = 0 it is the posterior pi_0 exp(r / beta) / Z (Korbak et al. 2022, arXiv:2205.11275).

namespace spurion::harness {

/// Log-probabilities [K, B, A] of pi*, float64. `prior` [K, B, A]: logits of pi_0; `reward`
/// [K, B, A] float64: expected reward of each action.
SPURION_API Tensor anchored_optimum(const Tensor& prior, const Tensor& reward,
                                    const ReferenceModel& reference);

/// How far policies went from pi_0, and how far they are from pi*, in the states that they visit.
class SPURION_API AnchoredPolicy {
 public:
  /// What is known of the states of one step.
  struct States {
    Tensor logits;  ///< [K, B, A] of the policy
    Tensor prior;   ///< [K, B, A] logits of pi_0
    Tensor reward;  ///< [K, B, A] float64; undefined: not known
    Tensor going;   ///< bool [K, B]: states that count
  };
  explicit AnchoredPolicy(ReferenceModel reference) : reference_(std::move(reference)) {}

  [[nodiscard]] const ReferenceModel& reference() const { return reference_; }
  void add(const States& states);
  /// Adds the means to `values`, [K] float64 each.
  void put(MetricValues& values) const;

 private:
  ReferenceModel reference_;
  StateShare entropy_;
  StateShare prior_entropy_;
  StateShare divergence_;
  StateShare collapsed_;
  StateShare optimum_entropy_;
  StateShare from_optimum_;
  StateShare prior_from_optimum_;
};

}  // namespace spurion::harness
