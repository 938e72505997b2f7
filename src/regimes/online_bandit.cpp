#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "regimes/shared/online_stream.hpp"
#include "regimes/shared/trajectory_regime.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/losses.hpp"
#include "spurion/regime.hpp"

namespace spurion::regimes {
namespace {

struct OnlineBanditOptions : OnlineStreamOptions {
  double exploration = 0.05;
};

/// As `online`, but of each row only the reward of one chosen prediction is seen: 1 when it is
/// right. The choice is epsilon-greedy with `exploration` = epsilon, and it is what prequential
/// accuracy and regret count.
///
/// With two classes a reward tells the label. With more, a rewarded row is learned from with weight
/// 1 / P(choice), the others not at all: an unbiased estimate of the loss with all labels (inverse
/// propensity scoring; Horvitz & Thompson 1952, Dudik et al. 2011). Only a rewarded row's label is
/// revealed then, and only such rows are counted as seen.
class OnlineBandit final : public TrajectoryRegime<OnlineBanditOptions> {
 public:
  using TrajectoryRegime::TrajectoryRegime;
  static const Schema<Options>& schema() {
    static const auto schema = Schema<Options>()
                                   .include(OnlineStreamOptions::schema())
                                   .field("exploration", &Options::exploration,
                                          "Probability of choosing a class uniformly at random.",
                                          Bounds{0.0, 1.0, true, false, {}});
    return schema;
  }

  [[nodiscard]] std::vector<Phase> schedule(const Environment& environment) const override {
    if (environment.info().task == Task::regression) {
      throw UsageError("regime 'online_bandit' chooses classes, and " + environment.info().name +
                       " is a regression environment; use 'online'");
    }
    return TrajectoryRegime::schedule(environment);
  }

  void check(const Environment& environment, const TrainingOptions& training) const override {
    TrajectoryRegime::check(environment, training);
    require_rows(options_, training, environment);
  }

  void run(const RegimeContext& context, Method& method, ReplicaTrainer& trainer,
           Evaluator& evaluator) const override {
    Run run{context, method, trainer, evaluator};
    Bandit body(run, options_);
    run_online(run, options_, body);
  }

 private:
  class Bandit final : public OnlineStream {
   public:
    Bandit(Run& run, const Options& options)
        : OnlineStream(run, options),
          options_(&options),
          classes_(std::max<std::int64_t>(2, run.context.environments.front()->info().outputs)) {}

    Tensor choose(const Batch& batch, const Tensor& logits, const Place& place) override {
      Tensor choice = losses::predict(batch.task, logits).contiguous().clone();
      // Each replica chooses for itself, so each learns from rewards of its own.
      for (std::int64_t k = 0; k < choice.size(0); ++k) explore(choice[k], k, place, batch);
      return choice;
    }

    void learn(const Batch& batch, const Tensor& logits, const Tensor& choice,
               const Place& /*place*/) override {
      Batch seen = batch;
      const std::int64_t rows = batch.domains * batch.rows_per_domain;
      const auto replicas = static_cast<std::size_t>(choice.size(0));
      UpdateCounts counts{rows, std::vector<std::int64_t>(replicas, rows), {}};
      if (classes_ > 2) {
        const Shape shape = {choice.size(0), batch.domains, batch.rows_per_domain};
        const Tensor labels = batch.y.expand(shape).reshape({choice.size(0), rows});
        const Tensor greedy = losses::predict(batch.task, logits);
        const double uniform = options_->exploration / static_cast<double>(classes_);
        const Tensor chance =
            choice.eq(greedy).to(at::kFloat) * (1.0 - options_->exploration) + uniform;
        const Tensor reward = choice.eq(labels).to(at::kFloat);
        // What was not rewarded has weight 0; its place is held by the wrong choice.
        seen.y = choice.reshape(shape);
        seen.weight = (reward / chance).reshape(shape);
        const Tensor rewarded = reward.gt(0).sum(1);
        for (std::size_t k = 0; k < replicas; ++k) {
          counts.new_labels[k] = rewarded.data_ptr<std::int64_t>()[k];
          counts.zero_weight_rows.push_back(rows - counts.new_labels[k]);
        }
      }
      update(seen, counts);
    }

   private:
    /// Replaces a share of the choices [E * B] of a replica by random ones.
    void explore(Tensor choice, std::int64_t replica, const Place& place,
                 const Batch& batch) const {
      const RandomKey key =
          run_->context.order_keys[static_cast<std::size_t>(replica)].child("bandit").child(
              static_cast<std::uint64_t>(place.phase));
      const RandomStream coin(key.child("coin"));
      const RandomStream arm(key.child("arm"));
      auto* chosen = choice.data_ptr<std::int64_t>();
      for (std::int64_t slot = 0; slot < batch.domains; ++slot) {
        for (std::int64_t i = 0; i < batch.rows_per_domain; ++i) {
          if (!coin.bernoulli(options_->exploration, place.first + i, slot)) continue;
          chosen[slot * batch.rows_per_domain + i] = arm.below(classes_, place.first + i, slot);
        }
      }
    }

    const Options* options_;
    std::int64_t classes_;
  };
};

}  // namespace

void register_online_bandit(Catalog& catalog);
void register_online_bandit(Catalog& catalog) {
  catalog.regimes.add<OnlineBandit>(
      "online_bandit", "Online training that observes only whether its chosen class is right.",
      "Dudik, Langford & Li 2011, arXiv:1103.4601");
}

}  // namespace spurion::regimes
