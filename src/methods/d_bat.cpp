#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "methods/shared/class_counts.hpp"
#include "methods/shared/domain_features.hpp"
#include "methods/shared/l2_option.hpp"
#include "methods/shared/unlabelled_rows.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"
#include "spurion/stages.hpp"

namespace spurion::methods {
namespace {

struct DBatOptions : L2Option {
  std::int64_t members = 2;
  PerReplica<double> disagreement_weight = 1.0;
  std::string predicts = "last";
};

/// Diversity by disagreement training (Pagliardini et al. 2023, D-BAT): models are trained one
/// after the other. Each fits the labels, and disagrees with the earlier ones on unlabelled rows of
/// the test domain:
///
///     L = R + a mean over earlier models of the mean over these rows of
///         -log(p (1 - q) + q (1 - p) + 1e-7),
///
/// with p the probability that the earlier model gives to the class it predicts, a constant, and q
/// the probability that the new model gives to this class. All models together have the steps of
/// the trial; each begins from parameters of its own, with a new optimiser. The last model
/// predicts, as in the authors' studies of shortcuts; with `predicts = "mean"` it is the mean of
/// the probabilities of all models so far.
///
/// a = 1 is the default of the authors' code, which uses 1e-6 to 1e-4 on photographs; the range
/// spans both. What is trained with rows of the test domain is transductive, before adaptation too.
class DBat final : public Method {
 public:
  using Options = DBatOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("members", &O::members, "Number of models.", between(2, 64))
            .field("disagreement_weight", &O::disagreement_weight,
                   "Multiplier a of the loss of agreement with earlier models.", at_least(0),
                   log_uniform(1e-6, 1.0))
            .field("predicts", &O::predicts,
                   "What predicts. last: the newest model. mean: all models so far.",
                   one_of({"last", "mean"}))
            .include(L2Option::schema());
    return schema;
  }

  DBat(const Options& options, const MethodContext& context)
      : options_(options),
        context_(context),
        stages_(std::vector<PerReplica<double>>(
                    static_cast<std::size_t>(options.members - 1),
                    PerReplica<double>(1.0 / static_cast<double>(options.members))),
                context),
        weight_(per_replica_tensor(options.disagreement_weight, context)),
        l2_(per_replica_tensor(options.l2, context)) {
    static_cast<void>(classes_of("d_bat", context));
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.unlabelled_target = true;
    return access;
  }
  [[nodiscard]] RowRequest row_request() const override {
    RowRequest request;
    request.unlabelled_target = true;
    return request;
  }
  [[nodiscard]] double cost_factor() const override {
    return 2.0 + static_cast<double>(options_.members) / 6.0;
  }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return static_cast<double>(options_.members) * sizes.parameters + unlabelled_bytes(sizes);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    stages_.begin_schedules(trainer);
    // All replicas have the same shares, so all begin a stage together. A stage without steps adds
    // no model.
    if (trainer.step() > 0 && stages_.stage(trainer.step(), 0) != stage_) {
      earlier_.push_back(trainer.parameters().detach().clone());
      const auto keys = context_.child_keys("member " + std::to_string(earlier_.size()));
      trainer.restart(at::ones({trainer.replicas()}, at::kBool), trainer.fresh_parameters(keys));
    }
    stage_ = stages_.stage(trainer.step(), 0);
    const Output output = trainer.forward(batch.x);
    Tensor loss =
        row_mean(row_losses(output, batch), batch) + l2_penalty(l2_, trainer.parameters());
    if (!earlier_.empty()) loss = loss + weight_ * agreement(trainer, batch);
    trainer.step_from_losses(loss);
  }

  [[nodiscard]] Evaluated evaluated(const ReplicaTrainer& trainer) const override {
    Evaluated out;
    if (options_.predicts == "last" || earlier_.empty()) return out;
    out.members = earlier_;
    out.members.push_back(trainer.parameters().detach());
    return out;
  }

  void visit_state(StateVisitor& visit) override {
    visit("stage", stage_);
    visit("earlier", earlier_);
  }

 private:
  /// [K]
  [[nodiscard]] Tensor agreement(ReplicaTrainer& trainer, const Batch& batch) const {
    const Tensor rows = trainer.unlabelled_target(batch.domains * batch.rows_per_domain);
    const Tensor own = class_probabilities(batch.task, trainer.forward(rows).logits);
    Tensor sum;
    for (std::size_t i = 0; i < earlier_.size(); ++i) {
      const Tensor each = agreement_with(earlier_[i], own, rows, trainer, batch.task);
      sum = i == 0 ? each : sum + each;
    }
    return sum / static_cast<double>(earlier_.size());
  }

  static Tensor agreement_with(const Tensor& parameters, const Tensor& own, const Tensor& rows,
                               const ReplicaTrainer& trainer, Task task) {
    Tensor p;
    Tensor predicted;
    {
      const at::NoGradGuard no_grad;
      const Tensor all = class_probabilities(task, trainer.forward_at(parameters, rows).logits);
      std::tie(p, predicted) = all.max(2, true);
    }
    const Tensor q = own.gather(2, predicted);
    const Tensor each = -losses::log(p * (1.0 - q) + q * (1.0 - p) + 1e-7);
    return row_means(each.unsqueeze(1)).reshape({-1});
  }

  Options options_;
  MethodContext context_;
  Stages stages_;
  Tensor weight_;
  Tensor l2_;
  std::int64_t stage_ = 0;
  std::vector<Tensor> earlier_;  // [K, P] each
};

}  // namespace

void register_d_bat(Catalog& catalog);
void register_d_bat(Catalog& catalog) {
  catalog.methods.add<DBat>("d_bat", "Models that disagree on unlabelled rows of the test domain.",
                            "Pagliardini et al. 2023 (ICLR, Agree to disagree)");
}

}  // namespace spurion::methods
