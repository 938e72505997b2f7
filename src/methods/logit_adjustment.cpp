#include <ATen/ATen.h>

#include "methods/shared/class_counts.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct LogitAdjustmentOptions : L2Option {
  PerReplica<double> temperature = 1.0;
};

/// Logit adjustment (Menon et al. 2021): the loss of a row is the cross-entropy of the logits
/// z_c + tau log(n_c / n), with n_c of the n training rows in class c, so that the logits z fit
/// classes of equal frequency. tau = 1, the default, is the balanced softmax of Ren et al. 2020.
/// The logits z are evaluated. A class without rows counts as having one. The range of tau is ours.
class LogitAdjustment final : public ObjectiveMethod {
 public:
  using Options = LogitAdjustmentOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>()
                                   .field("temperature", &Options::temperature,
                                          "Factor tau of the logarithm of the class frequencies.",
                                          at_least(0), uniform(0.25, 2.0))
                                   .include(L2Option::schema());
    return schema;
  }

  LogitAdjustment(const Options& options, const MethodContext& context)
      : temperature_(per_replica_tensor(options.temperature, context).unsqueeze(1)),
        l2_(per_replica_tensor(options.l2, context)),
        classes_(classes_of("logit_adjustment", context)) {}

  [[nodiscard]] RowRequest row_request() const override {
    RowRequest request;
    request.training_set = true;
    return request;
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    if (!log_frequency_.defined()) {
      const Tensor counts = class_counts(trainer, classes_);
      log_frequency_ = losses::log(counts / counts.sum(1, true)).to(at::kFloat);
    }
    Output adjusted = output;
    adjusted.logits = with_class_offsets(output.logits, temperature_ * log_frequency_, batch.task);
    return row_mean(row_losses(adjusted, batch), batch) + l2_penalty(l2_, trainer.parameters());
  }

  void visit_state(StateVisitor& visit) override { visit("log_frequency", log_frequency_); }

 private:
  Tensor temperature_;  // [K, 1]
  Tensor l2_;
  std::int64_t classes_;
  Tensor log_frequency_;  // [K, C]
};

}  // namespace

void register_logit_adjustment(Catalog& catalog);
void register_logit_adjustment(Catalog& catalog) {
  catalog.methods.add<LogitAdjustment>("logit_adjustment",
                                       "Adds the log frequency of each class to its logit.",
                                       "Menon et al. 2021, arXiv:2007.07314; Ren et al. 2020, "
                                       "arXiv:2007.10740");
}

}  // namespace spurion::methods
