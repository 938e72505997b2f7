#include <ATen/ATen.h>

#include "methods/shared/group_weights.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct CvarDroOptions : L2Option {
  PerReplica<double> share = 0.1;
};

/// Distributionally robust optimisation of the conditional value at risk (Levy et al. 2020): the
/// mean loss of the worst share a of the rows of a minibatch. Of n rows, sorted by loss, the first
/// floor(a n) weigh 1 / (a n), the next one has the rest. Where the minibatch has weights of rows,
/// they multiply the losses.
class CvarDro final : public ObjectiveMethod {
 public:
  using Options = CvarDroOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema = Schema<O>()
                                   .field("share", &O::share, "Share a of the rows that count.",
                                          Bounds{0.0, 1.0, true, false, {}}, log_uniform(1e-2, 1))
                                   .include(L2Option::schema());
    return schema;
  }

  CvarDro(const Options& options, const MethodContext& context)
      : share_(per_replica_tensor(options.share, context).to(at::kDouble).unsqueeze(1)),
        l2_(per_replica_tensor(options.l2, context)) {}

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    Tensor losses = row_losses(output, batch).flatten(1);
    if (batch.weight.defined()) losses = losses * batch.weight.flatten(1);
    const std::int64_t rows = losses.size(1);
    const Tensor order = std::get<1>(losses.detach().sort(/*stable=*/true, 1, true));
    const Tensor counted = share_ * static_cast<double>(rows);  // a n, [K, 1]
    const Tensor rank = at::arange(rows, counted.options());
    const Tensor of_rank = (counted - rank).clamp(0.0, 1.0) / counted;
    const Tensor weights = at::zeros_like(of_rank).scatter(1, order, of_rank);
    // `weighted_mean` divides by the rows.
    const Tensor scaled = (weights * static_cast<double>(rows)).to(losses.scalar_type());
    return weighted_mean(losses, scaled) + l2_penalty(l2_, trainer.parameters());
  }

 private:
  Tensor share_;
  Tensor l2_;
};

}  // namespace

void register_cvar_dro(Catalog& catalog);
void register_cvar_dro(Catalog& catalog) {
  catalog.methods.add<CvarDro>("cvar_dro", "Minimises the mean loss of the worst share of rows.",
                               "Levy et al. 2020, arXiv:2010.05893");
}

}  // namespace spurion::methods
