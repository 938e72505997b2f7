#include <ATen/ATen.h>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {
namespace {

struct MmRexOptions : L2Option {
  PerReplica<double> least_weight = -1.0;
};

/// MM-REx, minimax risk extrapolation (Krueger et al. 2021): the worst combination of the risks of
/// m domains whose weights sum to 1 and are at least l,
///
///     L = max { sum_e a_e R_e : sum_e a_e = 1, a_e >= l } = (1 - m l) max_e R_e + l sum_e R_e.
///
/// l = 0 is the maximum of the risks; l = 1 / m is ERM; with l < 0 risks are extrapolated beyond
/// those of the domains, and l towards minus infinity asks for equal risks. On ties the first of
/// the largest risks is descended. The default and the range of l are ours.
class MmRex final : public ObjectiveMethod {
 public:
  using Options = MmRexOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>()
                                   .field("least_weight", &Options::least_weight,
                                          "The least weight l of a domain; below 0: extrapolation.",
                                          between(-1e6, 0), uniform(-10.0, 0.0))
                                   .include(L2Option::schema());
    return schema;
  }

  MmRex(const Options& options, const MethodContext& context)
      : least_(per_replica_tensor(options.least_weight, context)),
        l2_(per_replica_tensor(options.l2, context)) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }
  [[nodiscard]] RiskInput risk_input() const override { return RiskInput::risks; }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor risks = domain_risks(output, batch);
    const Tensor worst = risks.gather(1, risks.detach().argmax(1, true)).squeeze(1);
    const auto domains = static_cast<double>(risks.size(1));
    return (1.0 - domains * least_) * worst + least_ * risks.sum(1) +
           l2_penalty(l2_, trainer.parameters());
  }

 private:
  Tensor least_;
  Tensor l2_;
};

}  // namespace

void register_mm_rex(Catalog& catalog);
void register_mm_rex(Catalog& catalog) {
  catalog.methods.add<MmRex>("mm_rex", "Minimises the worst extrapolation of the domain risks.",
                             "Krueger et al. 2021, arXiv:2003.00688");
}

}  // namespace spurion::methods
