#include <ATen/ATen.h>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct PreviousActionDropoutOptions : L2Option {
  PerReplica<double> probability = 0.5;
};

/// Dropout of the past (Bansal, Krizhevsky & Ogale 2018, ChauffeurNet): in training the inputs that
/// show what the learner did before are 0 in a random half of the rows, all of them together. Here
/// they are the inputs of the cue, which the mechanism tells. Inputs are not scaled up in return,
/// and predictions see them as they are, as in the paper.
class PreviousActionDropout final : public Method {
 public:
  using Options = PreviousActionDropoutOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("probability", &Options::probability,
                   "Probability with which the inputs of the cue of a row are 0.", between(0, 1),
                   uniform(0.1, 0.9))
            .include(L2Option::schema());
    return schema;
  }

  PreviousActionDropout(const Options& options, const MethodContext& context)
      : probability_(options.probability),
        l2_(per_replica_tensor(options.l2, context)),
        keys_(context.child_keys("dropout")) {
    if (context.cue_inputs.defined()) cue_ = context.cue_inputs.flatten(1).to(context.device);
  }

  [[nodiscard]] Access needs() const override {
    Access access;
    access.cue_inputs = true;
    return access;
  }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 2.0 * sizes.batch_rows * sizes.row;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    SPURION_CHECK(cue_.defined(), "previous_action_dropout trains without the inputs of the cue");
    const std::int64_t rows = batch.x.size(1);
    Tensor dropped = at::empty({trainer.replicas(), rows, 1}, at::kBool);
    bool* next = dropped.data_ptr<bool>();
    for (std::size_t k = 0; k < keys_.size(); ++k) {
      const RandomStream stream(keys_[k]);
      const double p = probability_.at(k);
      for (std::int64_t i = 0; i < rows; ++i) *next++ = stream.bernoulli(p, trainer.step(), i);
    }
    const Tensor hidden = dropped.to(trainer.device()).logical_and(cue_.unsqueeze(1));
    const Tensor flat = batch.x.flatten(2);
    const Tensor shown = at::where(hidden, at::zeros_like(flat), flat);
    Shape shape = batch.x.sizes().vec();
    shape[0] = trainer.replicas();
    const Output output = trainer.forward(shown.reshape(shape));
    trainer.step_from_losses(row_mean(row_losses(output, batch), batch) +
                             l2_penalty(l2_, trainer.parameters()));
  }

 private:
  PerReplica<double> probability_;
  Tensor l2_;
  std::vector<RandomKey> keys_;
  Tensor cue_;  // bool [K, D]
};

}  // namespace

void register_previous_action_dropout(Catalog& catalog);
void register_previous_action_dropout(Catalog& catalog) {
  catalog.methods.add<PreviousActionDropout>(
      "previous_action_dropout", "Hides the inputs of the cue in a random half of the rows.",
      "Bansal, Krizhevsky & Ogale 2018, arXiv:1812.03079");
}

}  // namespace spurion::methods
