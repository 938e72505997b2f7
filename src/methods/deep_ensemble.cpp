#include <ATen/ATen.h>

#include <string>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct DeepEnsembleOptions : L2Option {
  std::int64_t members = 4;
};

/// Deep ensemble (Lakshminarayanan et al. 2017): members of other initial parameters, each trained
/// by ERM on the same minibatches; the mean of their probabilities is evaluated. (In the paper each
/// member has its own order of rows.) One member is ERM. Its cost is that of as many models.
class DeepEnsemble final : public Method {
 public:
  using Options = DeepEnsembleOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("members", &Options::members, "Number of models.", between(1, 64))
            .include(L2Option::schema());
    return schema;
  }

  DeepEnsemble(const Options& options, const MethodContext& context)
      : context_(context), l2_(per_replica_tensor(options.l2, context)) {
    for (std::int64_t i = 1; i < options.members; ++i) {
      others_.push_back("member_" + std::to_string(i));
    }
  }

  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const override {
    std::vector<OwnBlock> blocks;
    for (const std::string& name : others_) blocks.push_back(second_model(name, model, context_));
    return blocks;
  }
  [[nodiscard]] double cost_factor() const override {
    return static_cast<double>(others_.size() + 1);
  }

  [[nodiscard]] Evaluated evaluated(const ReplicaTrainer& trainer) const override {
    Evaluated all;
    if (others_.empty()) return all;
    all.members.push_back(trainer.parameters().detach());
    for (const std::string& name : others_) all.members.push_back(trainer.own(name).detach());
    return all;
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    for (const std::string& name : others_) {
      const Tensor& parameters = trainer.own(name);
      const Output output = trainer.forward_at(parameters, batch.x);
      trainer.step_own(name,
                       row_mean(row_losses(output, batch), batch) + l2_penalty(l2_, parameters));
    }
    const Output output = trainer.forward(batch.x);
    trainer.step_from_losses(row_mean(row_losses(output, batch), batch) +
                             l2_penalty(l2_, trainer.parameters()));
  }

 private:
  MethodContext context_;
  Tensor l2_;
  std::vector<std::string> others_;
};

}  // namespace

void register_deep_ensemble(Catalog& catalog);
void register_deep_ensemble(Catalog& catalog) {
  catalog.methods.add<DeepEnsemble>("deep_ensemble",
                                    "Averages the probabilities of several models.",
                                    "Lakshminarayanan et al. 2017, arXiv:1612.01474");
}

}  // namespace spurion::methods
