#include <ATen/ATen.h>

#include "methods/shared/balanced_kinds.hpp"
#include "methods/shared/group_weights.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {
namespace {

struct ReweightedErmOptions : BalanceOptions {};

/// ERM with rows weighed so that every group counts as much as every other: of a row of group g,
/// n / (G n_g), with n_g the rows of the group seen so far and G the groups seen. With full batches
/// the loss is the mean over groups of their mean losses, what oversampling the minority aims at;
/// with minibatches n_g / n settles on the training set's shares. With `by = "class"` the classes
/// are weighed so, and no group labels are needed (RWG and RWY of Idrissi et al. 2022).
class ReweightedErm final : public ObjectiveMethod {
 public:
  using Options = ReweightedErmOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>().include(BalanceOptions::schema());
    return schema;
  }

  ReweightedErm(const Options& options, const MethodContext& context)
      : l2_(per_replica_tensor(options.l2, context)),
        kinds_("reweighted_erm", options.by, context) {}

  [[nodiscard]] Access needs() const override { return kinds_.needs(); }

  void begin_phase(ReplicaTrainer& /*trainer*/, std::int64_t /*phase*/) override {
    seen_ = Tensor();
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor group = kinds_.of(batch);
    const Tensor counts = kinds_.counts(batch);
    seen_ = seen_.defined() ? seen_ + counts : counts;
    const Tensor present = seen_.gt(0).sum(1, true).clamp_min(1).to(at::kDouble);
    const Tensor each = seen_.clamp_min(1).to(at::kDouble);
    const Tensor weights = seen_.sum(1, true).to(at::kDouble) / (present * each);
    const Tensor losses = losses::row_loss(batch.task, output.logits, batch.y.flatten(1));
    Tensor of_row = weights.gather(1, group.expand({weights.size(0), -1})).to(at::kFloat);
    if (batch.weight.defined()) of_row = of_row * batch.weight.flatten(1);
    return weighted_mean(losses, of_row) + l2_penalty(l2_, trainer.parameters());
  }

  void visit_state(StateVisitor& visit) override { visit("seen", seen_); }

 private:
  Tensor l2_;
  BalancedKinds kinds_;
  Tensor seen_;  // [K or 1, groups or classes]
};

}  // namespace

void register_reweighted_erm(Catalog& catalog);
void register_reweighted_erm(Catalog& catalog) {
  catalog.methods.add<ReweightedErm>(
      "reweighted_erm",
      "ERM with equal weight for every group of (label, cue), or for "
      "every class.",
      "Shimodaira 2000; as in Sagawa et al. 2020, arXiv:2005.04345, and "
      "Idrissi et al. 2022, arXiv:2110.14503");
}

}  // namespace spurion::methods
