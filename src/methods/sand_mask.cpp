#include <ATen/ATen.h>

#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {
namespace {

struct SandMaskOptions {
  PerReplica<double> agreement = 0.5;
  PerReplica<double> steepness = 10.0;
};

/// SAND-mask (Shahtalebi et al. 2021; as in DomainBed): the mean gradient times a mask between 0
/// and 1 for each parameter, max(0, tanh(k (|mean_e sign g_e| - tau) / Var_e g_e)), with the
/// variance divided by E - 1. The gradient of each block of parameters is divided by the mean of
/// its mask (plus 1e-10). `and_mask` has the hard mask |mean_e sign g_e| >= tau and is not divided.
///
/// DomainBed's default tau = 1 makes every mask 0, since no |mean sign| exceeds 1, so that nothing
/// is trained. The default here is 0.5, the middle of DomainBed's range. Where the domains'
/// gradients are equal, as with one domain, the mask is 1 where they are not 0, if tau is below 1.
class SandMask final : public Method {
 public:
  using Options = SandMaskOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("agreement", &O::agreement,
                   "Agreement tau: |mean sign| of the domains' gradients where the mask begins.",
                   Bounds{0.0, 1.0, false, true, {}}, uniform(0.0, 1.0))
            .field("steepness", &O::steepness, "Factor k in the mask.", positive(),
                   log_uniform(1e-3, 1e5));
    return schema;
  }

  SandMask(const Options& options, const MethodContext& context)
      : agreement_(per_replica_tensor(options.agreement, context).unsqueeze(1)),
        steepness_(per_replica_tensor(options.steepness, context).unsqueeze(1)) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }
  [[nodiscard]] RiskInput risk_input() const override { return RiskInput::risks; }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const auto [risks, gradients] = trainer.domain_gradients(batch, false);  // [K, E, P]
    const Tensor mean = gradients.mean(1);
    Tensor masked = mask(gradients);
    for (const ParameterBlock& block : trainer.model().layout()) {
      Tensor part = masked.narrow(1, block.offset, element_count(block.shape));
      part.div_(part.mean(1, true) + 1e-10);
    }
    trainer.step_from_gradients(risks.mean(1), (masked * mean.to(at::kDouble)).to(at::kFloat));
  }

 private:
  /// float64 [K, P] in [0, 1]: the mask of weak arguments is the difference of numbers near 1.
  [[nodiscard]] Tensor mask(const Tensor& gradients) const {
    const Tensor each = gradients.to(at::kDouble);
    const std::int64_t domains = each.size(1);
    const Tensor agreeing = each.sign().mean(1).abs() - agreement_;
    const Tensor spread = each - each.mean(1, true);
    // Domains whose gradients are equal divide by next to nothing, and by no less.
    const Tensor variance =
        (spread * spread).sum(1) / static_cast<double>(domains > 1 ? domains - 1 : 1);
    const Tensor slope = steepness_ * agreeing / variance.clamp_min(1e-30);
    // tanh(x) = 2 / (1 + exp(-2 x)) - 1
    return 2.0 * losses::sigmoid(2.0 * slope.clamp_min(0.0)) - 1.0;
  }

  Tensor agreement_;
  Tensor steepness_;
};

}  // namespace

void register_sand_mask(Catalog& catalog);
void register_sand_mask(Catalog& catalog) {
  catalog.methods.add<SandMask>("sand_mask",
                                "Updates parameters by how far the domains' gradients agree.",
                                "Shahtalebi et al. 2021, arXiv:2106.02266");
}

}  // namespace spurion::methods
