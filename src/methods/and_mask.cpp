#include <ATen/ATen.h>

#include "spurion/catalog.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {
namespace {

struct AndMaskOptions {
  PerReplica<double> agreement = 0.9;
  std::string normalise = "none";
};

/// AND-mask (Parascandolo et al. 2021): only parameters whose gradient has one sign in most domains
/// are updated: mask = |sum_e sign g_e| >= tau E; the update is the masked mean gradient. (The
/// linear unit tests' code has a strict inequality, which differs only where tau E is an integer.)
/// What is left is not scaled up by the share of masked parameters, as DomainBed does and the
/// authors' code can. Default and range of tau are those of the linear unit tests; DomainBed has 1,
/// and 0.5 to 1.
///
/// With `normalise = "weights"` each domain's gradient of every weight block (not of biases) is
/// scaled to norm 1 first, as in the linear unit tests. `sand_mask` has a soft mask.
class AndMask final : public Method {
 public:
  using Options = AndMaskOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("agreement", &O::agreement,
                   "Agreement tau: share of domains whose gradients must have the same sign.",
                   between(0, 1), uniform(0.8, 1.0))
            .field("normalise", &O::normalise,
                   "Scale each domain's weight gradients to norm 1 before masking.",
                   one_of({"none", "weights"}));
    return schema;
  }

  AndMask(const Options& options, const MethodContext& context)
      : agreement_(per_replica_tensor(options.agreement, context)),
        normalise_(options.normalise == "weights") {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }

  [[nodiscard]] RiskInput risk_input() const override { return RiskInput::risks; }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const auto [risks, each] = trainer.domain_gradients(batch, false);
    const Tensor gradients = normalise_ ? each.clone() : each;  // [K, E, P]
    if (normalise_) normalise_weights(gradients, trainer.model().layout());
    const Tensor agreeing = gradients.sign().sum(1).abs();  // [K, P]
    const Tensor threshold = agreement_.unsqueeze(1) * static_cast<double>(batch.domains);
    const Tensor mask = agreeing.ge(threshold).to(gradients.scalar_type());
    trainer.step_from_gradients(risks.mean(1), mask * gradients.mean(1));
  }

 private:
  static void normalise_weights(const Tensor& gradients,
                                const std::vector<ParameterBlock>& layout) {
    for (const ParameterBlock& block : layout) {
      if (block.shape.size() < 2) continue;
      Tensor part = gradients.narrow(2, block.offset, element_count(block.shape));
      part.div_((part * part).sum(2, true).sqrt().clamp_min(1e-30));
    }
  }

  Tensor agreement_;
  bool normalise_;
};

}  // namespace

void register_and_mask(Catalog& catalog);
void register_and_mask(Catalog& catalog) {
  catalog.methods.add<AndMask>(
      "and_mask", "Updates only parameters whose gradient has one sign in most domains.",
      "Parascandolo et al. 2021, arXiv:2009.00329");
}

}  // namespace spurion::methods
