#include <ATen/ATen.h>

#include <string>

#include "methods/shared/domain_features.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/random_order.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct CausirlOptions : L2Option {
  PerReplica<double> penalty_weight = 1.0;
  std::string distance = "coral";
};

/// Invariant causal representation learning by a random split (Chevalley et al. 2022; as in
/// DomainBed): L = R + w D, where D is CORAL's or the kernel distance (as in `coral` and `mmd`)
/// between two halves of the minibatch, drawn anew at each step. An odd row is in neither half.
/// DomainBed's halves may differ in size, as it splits at a random place. No domain labels are
/// used.
class Causirl final : public ObjectiveMethod {
 public:
  using Options = CausirlOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("penalty_weight", &O::penalty_weight,
                   "Multiplier w of the distance between the halves' features.", at_least(0),
                   log_uniform(1e-1, 1e1))
            .field("distance", &O::distance,
                   "coral: of means and covariances. mmd: of a sum of Gaussian kernels.",
                   one_of({"coral", "mmd"}))
            .include(L2Option::schema());
    return schema;
  }

  Causirl(const Options& options, const MethodContext& context)
      : weight_(per_replica_tensor(options.penalty_weight, context)),
        l2_(per_replica_tensor(options.l2, context)),
        kernel_(options.distance == "mmd"),
        order_(context, "halves") {}

  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return kernel_ ? kernel_distance_bytes(sizes) : 0.0;
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor risk =
        row_mean(row_losses(output, batch), batch) + l2_penalty(l2_, trainer.parameters());
    const Tensor halves = split(output, trainer.step());
    if (!halves.defined()) return risk;
    return risk + weight_ * (kernel_ ? kernel_distance(halves) : coral_distance(halves));
  }

 private:
  /// Features of two random halves, [K, 2, rows / 2, F]; undefined for a minibatch of one row.
  [[nodiscard]] Tensor split(const Output& output, std::int64_t step) const {
    const std::int64_t replicas = output.logits.size(0);
    const std::int64_t rows = output.features.size(1);
    const std::int64_t half = rows / 2;
    if (half == 0) return {};
    const Tensor index =
        order_.at(step, rows, output.features.device()).narrow(1, 0, 2 * half).unsqueeze(2);
    return output.features.expand({replicas, -1, -1})
        .gather(1, index.expand({-1, -1, output.features.size(2)}))
        .reshape({replicas, 2, half, output.features.size(2)});
  }

  Tensor weight_;
  Tensor l2_;
  bool kernel_;
  RandomOrder order_;
};

}  // namespace

void register_causirl(Catalog& catalog);
void register_causirl(Catalog& catalog) {
  catalog.methods.add<Causirl>("causirl",
                               "Penalises differences of features between random halves.",
                               "Chevalley et al. 2022, arXiv:2206.11646");
}

}  // namespace spurion::methods
