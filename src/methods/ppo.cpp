#include <ATen/ATen.h>

#include "methods/shared/policy_method.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/losses.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct PpoOptions : PolicyOptions {
  PerReplica<double> clip = 0.2;
  bool clip_value_loss = false;
  bool normalise_advantages = false;
};

/// Proximal policy optimisation with the clipped surrogate (Schulman et al. 2017, equation 7):
///
///     min(rho A, clamp(rho, 1 - clip, 1 + clip) A),   rho = pi(a | x) / pi_old(a | x),
///
/// pi_old the policy that took the action. The policy and the values are networks of their own, so
/// the paper's coefficient of the value loss has no place; each is updated once a minibatch with
/// the trial's optimiser. Two habits of implementations are options that are off:
/// `clip_value_loss` takes the larger of the squared errors of the value and of the value clamped
/// to `clip` around the one that was estimated while acting; `normalise_advantages` gives those of
/// a minibatch mean 0 and standard deviation 1.
class Ppo final : public PolicyMethod {
 public:
  using Options = PpoOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("clip", &O::clip,
                   "How far the ratio of probabilities may move from 1 before it is clipped.",
                   positive(), uniform(0.1, 0.3))
            .field("clip_value_loss", &O::clip_value_loss,
                   "Whether values, too, are clipped around those that were estimated while "
                   "acting.")
            .field("normalise_advantages", &O::normalise_advantages,
                   "Whether the advantages of a minibatch get mean 0 and standard deviation 1.")
            .include(PolicyOptions::schema());
    return schema;
  }

  Ppo(const Options& options, const MethodContext& context)
      : PolicyMethod("ppo", options, context, true),
        clip_(per_replica_tensor(options.clip, context).reshape({-1, 1, 1})),
        clip_value_loss_(options.clip_value_loss),
        normalise_(options.normalise_advantages) {
    if (normalise_ && options.kl_anchor > 0.0) {
      throw UsageError(
          "ppo: 'kl_anchor' weighs a divergence against rewards, but 'normalise_advantages' takes "
          "their unit away: set one of them to its default");
    }
  }

 private:
  [[nodiscard]] Tensor surrogate(const Tensor& log_probability, const Batch& batch) const override {
    const Tensor ratio = losses::exp(log_probability - batch.log_probability);
    const Tensor advantage = normalise_ ? normalised(batch.advantage) : batch.advantage;
    const Tensor clipped = at::max(at::min(ratio, 1.0 + clip_), 1.0 - clip_);
    return at::min(ratio * advantage, clipped * advantage);
  }

  [[nodiscard]] Tensor value_loss(const Tensor& values, const Batch& batch) const override {
    const Tensor loss = PolicyMethod::value_loss(values, batch);
    if (!clip_value_loss_) return loss;
    const Tensor before = batch.returns - batch.advantage;
    const Tensor clipped = before + at::max(at::min(values - before, clip_), -clip_);
    return at::max(loss, PolicyMethod::value_loss(clipped, batch));
  }

  /// Of all rows of a replica alike.
  static Tensor normalised(const Tensor& advantage) {
    const Batch plain;
    const Tensor centred = advantage - row_mean(advantage, plain).reshape({-1, 1, 1});
    const Tensor variance = row_mean(centred.pow(2), plain).reshape({-1, 1, 1});
    return centred / (variance.sqrt() + 1e-8);
  }

  Tensor clip_;  // [K, 1, 1]
  bool clip_value_loss_;
  bool normalise_;
};

}  // namespace

void register_ppo(Catalog& catalog);
void register_ppo(Catalog& catalog) {
  catalog.methods.add<Ppo>("ppo", "Policy gradient with a clipped ratio of probabilities.",
                           "Schulman et al. 2017, arXiv:1707.06347");
}

}  // namespace spurion::methods
