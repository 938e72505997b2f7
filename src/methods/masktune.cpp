#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "engine/matrix/matmul.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"
#include "spurion/stages.hpp"

namespace spurion::methods {
namespace {

struct MasktuneOptions : L2Option {
  PerReplica<double> first_share = 0.9;
  PerReplica<double> deviations = 2.0;
};

/// MaskTune (Asgari Taghanaki et al. 2022): ERM for a share of the steps; then training goes on
/// with rows whose most salient inputs are set to 0, so that other features have to do. An input d
/// of a row is masked where its saliency |x_d dz/dx_d| is above m + c s, with z the logit of the
/// label under the parameters at the end of the first stage, and m and s the mean and the standard
/// deviation of the positive saliencies of the row. c = 2 is the authors'. Their saliency is that
/// of the last convolution (XGradCAM), which a model without convolutions lacks, and their second
/// stage is one pass over the rows at a learning rate of its own; here it is the rest of the steps,
/// and the optimiser starts anew. With c = 2 nothing is masked in rows of fewer than 6 inputs.
/// Default and range of the share are ours.
class Masktune final : public Method {
 public:
  using Options = MasktuneOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("first_share", &O::first_share, "Share of the steps that train on whole rows.",
                   between(0, 1), uniform(0.5, 0.95))
            .field("deviations", &O::deviations,
                   "Standard deviations c above the mean from which an input is masked.",
                   at_least(0), uniform(1.0, 3.0))
            .include(L2Option::schema());
    return schema;
  }

  Masktune(const Options& options, const MethodContext& context)
      : stages_({options.first_share}, context),
        deviations_(per_replica_tensor(options.deviations, context).reshape({-1, 1, 1})),
        l2_(per_replica_tensor(options.l2, context)),
        least_share_(1.0) {
    for (const double share : options.first_share.values()) {
      least_share_ = std::min(least_share_, share);
    }
  }

  /// The second stage has a further pass.
  [[nodiscard]] double cost_factor() const override { return 2.0 - least_share_; }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return sizes.parameters + sizes.batch_rows * (4.0 * sizes.row + sizes.activations);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    stages_.begin_schedules(trainer);
    const std::int64_t now = trainer.step();
    if (stages_.any_begins(1, now)) {
      const Tensor parameters = trainer.parameters().detach();
      const Tensor begins = stages_.begins(1, now);
      if (now > 0) trainer.restart(begins, parameters);
      const Tensor of_stage = begins.to(trainer.device()).unsqueeze(1);
      masker_ = at::where(of_stage, parameters, masker_.defined() ? masker_ : parameters).clone();
    }
    const Tensor x = masker_.defined() ? masked(trainer, batch) : batch.x;
    trainer.step_from_losses(row_mean(row_losses(trainer.forward(x), batch), batch) +
                             l2_penalty(l2_, trainer.parameters()));
  }

  void visit_state(StateVisitor& visit) override { visit("masker", masker_); }

 private:
  /// The rows of each replica, masked where it is in the second stage.
  [[nodiscard]] Tensor masked(const ReplicaTrainer& trainer, const Batch& batch) const {
    Shape shape = batch.x.sizes().vec();
    shape[0] = trainer.replicas();
    const Tensor x = batch.x.expand(shape).contiguous().detach().clone().requires_grad_(true);
    Tensor logit = trainer.model().forward_differentiable(masker_, x).logits;  // [K, E * B, C]
    if (batch.task == Task::multiclass) {
      const Tensor label = batch.y.flatten(1).unsqueeze(2);
      logit = logit.gather(2, label.expand({logit.size(0), -1, -1}));
    }
    const Tensor slopes = torch::autograd::grad({logit.sum()}, {x}, {}, /*retain_graph=*/false,
                                                /*create_graph=*/false, /*allow_unused=*/true)[0];
    if (!slopes.defined()) return batch.x;  // the output does not depend on the inputs
    const Tensor saliency = (x.detach() * slopes).abs().flatten(2);  // [K, E * B, D]
    const Tensor masks = saliency.gt(threshold(saliency));
    const Tensor tuned = stages_.inside(1, trainer.step()).to(trainer.device()).reshape({-1, 1, 1});
    return x.detach().masked_fill(masks.logical_and(tuned).reshape(shape), 0.0);
  }

  /// [K, E * B, 1]
  [[nodiscard]] Tensor threshold(const Tensor& saliency) const {
    const Tensor positive = saliency.gt(0.0).to(saliency.scalar_type());
    const Tensor count = sums(positive).clamp_min(1.0);
    const Tensor mean = sums(saliency) / count;
    const Tensor variance = sums(positive * (saliency - mean).pow(2)) / count;
    return mean + deviations_ * variance.sqrt();
  }
  /// Sums over the inputs of each row, [K, E * B, 1], each in the same order.
  static Tensor sums(const Tensor& values) {
    const Tensor ones = at::ones({1, values.size(2), 1}, values.options());
    return engine::batched_matmul(values, engine::Transpose::no, ones, engine::Transpose::no);
  }

  Stages stages_;
  Tensor deviations_;  // [K, 1, 1]
  Tensor l2_;
  double least_share_;
  Tensor masker_;  // [K, P]: the parameters at the end of the first stage
};

}  // namespace

void register_masktune(Catalog& catalog);
void register_masktune(Catalog& catalog) {
  catalog.methods.add<Masktune>("masktune",
                                "Goes on training with the most salient inputs of each row masked.",
                                "Asgari Taghanaki et al. 2022, arXiv:2210.00055");
}

}  // namespace spurion::methods
