#include <ATen/ATen.h>

#include "engine/matrix/matmul.hpp"
#include "methods/shared/class_counts.hpp"
#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct RrrOptions : L2Option {
  PerReplica<double> penalty_weight = 1000.0;
};

/// Right for the right reasons (Ross et al. 2017): the predictions shall not depend on inputs that
/// are known to be irrelevant. L = R + w mean_rows sum_d (A_d d/dx_d sum_c log p_c)^2, with A_d = 1
/// for the inputs of the cue. The mechanism tells them: they are the inputs that differ between
/// training rows and their twins with another cue. In the paper a person marks inputs row by row;
/// both of its terms are sums over rows, so w is the paper's lambda_1. The authors' TensorFlow code
/// has half of this penalty. An environment whose cue changes every input is refused.
class Rrr final : public Method {
 public:
  using Options = RrrOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("penalty_weight", &Options::penalty_weight,
                   "Multiplier w of the squared gradients by the inputs of the cue.", at_least(0),
                   log_uniform(1e-1, 1e4))
            .include(L2Option::schema());
    return schema;
  }

  Rrr(const Options& options, const MethodContext& context)
      : weight_(per_replica_tensor(options.penalty_weight, context)),
        l2_(per_replica_tensor(options.l2, context)) {
    (void)classes_of("rrr", context);
    if (!context.cue_inputs.defined()) return;  // only asked about itself
    cue_inputs_ = context.cue_inputs.flatten(1).to(context.device);
    if (cue_inputs_.all(1).any().item<bool>()) {
      throw UsageError(
          "rrr needs an environment whose cue leaves some inputs as they are; here a change of "
          "the cue changes every input");
    }
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.cue_inputs = true;
    return access;
  }
  [[nodiscard]] bool needs_second_order() const override { return true; }
  [[nodiscard]] double cost_factor() const override { return 3.0; }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 3.0 * sizes.batch_rows * sizes.row;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    SPURION_CHECK(cue_inputs_.defined(), "rrr trains without the inputs of the cue");
    const InputPass pass = input_pass(trainer, batch);
    if (pass.output.statistics.defined()) trainer.add_statistics(pass.output.statistics);
    const Tensor gradient =
        input_gradients(log_probabilities(pass.output, batch), pass, /*create_graph=*/true)
            .flatten(2);  // [K, E * B, D]
    const Tensor squares = gradient.pow(2);
    const Tensor marked = cue_inputs_.to(squares.scalar_type()).unsqueeze(1);  // [K, 1, D]
    const Tensor sums =
        engine::batched_matmul(squares, engine::Transpose::no, marked, engine::Transpose::yes);
    trainer.step_from_losses(
        row_mean(row_losses(pass.output, batch), batch) + l2_penalty(l2_, trainer.parameters()) +
        weight_ *
            row_mean(sums.reshape({sums.size(0), batch.domains, batch.rows_per_domain}), batch));
  }

 private:
  /// sum_c log p_c of each row.
  static Tensor log_probabilities(const Output& output, const Batch& batch) {
    const Tensor& z = output.logits;
    if (batch.task == Task::binary) return -(losses::softplus(z) + losses::softplus(-z)).squeeze(2);
    const Tensor shifted = z - std::get<0>(z.detach().max(2, true));
    const Tensor normaliser = losses::log(losses::exp(shifted).sum(2));
    return shifted.sum(2) - static_cast<double>(z.size(2)) * normaliser;
  }

  Tensor weight_;
  Tensor l2_;
  Tensor cue_inputs_;  // bool [K, D]
};

}  // namespace

void register_rrr(Catalog& catalog);
void register_rrr(Catalog& catalog) {
  catalog.methods.add<Rrr>("rrr", "Penalises gradients by the inputs of the cue.",
                           "Ross et al. 2017, arXiv:1703.03717");
}

}  // namespace spurion::methods
