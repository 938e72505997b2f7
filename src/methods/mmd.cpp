#include <ATen/ATen.h>

#include "methods/shared/domain_features.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct MmdOptions : L2Option {
  PerReplica<double> penalty_weight = 1.0;
};

/// Maximum mean discrepancy between the train domains (Li et al. 2018; as in DomainBed, without an
/// autoencoder or adversary): L = mean_e R_e + w D, where D is the mean over pairs of domains of
/// the squared discrepancy of their features in a minibatch, with a sum of seven Gaussian kernels
/// exp(-g ||x - y||^2), g from 0.001 to 1000. Memory and operations grow with the square of the
/// rows of a minibatch: use minibatches.
class Mmd final : public ObjectiveMethod {
 public:
  using Options = MmdOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("penalty_weight", &O::penalty_weight,
                   "Multiplier w of the discrepancy between the domains' features.", at_least(0),
                   log_uniform(1e-1, 1e1))
            .include(L2Option::schema());
    return schema;
  }

  Mmd(const Options& options, const MethodContext& context)
      : weight_(per_replica_tensor(options.penalty_weight, context)),
        l2_(per_replica_tensor(options.l2, context)) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return kernel_distance_bytes(sizes);
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    return row_mean(row_losses(output, batch), batch) + l2_penalty(l2_, trainer.parameters()) +
           weight_ * kernel_distance(domain_features(output, batch));
  }

 private:
  Tensor weight_;
  Tensor l2_;
};

}  // namespace

void register_mmd(Catalog& catalog);
void register_mmd(Catalog& catalog) {
  catalog.methods.add<Mmd>("mmd", "Penalises the maximum mean discrepancy of features.",
                           "Li et al. 2018 (CVPR, Domain generalization with adversarial feature "
                           "learning); Gretton et al. 2012");
}

}  // namespace spurion::methods
