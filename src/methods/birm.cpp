#include <ATen/ATen.h>

#include <vector>

#include "methods/shared/l2_option.hpp"
#include "methods/shared/penalty_schedule.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/random.hpp"

namespace spurion::methods {
namespace {

struct BirmOptions : L2Option {
  PerReplica<double> penalty_weight = 10000.0;
  PerReplica<std::int64_t> anneal_steps = 200;
  PerReplica<double> deviation = 0.06;
  std::int64_t draws = 10;
};

/// Bayesian invariant risk minimisation (Lin et al. 2022): IRMv1 whose penalty is the mean over
/// draws from a posterior of the classifier of each domain,
///
///     L = R + w mean_s mean_e (d R_e(v f) / dv at v = v_se)^2,    v_se from Normal(1,
///     deviation^2),
///
/// with s over `draws`. As in the authors' code w is 0 before `anneal_steps`, and where w is above
/// 1 the whole is divided by 1 + w. Weight, steps and the 10 draws are theirs for coloured MNIST.
/// Their deviation is 1200 / n for n training rows: the default is that of their 20,000 rows.
/// With deviation 0 the penalty is that of `irm_v1`. Their l2 is 0.001; the default here is 0, as
/// of every method. The range of the deviation is ours.
class Birm final : public ObjectiveMethod {
 public:
  using Options = BirmOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("penalty_weight", &O::penalty_weight, "Multiplier w of the invariance penalty.",
                   at_least(0), log_uniform(1e2, 1e6))
            .field("anneal_steps", &O::anneal_steps, "Steps without the penalty.", at_least(0),
                   uniform_integer(50, 250))
            .field("deviation", &O::deviation,
                   "Standard deviation of the factors of the output that are drawn around 1.",
                   at_least(0), log_uniform(0.01, 1.0))
            .field("draws", &O::draws, "Factors of each domain that are drawn for an update.",
                   between(1, 1000))
            .include(L2Option::schema());
    return schema;
  }

  Birm(const Options& options, const MethodContext& context)
      : deviation_(options.deviation),
        draws_(options.draws),
        l2_(per_replica_tensor(options.l2, context)),
        schedule_{per_replica_tensor(options.penalty_weight, context),
                  per_replica_tensor(options.anneal_steps, context), /*initial=*/0.0,
                  /*rescale=*/false},
        keys_(context.child_keys("factors")) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor risk =
        domain_quantities(losses::RowQuantity::loss, output, batch, trainer).mean(1);
    const Tensor weight = schedule_.at(trainer.step());
    const Tensor regularised = risk + l2_penalty(l2_, trainer.parameters());
    if (!weight.gt(0.0).any().item<bool>()) return regularised;
    Tensor penalty = at::zeros_like(risk);
    for (std::int64_t s = 0; s < draws_; ++s) {
      const Tensor factor = factors(trainer.step() * draws_ + s, batch.domains).to(risk.device());
      Output scaled;
      scaled.logits =
          output.logits * factor.repeat_interleave(batch.rows_per_domain, 1).unsqueeze(2);
      // The derivative by a factor of v f is v times that by v.
      const Tensor slopes =
          domain_quantities(losses::RowQuantity::scale_gradient, scaled, batch, trainer) / factor;
      penalty = penalty + slopes.pow(2).mean(1);
    }
    const Tensor total = regularised + weight * penalty / static_cast<double>(draws_);
    return total / at::where(weight.gt(1.0), 1.0 + weight, at::ones_like(weight));
  }

 private:
  /// [K, E]
  [[nodiscard]] Tensor factors(std::int64_t draw, std::int64_t domains) const {
    Tensor out = at::empty({static_cast<std::int64_t>(keys_.size()), domains});
    float* value = out.data_ptr<float>();
    for (std::size_t k = 0; k < keys_.size(); ++k) {
      const RandomStream stream(keys_[k]);
      const double deviation = deviation_.at(static_cast<std::int64_t>(k));
      for (std::int64_t e = 0; e < domains; ++e) {
        *value++ = static_cast<float>(1.0 + deviation * stream.normal(draw, e));
      }
    }
    return out;
  }

  PerReplica<double> deviation_;
  std::int64_t draws_;
  Tensor l2_;
  PenaltySchedule schedule_;
  std::vector<RandomKey> keys_;
};

}  // namespace

void register_birm(Catalog& catalog);
void register_birm(Catalog& catalog) {
  catalog.methods.add<Birm>("birm", "IRMv1 averaged over perturbed dummy scales of each domain.",
                            "Lin et al. 2022 (CVPR, Bayesian invariant risk minimization)");
}

}  // namespace spurion::methods
