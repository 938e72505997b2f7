#include <ATen/ATen.h>

#include "methods/shared/class_counts.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct ClassBalancedOptions : L2Option {
  PerReplica<double> overlap = 0.9999;
};

/// The class-balanced loss (Cui et al. 2019): a row of class c has weight w_c proportional to
/// 1 / E_c, with E_c = (1 - beta^n_c) / (1 - beta) the effective number of the n_c training rows of
/// its class, and sum_c w_c = C. beta = 0 is ERM; with beta towards 1 every class counts alike. The
/// default and the range of beta are SubpopBench's, which has groups in place of classes. A class
/// without rows counts as having one.
class ClassBalanced final : public ObjectiveMethod {
 public:
  using Options = ClassBalancedOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("overlap", &Options::overlap,
                   "beta: how far a further row of a class repeats the others.",
                   Bounds{0.0, 1.0, false, true, {}},
                   Search{Search::Kind::one_minus_log_uniform, 1e-5, 1e-2, {}})
            .include(L2Option::schema());
    return schema;
  }

  ClassBalanced(const Options& options, const MethodContext& context)
      : overlap_(options.overlap),
        l2_(per_replica_tensor(options.l2, context)),
        classes_(classes_of("class_balanced", context)) {}

  [[nodiscard]] RowRequest row_request() const override {
    RowRequest request;
    request.training_set = true;
    return request;
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    if (!weights_.defined()) weights_ = weights_of(class_counts(trainer, classes_));
    const Tensor losses = row_losses(output, batch);
    return row_mean(by_class(weights_, batch).reshape_as(losses) * losses, batch) +
           l2_penalty(l2_, trainer.parameters());
  }

  void visit_state(StateVisitor& visit) override { visit("weights", weights_); }

 private:
  /// [K, C], from the rows of each class.
  [[nodiscard]] Tensor weights_of(const Tensor& counts) const {
    std::vector<Tensor> each;
    for (std::int64_t k = 0; k < counts.size(0); ++k) {
      const double beta = overlap_.at(k);
      const Tensor effective = (1.0 - at::pow(beta, counts[k])) / (1.0 - beta);
      const Tensor inverse = effective.reciprocal();
      each.push_back(static_cast<double>(classes_) * inverse / inverse.sum());
    }
    return at::stack(each).to(at::kFloat);
  }

  PerReplica<double> overlap_;
  Tensor l2_;
  std::int64_t classes_;
  Tensor weights_;  // [K, C]
};

}  // namespace

void register_class_balanced(Catalog& catalog);
void register_class_balanced(Catalog& catalog) {
  catalog.methods.add<ClassBalanced>("class_balanced",
                                     "Weighs classes by the effective number of their rows.",
                                     "Cui et al. 2019, arXiv:1901.05555");
}

}  // namespace spurion::methods
