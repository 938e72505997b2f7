#include <ATen/ATen.h>

#include <vector>

#include "methods/shared/base_risk.hpp"
#include "methods/shared/row_memory.hpp"
#include "spurion/catalog.hpp"

namespace spurion::methods {
namespace {

struct DiscountedSgdOptions : BaseRiskOptions {
  PerReplica<double> discount = 0.9;
  std::int64_t window = 16;
};

/// Forgetting by discount: each update descends the risk of the last `window` batches, batch i
/// steps ago with weight discount^i, normalised: an exponentially forgetting estimate of the
/// present risk (as discounted follow-the-leader does exactly). discount = 0 is plain SGD; the
/// closer to 1, the longer old rows count and the slower a new cue is taken up. What is added to
/// the risk, l2 and a penalty, is not part of what is normalised.
class DiscountedSgd final : public Method {
 public:
  using Options = DiscountedSgdOptions;
  static const Schema<Options>& schema() {
    using O = Options;
    static const auto schema =
        Schema<O>()
            .field("discount", &O::discount, "Weight of a minibatch relative to the next one.",
                   between(0, 1), uniform(0.5, 0.99))
            .field("window", &O::window, "Number of recent minibatches in the risk.",
                   between(1, 1000))
            .include(BaseRiskOptions::schema());
    return schema;
  }

  DiscountedSgd(const Options& options, const MethodContext& context)
      : risk_(options, context),
        discount_(per_replica_tensor(options.discount, context)),
        window_(options.window) {}

  [[nodiscard]] Access needs() const override { return risk_.needs(); }
  [[nodiscard]] double memory_bytes(const MemorySizes& sizes) const override {
    return risk_.memory_bytes(sizes) +
           2.0 * static_cast<double>(window_) * sizes.batch_rows * sizes.row;
  }
  [[nodiscard]] double cost_factor() const override { return static_cast<double>(window_); }

  void begin_phase(ReplicaTrainer& /*trainer*/, std::int64_t phase) override {
    risk_.begin_phase(phase);
  }

  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    const std::int64_t fresh = batch.domains * batch.rows_per_domain;
    Tensor x = batch.x;
    for (const Tensor& old : x_) x = joined_rows(x, old);
    const Output all = trainer.forward(x);
    const Output newest = output_rows(all, 0, fresh);
    Tensor loss = domain_risks(newest, batch).mean(1);
    Tensor weight = at::ones_like(discount_);
    Tensor total = weight.clone();
    std::int64_t first = fresh;
    for (std::size_t i = 0; i < x_.size(); ++i) {
      Batch old;
      old.y = y_[i];
      old.rows_per_domain = y_[i].size(2);
      old.task = batch.task;
      old.weight = w_[i];
      weight = weight * discount_;
      total = total + weight;
      loss =
          loss + weight * domain_risks(output_rows(all, first, old.rows_per_domain), old).mean(1);
      first += old.rows_per_domain;
    }
    trainer.step_from_losses(loss / total + risk_.added(newest, batch, trainer));
    x_.insert(x_.begin(), batch.x);
    y_.insert(y_.begin(), batch.y.flatten(1).unsqueeze(1));
    w_.insert(w_.begin(), batch.weight.defined() ? batch.weight.flatten(1).unsqueeze(1) : Tensor());
    if (static_cast<std::int64_t>(x_.size()) >= window_) {
      x_.pop_back();
      y_.pop_back();
      w_.pop_back();
    }
  }

  void visit_state(StateVisitor& visit) override {
    StateVisitor risk = visit.inside("risk");
    risk_.visit_state(risk);
    visit("x", x_);
    visit("y", y_);
    visit("w", w_);
  }

 private:
  BaseRisk risk_;
  Tensor discount_;
  std::int64_t window_;
  std::vector<Tensor> x_;  // of the batches before this one, the newest first
  std::vector<Tensor> y_;
  std::vector<Tensor> w_;  // weights, undefined where all count 1
};

}  // namespace

void register_discounted_sgd(Catalog& catalog);
void register_discounted_sgd(Catalog& catalog) {
  catalog.methods.add<DiscountedSgd>(
      "discounted_sgd", "Minimises a discounted risk over the most recent minibatches.",
      "Kivinen, Smola & Williamson 2004 (forgetting by decay)");
}

}  // namespace spurion::methods
