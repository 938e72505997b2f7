#include <limits>
#include <utility>

#include "core/measurement_names.hpp"
#include "core/pressure_metrics.hpp"
#include "core/probe_metrics.hpp"
#include "spurion/error.hpp"

namespace spurion::core {

namespace {

constexpr double kNoEnd = std::numeric_limits<double>::infinity();
constexpr MetricRange kShareRange{0.0, 1.0};
constexpr MetricRange kDifferenceRange{-1.0, 1.0};
constexpr MetricRange kPositive{0.0, kNoEnd};
constexpr MetricRange kAny{};
constexpr const char* kShare = "share of rows";
constexpr const char* kLoss = "nats; squared units of the target for regression";
constexpr const char* kScore = "as accuracy; as loss for regression";
constexpr const char* kShift = "as shift values";

constexpr const char* kTrial = "every trial";
constexpr const char* kStream = "regimes on a stream";
constexpr const char* kEnvironment = "every trial, from the environment";

using B = Better;
using MetricTable = std::vector<MetricInfo>;

void add_metric(MetricTable& out, const char* writer, MetricInfo info) {
  info.writer = writer;
  out.push_back(std::move(info));
}

/// Scores, what they come to, and the rows behind them.
void add_scores(MetricTable& out) {
  add_metric(out, "metric accuracy",
             {"accuracy", "accuracy", "share of rows whose class is predicted", kShare, kShareRange,
              B::high, true, true});
  add_metric(out, "metric loss",
             {"loss", "loss", "mean cross-entropy, or mean squared error for regression", kLoss,
              kPositive, B::low, true, false});
  add_metric(out, kTrial,
             {"train_accuracy", "training accuracy", "accuracy on rows that were trained on",
              kShare, kShareRange, B::high, true, false});
  add_metric(out, kTrial,
             {"train_loss", "training loss", "loss on rows that were trained on", kLoss, kPositive,
              B::low, true, false});
  add_metric(
      out, kTrial,
      {"gap", "gap",
       "score in distribution minus score in this domain; for regression the error in this domain "
       "minus the error in distribution",
       kScore, kDifferenceRange, B::low, false, false, kAny});
  add_metric(
      out, kTrial,
      {"confusion_index", "confusion index",
       "0: the model scores as the invariant predictor does; 1: it scores as a predictor that "
       "follows the cue only",
       "", kAny, B::low, false, false});
  add_metric(
      out, "metric worst_group",
      {"worst_group_accuracy", "worst-group accuracy", "accuracy in the group where it is lowest",
       kShare, kShareRange, B::high, false, false});
  add_metric(out, "metric worst_group",
             {"worst_group_rows", "worst-group rows", "rows of the group where accuracy is lowest",
              "rows", kPositive, B::neither, false, false});
  add_metric(
      out, kEnvironment,
      {"evaluated_rows", "evaluated rows",
       "rows that were evaluated; stored only where the domain has fewer than were asked for",
       "rows", kPositive, B::neither, false, false});
  add_metric(out, kTrial,
             {"rows", "validation rows", "validation rows of each domain", "rows", kPositive,
              B::neither, false, false});
}

/// How far predictions follow the cue and the causal feature.
void add_reliance(MetricTable& out) {
  add_metric(
      out, "metric flip_rate",
      {"flip_rate", "flip rate", "share of predictions that change when only the cue changes",
       kShare, kShareRange, B::low, true, true});
  add_metric(out, "metric flip_rate",
             {"counterfactual_rms_change", "counterfactual RMS change",
              "root mean squared change of the output when only the cue changes",
              "units of the output", kPositive, B::low, false, false});
  add_metric(out, kTrial,
             {"causal_flip_rate", "causal flip rate",
              "share of predictions that change when an intervention gives the causal feature its "
              "other value; what depends on it changes too: where a cue follows the label and the "
              "label the feature, a model that uses the cue alone changes its predictions as well",
              kShare, kShareRange, B::high, true, true});
  add_metric(out, kTrial,
             {"causal_counterfactual_rms_change", "causal counterfactual RMS change",
              "root mean squared change of the output when an intervention changes the causal "
              "feature and what depends on it; no built-in regression environment has this "
              "intervention, those of plug-ins may",
              "units of the output", kPositive, B::neither, false, false});
  add_metric(
      out, kTrial,
      {"shortcut_bias", "shortcut bias", "flip rate minus the flip rate of the optimal predictor",
       kShare, kDifferenceRange, B::low, true, false});
  add_metric(out, kTrial,
             {"cue_randomised_accuracy", "accuracy, cue randomised",
              "accuracy on the same rows with the cue randomised", kShare, kShareRange, B::high,
              true, true});
  add_metric(
      out, kTrial,
      {"causal_randomised_accuracy", "accuracy, causal feature randomised",
       "accuracy, against the labels of the same rows, with the causal feature randomised and "
       "what depends on it changed with it",
       kShare, kShareRange, B::neither, true, true});
  add_metric(out, kTrial,
             {"randomised_accuracy", "accuracy, cues randomised",
              "accuracy on the same rows with the informative cues of the phase randomised", kShare,
              kShareRange, B::high, false, true});
  add_metric(out, kTrial,
             {"randomised_loss", "loss, cues randomised",
              "loss on the same rows with the informative cues of the phase randomised", kLoss,
              kPositive, B::low, false, false});
  add_metric(
      out, kTrial,
      {"cue_contribution", "cue contribution",
       "score on a phase minus the score on the same rows with the informative cues of the phase "
       "randomised",
       kScore, kDifferenceRange, B::low, false, false, kAny});
}

/// What the phases of a stream are like.
void add_phases(MetricTable& out) {
  add_metric(out, kEnvironment,
             {"shift_*", "shift of a cue", "shift value of the cue in this phase", kShift, kAny,
              B::neither, false, false});
  add_metric(
      out, kEnvironment,
      {"cue_strength_*", "strength of a cue",
       "shift value of the cue in this phase minus the value at which the cue is uninformative",
       kShift, kAny, B::neither, false, false});
  add_metric(out, kEnvironment,
             {"trained_cue_strength_*", "strength of a cue in training",
              "strength of the cue in the train domain of this phase where it is strongest", kShift,
              kAny, B::neither, false, false});
  add_metric(out, kEnvironment,
             {"control_shift_level", "control shift",
              "how far the control shift of this phase goes", "", kAny, B::neither, false, false});
  add_metric(
      out, kEnvironment,
      {"target_variance", "variance of the target", "variance of the target of the evaluated rows",
       "squared units of the target", kPositive, B::neither, false, false});
}

/// What regimes record while a stream goes on.
void add_streams(MetricTable& out) {
  add_metric(out, kStream,
             {"prequential_accuracy", "prequential accuracy",
              "accuracy on a window of the stream, predicted before it is learned from", kShare,
              kShareRange, B::high, false, true});
  add_metric(out, kStream,
             {"prequential_loss", "prequential loss",
              "loss on a window of the stream, predicted before it is learned from", kLoss,
              kPositive, B::low, false, false});
  add_metric(out, kStream,
             {"window_rows", "rows of a window", "rows of a window of the stream", "rows",
              kPositive, B::neither, false, false});
  add_metric(out, kStream,
             {"regret", "regret", "Bayes ceiling of the phase minus the prequential score, per row",
              kScore, kAny, B::low, false, false});
  add_metric(out, kStream,
             {"invariant_regret", "invariant regret",
              "invariant ceiling of the phase minus the prequential score, per row", kScore, kAny,
              B::low, false, false});
  add_metric(out, "regime online_active",
             {"spent", "spent", "labels bought so far, with interventions at their price", "labels",
              kPositive, B::low, false, false});
}

/// What the environment knows about the best scores.
void add_ceilings(MetricTable& out) {
  const auto ceiling = [&](const char* name, const char* title, const char* meaning) {
    add_metric(out, kEnvironment,
               {name, title, meaning, kScore, kShareRange, B::neither, false, false, kPositive});
  };
  ceiling("ceiling_bayes", "Bayes ceiling", "score of the best predictor in this domain");
  ceiling("ceiling_invariant", "invariant ceiling",
          "score in this domain of the best predictor that uses causal features only");
  ceiling("ceiling_spurious_only", "cue-only ceiling",
          "score in this domain of the predictor that follows the cue only");
  ceiling("ceiling_chance", "chance", "score in this domain of the best constant prediction");
  ceiling("ceiling_population_erm", "population ERM",
          "score in this domain of empirical risk minimisation with unlimited training data");
}

/// What theory predicts of the trial.
void add_theory(MetricTable& out) {
  const auto theory = [&](const char* name, const char* title, const char* meaning,
                          const MetricRange& classes) {
    add_metric(out, kEnvironment,
               {name, title, meaning, kScore, classes, B::neither, false, false, kAny});
  };
  theory("theory_score", "theory, score",
         "score in this domain that theory predicts for the end of the training; stored only where "
         "the environment knows it for this model, method and training",
         kShareRange);
  theory("theory_score_error", "theory, error of the score",
         "stated error of the score that theory predicts; 0: exact", kPositive);
  theory("theory_gap", "theory, gap",
         "gap in this domain that theory predicts for the end of the training", kDifferenceRange);
  theory("theory_gap_error", "theory, error of the gap",
         "stated error of the gap that theory predicts; 0: exact", kPositive);
  const auto correlation = [&](const char* name, const char* title, const char* meaning,
                               const MetricRange& range) {
    add_metric(out, "environment ridge_correlation",
               {name, title, meaning, "squared units of the target", range, B::low, false, false});
  };
  correlation("spurious_correlation", "learnt spurious correlation",
              "covariance of the output with the target where the causal features are drawn anew "
              "and the cue stays; 0: the model has learnt nothing of the cue",
              kAny);
  correlation("theory_spurious_correlation", "theory, spurious correlation",
              "learnt spurious correlation that theory predicts", kAny);
  correlation("theory_spurious_correlation_error", "theory, error of the correlation",
              "stated error of the learnt spurious correlation that theory predicts", kPositive);
}

/// Of environments that know the coefficients of the best linear model.
void add_coefficients(MetricTable& out) {
  add_metric(out, "environment chain_sem",
             {"causal_coefficient_error", "error of causal coefficients",
              "mean squared error of the model's coefficients of the causal features", "",
              kPositive, B::low, false, false});
  add_metric(out, "environment chain_sem",
             {"noncausal_coefficient_error", "error of non-causal coefficients",
              "mean square of the model's coefficients of the features that are not causal", "",
              kPositive, B::low, false, false});
}

constexpr const char* kActing = "every trial in an interactive environment";
constexpr const char* kActingRegime = "regimes whose learner acts";
constexpr const char* kReward = "units of reward";
constexpr const char* kEpisodes = "share of episodes";
constexpr const char* kStates = "share of states";

/// What a policy comes to where it acts.
void add_returns(MetricTable& out) {
  add_metric(out, kActing,
             {"return", "return", "mean discounted sum of rewards of the episodes of the policy",
              kReward, kAny, B::high, true, false});
  add_metric(out, kActing,
             {"return_error", "standard error of the return",
              "standard error of the return over the evaluated episodes", kReward, kPositive,
              B::neither, false, false});
  add_metric(out, kActing,
             {"return_regret", "regret of the return",
              "return of the optimal policy minus return of the policy", kReward, kAny, B::low,
              true, false});
  add_metric(out, kActing,
             {"return_confusion", "confusion index of the return",
              "0: the policy has the return of the optimal policy; 1: it has the return of the "
              "policy that follows the cue only; stored only where these two differ",
              "", kAny, B::low, true, false});
  add_metric(
      out, kActing,
      {"return_gap", "gap of the return", "return in distribution minus return in this domain",
       kReward, kAny, B::low, false, false});
  add_metric(out, kActing,
             {"goal_rate", "goal reached", "share of episodes that reach the goal", kEpisodes,
              kShareRange, B::high, true, true});
  add_metric(out, kActing,
             {"proxy_rate", "proxy reached", "share of episodes that reach what the cue points to",
              kEpisodes, kShareRange, B::neither, true, true});
  add_metric(out, kActing,
             {"episode_steps", "steps of an episode", "mean number of steps of an episode", "steps",
              kPositive, B::neither, true, false});
  add_metric(out, kActing,
             {"evaluated_episodes", "evaluated episodes", "episodes that were evaluated",
              "episodes", kPositive, B::neither, false, false});
}

/// How a policy acts, in the states where it leads itself.
void add_habits(MetricTable& out) {
  add_metric(out, kActing,
             {"own_state_accuracy", "accuracy on own states",
              "share of the states the policy leads to in which it acts as the expert does",
              kStates, kShareRange, B::high, true, false});
  add_metric(out, kActing,
             {"action_flip_rate", "action flip rate",
              "share of the states the policy leads to in which its action changes when only the "
              "cue changes",
              kStates, kShareRange, B::low, true, false});
  add_metric(out, kActing,
             {"repeat_action_rate", "repeated actions",
              "share of the policy's actions that are the same as its action before", kStates,
              kShareRange, B::neither, true, false});
  add_metric(out, kActing,
             {"expert_repeat_rate", "repeated actions of the expert",
              "share of the expert's actions that are the same as its action before", kStates,
              kShareRange, B::neither, true, false});
  add_metric(out, kActing,
             {"copycat_own_error", "copycat error, own actions",
              "error of the best prediction of the policy's next action from its last two actions",
              kStates, kShareRange, B::neither, true, false});
  add_metric(out, kActing,
             {"copycat_expert_error", "copycat error, expert",
              "error of the best prediction of the expert's next action from its last two actions; "
              "far above that of the policy's own actions: the policy copies itself",
              kStates, kShareRange, B::neither, true, false});
  add_metric(out, kActing,
             {"conditional_kl", "divergence from the conditional",
              "mean Kullback-Leibler divergence of the policy's probabilities from the exact "
              "posterior that takes own actions as evidence",
              "nats", kPositive, B::neither, true, false});
  add_metric(out, kActing,
             {"interventional_kl", "divergence from the interventional",
              "mean Kullback-Leibler divergence of the policy's probabilities from the exact "
              "posterior under which own actions are interventions",
              "nats", kPositive, B::low, true, false});
}

/// What is known of the best returns, and what a learner that acts records.
void add_acting_references(MetricTable& out) {
  const auto reference = [&](const char* name, const char* title, const char* meaning) {
    add_metric(out, kEnvironment, {name, title, meaning, kReward, kAny, B::neither, false, false});
  };
  reference("return_optimal", "return of the optimal policy",
            "return in this domain of the best policy that sees the whole state");
  add_metric(out, kEnvironment,
             {"return_optimal_error", "error of the return of the optimal policy",
              "most by which the known return of the optimal policy may be off; stored only where "
              "that return is worked out, not where it is simulated",
              kReward, kPositive, B::neither, false, false});
  reference("return_expert", "return of the expert", "return in this domain of the expert");
  reference("return_cue", "return of the cue-following policy",
            "return in this domain of the policy that follows the cue only");
  reference("return_random", "return of random actions",
            "return in this domain of actions that are all equally likely");
  add_metric(out, kActingRegime,
             {"environment_steps", "environment steps", "steps of the learner in the environment",
              "steps", kPositive, B::low, false, false});
  add_metric(
      out, kActingRegime,
      {"expert_queries", "expert queries", "states in which the expert was asked what it would do",
       "states", kPositive, B::low, false, false});
  add_metric(out, kActingRegime,
             {"training_return", "return while training",
              "mean return of the training episodes since the last record", kReward, kAny, B::high,
              false, false});
  add_metric(out, "regime graph_intervention",
             {"shown_*", "inputs shown",
              "1: the policy is shown the inputs of this variable of its graph; 0: they are hidden",
              "", kShareRange, B::neither, false, false});
}

}  // namespace

const std::vector<MetricInfo>& own_metrics() {
  static const MetricTable all = [] {
    MetricTable made;  // in the order of MetricId
    add_scores(made);
    add_reliance(made);
    add_phases(made);
    add_streams(made);
    add_ceilings(made);
    add_theory(made);
    add_coefficients(made);
    add_returns(made);
    add_habits(made);
    add_acting_references(made);
    add_pressure_metrics(made);
    add_probe_metrics(made);
    SPURION_CHECK(made.size() == static_cast<std::size_t>(MetricId::other),
                  "each MetricId has one line");
    return made;
  }();
  return all;
}

}  // namespace spurion::core
