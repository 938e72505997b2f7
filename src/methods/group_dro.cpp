#include <ATen/ATen.h>

#include "methods/shared/group_weights.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {
namespace {

struct GroupDroOptions : L2Option {
  PerReplica<double> step_size = 0.01;
};

/// Online group DRO (Sagawa et al. 2020, algorithm 1) with the training domains as groups, as in
/// DomainBed: q_e <- q_e exp(step_size * R_e), normalised; L = sum_e q_e R_e.
class GroupDro final : public ObjectiveMethod {
 public:
  using Options = GroupDroOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema = Schema<O>()
                                   .field("step_size", &O::step_size,
                                          "Step size of the exponentiated-gradient ascent on q.",
                                          at_least(0), log_uniform(1e-3, 1e-1))
                                   .include(L2Option::schema());
    return schema;
  }

  GroupDro(const Options& options, const MethodContext& context)
      : step_size_(per_replica_tensor(options.step_size, context)),
        l2_(per_replica_tensor(options.l2, context)),
        weights_(at::full({context.replicas, context.domains},
                          1.0 / static_cast<double>(context.domains), at::device(context.device))) {
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }

  [[nodiscard]] RiskInput risk_input() const override { return RiskInput::risks; }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor risks = domain_risks(output, batch);
    weights_ = ascended(weights_, step_size_, risks);
    return (weights_ * risks).sum(1) + l2_penalty(l2_, trainer.parameters());
  }

  void visit_state(StateVisitor& visit) override { visit("weights", weights_); }

 private:
  Tensor step_size_;
  Tensor l2_;
  Tensor weights_;
};

}  // namespace

void register_group_dro(Catalog& catalog);
void register_group_dro(Catalog& catalog) {
  catalog.methods.add<GroupDro>("group_dro",
                                "Online group DRO with the training domains as groups.",
                                "Sagawa et al. 2020, arXiv:1911.08731");
}

}  // namespace spurion::methods
