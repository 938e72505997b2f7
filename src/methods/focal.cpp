#include <ATen/ATen.h>

#include "methods/shared/class_counts.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct FocalOptions : L2Option {
  PerReplica<double> focus = 1.0;
};

/// Focal loss (Lin et al. 2017): the loss of a row is (1 - p)^gamma CE, with p the probability of
/// its label, so that rows that are fitted count less. Default and range are SubpopBench's; the
/// paper uses gamma = 2 and a factor for each class, which is left out here as there.
class Focal final : public ObjectiveMethod {
 public:
  using Options = FocalOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>()
                                   .field("focus", &Options::focus,
                                          "Exponent gamma of 1 - p, the probability that the "
                                          "model gives to other labels.",
                                          at_least(0), log_uniform(0.5, 5.0))
                                   .include(L2Option::schema());
    return schema;
  }

  Focal(const Options& options, const MethodContext& context)
      : focus_(per_replica_tensor(options.focus, context).reshape({-1, 1, 1})),
        l2_(per_replica_tensor(options.l2, context)) {
    (void)classes_of("focal", context);
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor rows = row_losses(output, batch);
    // A row that is fitted exactly has no logarithm; its loss is 0 whatever its factor is.
    const Tensor missing = (1.0 - losses::exp(-rows)).clamp_min(1e-12);
    const Tensor factor = losses::exp(focus_ * losses::log(missing));
    return row_mean(factor * rows, batch) + l2_penalty(l2_, trainer.parameters());
  }

 private:
  Tensor focus_;  // [K, 1, 1]
  Tensor l2_;
};

}  // namespace

void register_focal(Catalog& catalog);
void register_focal(Catalog& catalog) {
  catalog.methods.add<Focal>("focal", "Weighs rows that are fitted less.",
                             "Lin et al. 2017, arXiv:1708.02002");
}

}  // namespace spurion::methods
