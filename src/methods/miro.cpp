#include <ATen/ATen.h>

#include <cmath>

#include "methods/shared/base_risk.hpp"
#include "methods/shared/domain_features.hpp"
#include "methods/shared/pair_sums.hpp"
#include "spurion/catalog.hpp"
#include "spurion/losses.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::methods {
namespace {

struct MiroOptions : BaseRiskOptions {
  PerReplica<double> strength = 0.1;
};

/// Mutual information regularisation with a pretrained model (Cha et al. 2022, MIRO): in later
/// phases the features f stay predictive of the features f0 that the model had at the end of phase
/// 0,
///
///     L = R + strength * 1/2 mean ((f - f0)^2 / v + log v),    v = log(1 + exp(b)) + 1e-5,
///
/// with the mean over rows and features. v is a variance of each feature, trained with the model
/// from 0.1 on. strength 0.1 is the default of the authors' code, which uses 0.01 and 0.1; its rate
/// for b is 10 times that of the model, and so it is here with Adam: b = b0 + 10 c, where c is what
/// is trained. There the features of several layers are held, and the pretrained model comes from
/// other data. Here they are the inputs of the last layer, and phase 0 is the pretraining.
class Miro final : public Method {
 public:
  using Options = MiroOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("strength", &O::strength, "Multiplier of the bound on the mutual information.",
                   at_least(0), log_uniform(1e-3, 1.0))
            .include(BaseRiskOptions::schema());
    return schema;
  }

  Miro(const Options& options, const MethodContext& context)
      : context_(context),
        risk_(options, context),
        strength_(per_replica_tensor(options.strength, context)) {}

  [[nodiscard]] Access needs() const override { return risk_.needs(); }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return risk_.memory_bytes(sizes) + sizes.parameters;
  }
  [[nodiscard]] double cost_factor() const override { return 4.0 / 3.0; }
  [[nodiscard]] std::vector<OwnBlock> own_blocks(const Model& model) const override {
    OwnBlock block;
    block.name = kVariances;
    block.initial = at::zeros({context_.replicas, feature_count(model, context_)});
    return {block};
  }

  void begin_phase(ReplicaTrainer& trainer, std::int64_t phase) override {
    risk_.begin_phase(phase);
    if (phase == 1) pretrained_ = trainer.parameters().detach().clone();
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const Output output = trainer.forward(batch.x);
    Tensor loss = risk_(output, batch, trainer);
    if (pretrained_.defined()) loss = loss + strength_ * divergence(output, batch, trainer);
    trainer.step_with_own(loss);
  }

  void visit_state(StateVisitor& visit) override {
    StateVisitor risk = visit.inside("risk");
    risk_.visit_state(risk);
    visit("pretrained", pretrained_);
  }

 private:
  static constexpr const char* kVariances = "variances";
  static constexpr double kLeast = 1e-5;
  static constexpr double kFirst = 0.1;
  static constexpr double kRate = 10.0;

  /// [K]
  [[nodiscard]] Tensor divergence(const Output& output, const Batch& batch,
                                  const ReplicaTrainer& trainer) const {
    Output before;
    {
      const at::NoGradGuard no_grad;
      before = trainer.forward_at(pretrained_, batch.x);
    }
    const Tensor change = domain_features(output, batch).flatten(1, 2) -
                          domain_features(before, batch).flatten(1, 2);  // [K, R, F]
    const double start = std::log(std::exp(kFirst - kLeast) - 1.0);  // softplus of it: 0.1 - 1e-5
    const Tensor variance = losses::softplus(start + kRate * trainer.own(kVariances)) + kLeast;
    const Tensor held = change.pow(2) / variance.unsqueeze(1);
    const auto features = static_cast<double>(change.size(2));
    const Tensor rows = last_sums(held) / features;  // [K, R]
    const Tensor logs = last_sums(losses::log(variance).unsqueeze(1)).squeeze(1) / features;
    Batch alike = batch;
    alike.weight = Tensor();
    return 0.5 * (row_mean(rows, alike) + logs);
  }

  MethodContext context_;
  BaseRisk risk_;
  Tensor strength_;
  Tensor pretrained_;  // [K, P]
};

}  // namespace

void register_miro(Catalog& catalog);
void register_miro(Catalog& catalog) {
  catalog.methods.add<Miro>("miro", "Fine-tuning that keeps the pretrained features predictable.",
                            "Cha et al. 2022, arXiv:2203.10789");
}

}  // namespace spurion::methods
