#include "core/pressure_metrics.hpp"

#include <limits>
#include <utility>

namespace spurion::core {

namespace {

constexpr MetricRange kFromZero{0.0, std::numeric_limits<double>::infinity()};
constexpr MetricRange kPart{0.0, 1.0};
constexpr const char* kReferenced = "methods with a reference model";
constexpr const char* kHeld = "ppo, reinforce with kl_anchor";
constexpr const char* kSelecting = "regime iterated_selection";

/// Numbers of policies that are held to the policy pi_0 when acting began, in the states that they
/// lead to.
void add_anchored(std::vector<MetricInfo>& out) {
  const auto add = [&](const char* name, const char* title, const char* meaning, Better better) {
    MetricInfo info{name, title, meaning, "nats", kFromZero, better, true, false};
    info.writer = kHeld;
    out.push_back(std::move(info));
  };
  add("policy_entropy", "entropy of the policy",
      "mean entropy of the policy in the states it leads to", Better::neither);
  add("prior_entropy", "entropy of pi_0",
      "mean entropy, in the same states, of the policy when acting began", Better::neither);
  add("prior_divergence", "divergence from pi_0",
      "mean Kullback-Leibler divergence of the policy from the policy when acting began, in the "
      "states it leads to",
      Better::neither);
  MetricInfo collapsed{"collapsed_states",
                       "collapsed states",
                       "share of the states the policy leads to in which one action has a "
                       "probability above 0.99",
                       "share of states",
                       kPart,
                       Better::neither,
                       true,
                       false};
  collapsed.writer = kHeld;
  out.push_back(std::move(collapsed));
  add("optimum_entropy", "entropy of the anchored optimum",
      "mean entropy, in the same states, of the exact policy that maximises the next expected "
      "reward minus the weighted divergence from pi_0: pi_0 exp(r / beta) / Z",
      Better::neither);
  add("optimum_divergence", "divergence from the anchored optimum",
      "mean Kullback-Leibler divergence of the policy from the exact optimum; it is about 0 where "
      "the training found that optimum and discounts later rewards away",
      Better::low);
  add("prior_optimum_divergence", "divergence of pi_0 from the optimum",
      "mean Kullback-Leibler divergence of the policy when acting began from the exact optimum",
      Better::neither);
}

}  // namespace

void add_pressure_metrics(std::vector<MetricInfo>& out) {
  const auto add = [&](const char* writer, MetricInfo info) {
    info.writer = writer;
    out.push_back(std::move(info));
  };
  add(kReferenced,
      {"reference_distance", "distance from the reference",
       "root mean squared difference of the parameters from those of the reference model, such as "
       "the twin that is trained without the penalty",
       "units of the parameters", kFromZero, Better::neither, true, false});
  add(kReferenced,
      {"reference_divergence", "divergence from the reference",
       "mean Kullback-Leibler divergence of the predictions from those of the reference model; for "
       "regression the mean squared difference",
       "nats; squared units of the output for regression", kFromZero, Better::neither, true,
       false});
  add_anchored(out);
  add(kSelecting, {"generation", "generation", "rounds of selection so far", "rounds", kFromZero,
                   Better::neither, false, false});
  add(kSelecting,
      {"selection_nats", "nats of selection",
       "strength of the selection so far, if the candidates of a round were independent: the sum "
       "over rounds of the divergence of the survivors' ranks from those of all candidates; log n "
       "- (n - 1) / n where one of n survives",
       "nats", kFromZero, Better::neither, false, false});
  add(kSelecting,
      {"fitness", "fitness",
       "what survivors have least of, of the candidate that is measured: the reliance that a probe "
       "finds on validation rows, the training loss, or a sum of both",
       "", kFromZero, Better::low, false, false});
}

}  // namespace spurion::core
