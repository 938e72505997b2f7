#include <ATen/ATen.h>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"
#include "spurion/stages.hpp"

namespace spurion::methods {
namespace {

struct WiseFtOptions : L2Option {
  PerReplica<double> interpolation = 0.5;
  PerReplica<double> anchor_share = 0.5;
};

/// WiSE-FT (Wortsman et al. 2022): what is evaluated lies between an anchor and the fine-tuned
/// weights, (1 - a) theta_0 + a theta. The default a = 0.5 and the values 0, 0.1, ... 1 are the
/// paper's. Its anchor is a pretrained model. Here the anchor is what ERM has learned after
/// `anchor_share` of the steps; fine-tuning is ERM on the same rows with the optimiser restarted.
/// In a regime with phases each later phase has the weights before it as its anchor. The trained
/// weights are evaluated until there is an anchor. With a = 1 it is ERM whose optimiser restarts.
class WiseFt final : public ObjectiveMethod {
 public:
  using Options = WiseFtOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("interpolation", &O::interpolation,
                   "Place a between the anchor (0) and the fine-tuned weights (1).", between(0, 1),
                   choice({0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0}))
            .field("anchor_share", &O::anchor_share,
                   "Share of the steps after which the weights become the anchor.", between(0, 1),
                   uniform(0.1, 0.9))
            .include(L2Option::schema());
    return schema;
  }

  WiseFt(const Options& options, const MethodContext& context)
      : stages_({options.anchor_share}, context),
        interpolation_(per_replica_tensor(options.interpolation, context).unsqueeze(1)),
        l2_(per_replica_tensor(options.l2, context)) {}

  [[nodiscard]] RiskInput risk_input() const override { return RiskInput::risks; }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 2.0 * sizes.parameters;
  }

  void begin_phase(ReplicaTrainer& trainer, std::int64_t phase) override {
    if (phase == 0) return;
    later_ = true;
    set_anchor(trainer, at::ones({trainer.replicas()}, at::kBool));
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    return domain_risks(output, batch).mean(1) + l2_penalty(l2_, trainer.parameters());
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const std::int64_t now = trainer.step();
    if (!later_ && stages_.any_begins(1, now)) {
      const Tensor begins = stages_.begins(1, now);
      set_anchor(trainer, begins);
      if (now > 0) trainer.restart(begins, trainer.parameters().detach());
    }
    ObjectiveMethod::step(trainer, batch);
  }

  [[nodiscard]] Evaluated evaluated(const ReplicaTrainer& trainer) const override {
    Evaluated between;
    if (!anchor_.defined()) return between;
    const Tensor now = trainer.parameters().detach();
    between.members.push_back(at::where(anchored_.to(trainer.device()).unsqueeze(1),
                                        anchor_ + interpolation_ * (now - anchor_), now));
    return between;
  }

  void visit_state(StateVisitor& visit) override {
    visit("anchor", anchor_);
    visit.on(at::kCPU)("anchored", anchored_);
    visit("later", later_);
  }

 private:
  /// The weights of these replicas (bool [K], in host memory) become their anchors.
  void set_anchor(const ReplicaTrainer& trainer, const Tensor& replicas) {
    const Tensor now = trainer.parameters().detach();
    if (!anchor_.defined()) {
      anchor_ = now.clone();
      anchored_ = replicas.clone();
      return;
    }
    anchor_ = at::where(replicas.to(trainer.device()).unsqueeze(1), now, anchor_);
    anchored_ = anchored_.logical_or(replicas);
  }

  Stages stages_;
  Tensor interpolation_;
  Tensor l2_;
  Tensor anchor_;    // [K, P]
  Tensor anchored_;  // bool [K], in host memory: replicas that have an anchor
  bool later_ = false;
};

}  // namespace

void register_wise_ft(Catalog& catalog);
void register_wise_ft(Catalog& catalog) {
  catalog.methods.add<WiseFt>("wise_ft", "Evaluates weights between an anchor and fine-tuned ones.",
                              "Wortsman et al. 2022, arXiv:2109.01903");
}

}  // namespace spurion::methods
