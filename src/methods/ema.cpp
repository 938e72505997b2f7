#include <ATen/ATen.h>

#include <vector>

#include "methods/shared/l2_option.hpp"
#include "spurion/catalog.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {
namespace {

struct EmaOptions : L2Option {
  PerReplica<double> decay = 0.999;
};

/// ERM that is evaluated at an exponential moving average of its weights (Polyak & Juditsky 1992;
/// Tarvainen & Valpola 2017): after update t = 1, 2, ... the average is m_t = s_t m_(t-1) +
/// (1 - s_t) theta_t with s_t = min(s, 1 - 1 / t), so that the first 1 / (1 - s) updates have equal
/// weights and the initial weights have none. The default s = 0.999 is the decay of the mean
/// teacher. Its code has s_t = min(s, 1 - 1 / (t + 1)), which counts the initial weights as one
/// update. No source has a search range for s; that of 0.9 to 0.999 is ours.
class Ema final : public ObjectiveMethod {
 public:
  using Options = EmaOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("decay", &Options::decay, "Share s of the old average in each update.",
                   Bounds{0.0, 1.0, false, true, {}}, uniform(0.9, 0.999))
            .include(L2Option::schema());
    return schema;
  }

  Ema(const Options& options, const MethodContext& context)
      : newest_(per_replica_tensor(rest_of(options.decay), context)),
        l2_(per_replica_tensor(options.l2, context)) {}

  [[nodiscard]] RiskInput risk_input() const override { return RiskInput::risks; }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return 2.0 * sizes.parameters;
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    return domain_risks(output, batch).mean(1) + l2_penalty(l2_, trainer.parameters());
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    ObjectiveMethod::step(trainer, batch);
    const Tensor now = trainer.parameters().detach();
    if (!average_.defined()) {
      average_ = now.clone();
      return;
    }
    const Tensor share = newest_.clamp_min(1.0 / static_cast<double>(trainer.step()));
    average_ = average_ + share.unsqueeze(1) * (now - average_);
  }

  [[nodiscard]] Evaluated evaluated(const ReplicaTrainer& /*trainer*/) const override {
    Evaluated mean;
    if (average_.defined()) mean.members.push_back(average_);
    return mean;
  }

  void visit_state(StateVisitor& visit) override { visit("average", average_); }

 private:
  /// 1 - s, without the rounding of s to float32.
  static PerReplica<double> rest_of(const PerReplica<double>& decay) {
    std::vector<double> rest;
    for (const double value : decay.values()) rest.push_back(1.0 - value);
    return PerReplica<double>(std::move(rest));
  }

  Tensor newest_;  // [K]: share of the newest weights
  Tensor l2_;
  Tensor average_;  // [K, P]
};

}  // namespace

void register_ema(Catalog& catalog);
void register_ema(Catalog& catalog) {
  catalog.methods.add<Ema>("ema", "Evaluates an exponential moving average of the weights.",
                           "Polyak & Juditsky 1992; Tarvainen & Valpola 2017, arXiv:1703.01780");
}

}  // namespace spurion::methods
