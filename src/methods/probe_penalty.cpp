#include <ATen/ATen.h>
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "methods/shared/class_counts.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"
#include "spurion/probe.hpp"
#include "spurion/row_tools.hpp"
#include "spurion/trial.hpp"

namespace spurion::methods {
namespace {

constexpr const char* kTwin = "twin";
/// Probes of spurion that can press, for those who named one that cannot.
constexpr const char* kPressing =
    "input_gradient, gradient_times_input, integrated_gradients, smooth_grad or occlusion";

struct ProbePenaltyOptions : L2Option {
  Component probe = {"input_gradient", Value(Value::Table())};
  PerReplica<double> penalty_weight = 1.0;
  bool twin = true;
};

/// A probe in the loss: L = R + l2 ||w||^2 + penalty_weight p, where p in [0, 1] is what the probe
/// says of the minibatch, averaged over the cues. What is pressed on is the same number that the
/// probe measures, not the reliance itself; Baker et al. 2025 show how a monitor that is trained
/// against goes blind.
///
/// With `twin`, a second model with the same first weights is trained on the same minibatches
/// without the penalty, with an optimiser of its own. Evaluations store how far the model is from
/// it
/// (`reference_distance`, `reference_divergence`). A weight of 0 is plain risk minimisation.
class ProbePenalty final : public Method {
 public:
  using Options = ProbePenaltyOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("probe", &O::probe,
                   "The probe that is pressed with, and its options. It needs a penalty, and may "
                   "see neither the value of a cue in each row nor other rows: input_gradient, "
                   "gradient_times_input, integrated_gradients, smooth_grad, occlusion, or one of "
                   "a plug-in.")
            .field("penalty_weight", &O::penalty_weight,
                   "Multiplier of what the probe says of a minibatch, in [0, 1].", at_least(0),
                   log_uniform(1e-2, 1e3))
            .field("twin", &O::twin,
                   "Whether a twin is trained without the penalty, from which the distance is "
                   "stored.")
            .include(L2Option::schema());
    return schema;
  }

  ProbePenalty(const Options& options, const MethodContext& context)
      : context_(context),
        weight_(per_replica_tensor(options.penalty_weight, context)),
        l2_(per_replica_tensor(options.l2, context)),
        twin_(options.twin) {
    context_.ceilings.clear();
    (void)classes_of("probe_penalty", context);
    if (!context.make_probe) return;  // only asked about itself
    Value written = options.probe.options;
    written.as_table()["name"] = options.probe.name;
    probe_ = context.make_probe(written);
    context_.make_probe = nullptr;
    refuse(options.probe.name);
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.cue_inputs = true;
    return access;
  }
  [[nodiscard]] bool needs_second_order() const override { return true; }
  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const override {
    if (!twin_) return {};
    // Its first values are those of the model, which are known at the first step.
    return {second_model(kTwin, model, context_)};
  }
  void check(const Model& model) const override {
    if (!probe_) return;
    check_probe(*probe_, {context_.task, context_.outputs, context_.input_shape}, model,
                "the model");
  }
  [[nodiscard]] double cost_factor() const override {
    const double probe = probe_ ? probe_->passes() / 3.0 : 1.0;
    return 1.0 + 3.0 * probe + (twin_ ? 1.0 : 0.0);
  }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    const double passes = probe_ ? probe_->passes() : 3.0;
    return passes * sizes.batch_rows * (sizes.row + sizes.activations);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    SPURION_CHECK(probe_ != nullptr, "probe_penalty trains without its probe");
    if (twin_) step_twin(trainer, batch);
    const Output output = trainer.forward(batch);
    ProbeMaterial material;
    material.model = &trainer.model();
    material.parameters = trainer.parameters();
    material.task = batch.task;
    material.outputs = context_.outputs;
    material.proxy.x = batch.x;
    material.proxy.y = batch.y.reshape({batch.y.size(0), -1});
    material.carriers = context_.cue_carriers;
    material.graph = true;
    const ProbeSubject subject(material);
    trainer.step_from_losses(row_mean(row_losses(output, batch), batch) +
                             l2_penalty(l2_, trainer.parameters()) +
                             weight_ * probe_->penalty(subject));
  }

  [[nodiscard]] std::optional<ReferenceModel> reference(
      const ReplicaTrainer& trainer) const override {
    if (!twin_) return {};
    // Before the first step both are the same.
    return ReferenceModel{trainer.step() == 0 ? trainer.parameters().detach()
                                              : trainer.own(kTwin).detach()};
  }

 private:
  void refuse(const std::string& name) const {
    if (!probe_->has_penalty()) {
      throw UsageError(fmt::format(
          "probe_penalty: the probe '{}' cannot be differentiated, so nothing can be pressed with "
          "it; use {}",
          name, kPressing));
    }
    const ProbeAccess access = probe_->access();
    if (access.cue_labels || access.training_rows) {
      throw UsageError(fmt::format(
          "probe_penalty: the probe '{}' sees the value of the cue in each row, or other rows, "
          "which a minibatch does not have; use {}",
          name, kPressing));
    }
  }
  void step_twin(ReplicaTrainer& trainer, const Batch& batch) const {
    if (trainer.step() == 0) trainer.set_own(kTwin, trainer.parameters().detach());
    const Output output = trainer.forward_at(trainer.own(kTwin), batch.x);
    trainer.step_own(
        kTwin, row_mean(row_losses(output, batch), batch) + l2_penalty(l2_, trainer.own(kTwin)));
  }

  MethodContext context_;
  Tensor weight_;
  Tensor l2_;
  bool twin_;
  std::unique_ptr<Probe> probe_;
};

}  // namespace

void register_probe_penalty(Catalog& catalog);
void register_probe_penalty(Catalog& catalog) {
  catalog.methods.add<ProbePenalty>("probe_penalty",
                                    "Penalises what a probe says of the reliance on the cue.",
                                    "after Baker et al. 2025, arXiv:2503.11926");
}

}  // namespace spurion::methods
