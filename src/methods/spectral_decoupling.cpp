#include <ATen/ATen.h>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct SpectralDecouplingOptions : L2Option {
  PerReplica<double> penalty_weight = 0.1;
};

/// Spectral decoupling (Pezeshki et al. 2021): L = R + w mean(logit^2), over the rows and the
/// logits, as in DomainBed. The paper has w / 2 and no mean over the logits: w_ours = w C / 2 for C
/// logits.
class SpectralDecoupling final : public ObjectiveMethod {
 public:
  using Options = SpectralDecouplingOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("penalty_weight", &O::penalty_weight, "Multiplier w of the mean squared logit.",
                   at_least(0), log_uniform(1e-5, 1e-1))
            .include(L2Option::schema());
    return schema;
  }

  SpectralDecoupling(const Options& options, const MethodContext& context)
      : weight_(per_replica_tensor(options.penalty_weight, context)),
        l2_(per_replica_tensor(options.l2, context)) {}

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor squares = output.logits.pow(2).mean(2).reshape(
        {output.logits.size(0), batch.domains, batch.rows_per_domain});
    return row_mean(row_losses(output, batch), batch) + l2_penalty(l2_, trainer.parameters()) +
           weight_ * row_mean(squares, batch);
  }

 private:
  Tensor weight_;
  Tensor l2_;
};

}  // namespace

void register_spectral_decoupling(Catalog& catalog);
void register_spectral_decoupling(Catalog& catalog) {
  catalog.methods.add<SpectralDecoupling>("spectral_decoupling", "Penalises large logits.",
                                          "Pezeshki et al. 2021, arXiv:2011.09468");
}

}  // namespace spurion::methods
