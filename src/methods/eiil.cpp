#include <ATen/ATen.h>

#include "methods/shared/inferred_domains.hpp"
#include "nouns/weighted_rows.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct EiilOptions : InferredDomainOptions {
  double reference_share = 0.5;
};

/// Environment inference for invariant learning (Creager et al. 2021). Stage 1 is ERM for a share
/// of the steps: the reference model. Then two domains of the training rows are inferred, those
/// that violate invariance most for the reference: q in [0, 1] for each row maximises the mean of
/// (mean_i q_i g_i)^2 and (mean_i (1 - q_i) g_i)^2, where g_i = d loss_i(s f) / ds at s = 1. Stage
/// 2 trains fresh parameters with the rest of the steps by IRMv1 or group DRO over these domains.
/// Both stages together have the steps of the trial.
///
/// That maximum is known: it is a convex function of sum_i q_i g_i, so each row is in the domain of
/// the sign of its g_i, and the two domains may change names. The authors' code climbs to it by
/// 10,000 steps of Adam and cuts q at 0.5; here rows with g_i > 0 are domain 1, the others domain
/// 0. For a binary label these are the rows that the reference predicts wrongly, and rightly. Where
/// no row is wrong there is one domain, and the objective is that of one.
///
/// The authors train on all rows at once. Minibatches are drawn so that both domains have as many
/// rows on average, which leaves the means of IRMv1 as they are; a domain that has no row in a
/// minibatch is left out there.
class Eiil final : public Method {
 public:
  using Options = EiilOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("reference_share", &Options::reference_share,
                   "Share of the steps of the reference model.", between(0, 1), uniform(0.2, 0.8))
            .include(InferredDomainOptions::schema());
    return schema;
  }

  Eiil(const Options& options, const MethodContext& context)
      : steps_(context.steps),
        stages_({options.reference_share}, context),
        l2_(per_replica_tensor(options.l2, context)),
        loss_(options, context),
        keys_(context.child_keys("second stage")) {}

  [[nodiscard]] RowRequest row_request() const override {
    RowRequest request;
    request.training_set = true;
    return request;
  }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 24.0 * sizes.training_rows;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    stages_.begin_schedules(trainer);
    if (trainer.step() == 0 && stages_.any_begins(1, 0)) infer(trainer);
    const Output output = trainer.forward(batch.x);
    const Tensor l2 = l2_penalty(l2_, trainer.parameters());
    if (domain_.defined()) {
      const std::int64_t since = trainer.step() - stages_.first_step(1, 0);
      trainer.step_from_losses(loss_(output, batch, table_rows(domain_, batch), 2, since) + l2);
      return;
    }
    trainer.step_from_losses(row_mean(row_losses(output, batch), batch) + l2);
    // At the end of a step, so that the next minibatch is drawn by the new weights.
    const std::int64_t now = trainer.step();
    if (now < steps_ && stages_.any_begins(1, now)) infer(trainer);
  }

  void visit_state(StateVisitor& visit) override {
    visit("domain", domain_);
    StateVisitor inside = visit.inside("loss");
    loss_.visit_state(inside);
  }

 private:
  /// All replicas of a pack have the same share, so all begin the second stage together.
  void infer(ReplicaTrainer& trainer) {
    domain_ = at::zeros({trainer.replicas(), trainer.training_rows()},
                        at::device(trainer.device()).dtype(at::kLong));
    trainer.over_training_rows([&](const Batch& rows) {
      const Tensor logits = trainer.forward(rows.x).logits;
      const Tensor slopes = losses::scale_gradient(rows.task, logits, rows.y.flatten(1));
      put_table_rows(domain_, rows, slopes.gt(0.0).to(at::kLong));
    });
    trainer.sample_rows(nouns::balancing_weights(domain_.cpu()));
    trainer.restart(at::ones({trainer.replicas()}, at::kBool), trainer.fresh_parameters(keys_));
  }

  std::int64_t steps_;
  Stages stages_;
  Tensor l2_;
  InferredDomainLoss loss_;
  std::vector<RandomKey> keys_;
  Tensor domain_;  // int64 [K, N]: the inferred domain of each training row
};

}  // namespace

void register_eiil(Catalog& catalog);
void register_eiil(Catalog& catalog) {
  catalog.methods.add<Eiil>(
      "eiil", "Infers the two domains that violate invariance most, then trains on them.",
      "Creager et al. 2021, arXiv:2010.07249");
}

}  // namespace spurion::methods
