#include <ATen/ATen.h>

#include "methods/shared/base_risk.hpp"
#include "spurion/catalog.hpp"

namespace spurion::methods {
namespace {

struct LastLayerRetrainingOptions : BaseRiskOptions {
  bool reinitialise = true;
};

/// Last-layer retraining on the newest phase (Kirichenko et al. 2023; Rosenfeld et al. 2022): phase
/// 0 trains everything; in later phases the features stay and only the last layer is trained, with
/// `reinitialise` from a fresh start in each. On a phase whose cue is uninformative this is deep
/// feature reweighting.
class LastLayerRetraining final : public Method {
 public:
  using Options = LastLayerRetrainingOptions;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>()
                                   .field("reinitialise", &Options::reinitialise,
                                          "Reinitialise the last layer in each later phase.")
                                   .include(BaseRiskOptions::schema());
    return schema;
  }

  LastLayerRetraining(const Options& options, const MethodContext& context)
      : risk_(options, context),
        reinitialise_(options.reinitialise),
        keys_(context.child_keys("last_layer")) {}

  [[nodiscard]] Access needs() const override { return risk_.needs(); }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return risk_.memory_bytes(sizes) + 2.0 * sizes.parameters;
  }

  void begin_phase(ReplicaTrainer& trainer, std::int64_t phase) override {
    risk_.begin_phase(phase);
    if (phase == 0) return;
    later_ = true;
    if (!reinitialise_) return;
    std::vector<RandomKey> keys;
    for (const RandomKey& key : keys_) keys.push_back(key.child(static_cast<std::uint64_t>(phase)));
    const Tensor fresh = trainer.fresh_parameters(keys);
    trainer.set_trainable(at::where(in_last_layer(trainer), fresh, trainer.parameters().detach()));
    trainer.optimizer().reset(at::ones({trainer.replicas()}, at::kBool));
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const Tensor before = later_ ? trainer.parameters().detach().clone() : Tensor();
    trainer.step_from_losses(risk_(trainer.forward(batch), batch, trainer));
    if (!later_) return;
    Tensor now = trainer.parameters().detach();
    now.copy_(at::where(in_last_layer(trainer), now, before));
  }

  void visit_state(StateVisitor& visit) override {
    StateVisitor risk = visit.inside("risk");
    risk_.visit_state(risk);
    visit("later", later_);
  }

 private:
  /// bool [P]
  static Tensor in_last_layer(const ReplicaTrainer& trainer) {
    return at::arange(trainer.parameters().size(1), at::device(trainer.device()))
        .ge(trainer.model().last_layer_offset());
  }

  BaseRisk risk_;
  bool reinitialise_;
  std::vector<RandomKey> keys_;
  bool later_ = false;
};

}  // namespace

void register_last_layer_retraining(Catalog& catalog);
void register_last_layer_retraining(Catalog& catalog) {
  catalog.methods.add<LastLayerRetraining>(
      "last_layer_retraining", "Keeps the features of phase 0 and retrains the last layer.",
      "Kirichenko et al. 2023, arXiv:2204.02937");
}

}  // namespace spurion::methods
