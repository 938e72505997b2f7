#include <ATen/ATen.h>

#include "methods/shared/domain_features.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct CoralOptions : L2Option {
  PerReplica<double> penalty_weight = 1.0;
};

/// Deep CORAL between the train domains (Sun & Saenko 2016; as in DomainBed): L = mean_e R_e + w D,
/// where D is the mean over pairs of domains of mean_f (mu_f - mu'_f)^2 + mean_fg (C_fg - C'_fg)^2,
/// with the means and covariance matrices (sums divided by B - 1) of the features of a minibatch.
/// A domain of one row has covariances 0.
class Coral final : public ObjectiveMethod {
 public:
  using Options = CoralOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("penalty_weight", &O::penalty_weight,
                   "Multiplier w of the distance between the domains' features.", at_least(0),
                   log_uniform(1e-1, 1e1))
            .include(L2Option::schema());
    return schema;
  }

  Coral(const Options& options, const MethodContext& context)
      : weight_(per_replica_tensor(options.penalty_weight, context)),
        l2_(per_replica_tensor(options.l2, context)) {}

  [[nodiscard]] Access needs() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    return row_mean(row_losses(output, batch), batch) + l2_penalty(l2_, trainer.parameters()) +
           weight_ * coral_distance(domain_features(output, batch));
  }

 private:
  Tensor weight_;
  Tensor l2_;
};

}  // namespace

void register_coral(Catalog& catalog);
void register_coral(Catalog& catalog) {
  catalog.methods.add<Coral>("coral", "Penalises differences of means and covariances of features.",
                             "Sun & Saenko 2016, arXiv:1607.01719");
}

}  // namespace spurion::methods
