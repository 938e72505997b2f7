#include "analysis/metric_info.hpp"

namespace spurion::analysis {

namespace {

struct Known {
  const char* name;
  const char* meaning;
  const char* unit;
  const char* range;
};

constexpr const char* kShare = "share of rows";
constexpr const char* kLoss = "nats; squared units of the target for regression";
constexpr const char* kScore = "as accuracy; as loss for regression";
constexpr const char* kUnitInterval = "[0, 1]";
constexpr const char* kSigned = "[-1, 1]; unbounded for regression";
constexpr const char* kPositive = "[0, inf)";

constexpr Known kMetrics[] = {
    {"accuracy", "share of rows whose class is predicted", kShare, kUnitInterval},
    {"loss", "mean cross-entropy, or mean squared error for regression", kLoss, kPositive},
    {"train_accuracy", "accuracy on rows that were trained on", kShare, kUnitInterval},
    {"train_loss", "loss on rows that were trained on", kLoss, kPositive},
    {"gap", "score in distribution minus score here; for regression error here minus error there",
     kScore, kSigned},
    {"confusion_index", "0: scores as the invariant predictor, 1: as one that follows the cue only",
     "", "unbounded"},
    {"worst_group_accuracy", "accuracy in the group where it is least", kShare, kUnitInterval},
    {"worst_group_rows", "rows of that group", "rows", kPositive},
    {"evaluated_rows", "rows that were evaluated, where fewer were there than were asked for",
     "rows", kPositive},
    {"flip_rate", "share of predictions that change when only the cue does", kShare, kUnitInterval},
    {"causal_flip_rate", "share of predictions that change when only the causal feature does",
     kShare, kUnitInterval},
    {"counterfactual_rms_change", "root mean squared change of the output when only the cue does",
     "units of the output", kPositive},
    {"shortcut_bias", "flip rate minus that of the optimal predictor", kShare, "[-1, 1]"},
    {"cue_randomised_accuracy", "accuracy on the same rows with the cue randomised", kShare,
     kUnitInterval},
    {"causal_randomised_accuracy", "accuracy on the same rows with the causal feature randomised",
     kShare, kUnitInterval},
    {"ece", "expected calibration error", "probability", kUnitInterval},
    {"brier", "Brier score", "squared probability", "[0, 2]"},
    {"cue_contribution",
     "score on a phase minus the score on the same rows with its informative cues randomised",
     kScore, kSigned},
    {"window_rows", "rows of a window of the stream", "rows", kPositive},
    {"regret", "shortfall from the Bayes ceiling of the phase, per row", kScore, "unbounded"},
    {"invariant_regret", "shortfall from the invariant ceiling of the phase, per row", kScore,
     "unbounded"},
    {"spent", "labels and interventions at their price, so far", "labels", kPositive},
    {"control_shift_level", "level of the control shift in a phase", "", "unbounded"},
    {"target_variance", "variance of the target", "squared units of the target", kPositive},
};

/// Families of metrics, by how they begin.
constexpr Known kFamilies[] = {
    {"group_", "accuracy in one group", kShare, kUnitInterval},
    {"ceiling_", "score of the best predictor of this kind in this domain", kScore,
     "as accuracy or loss"},
    {"prequential_", "score of a window of the stream, predicted before it is learned from", kScore,
     "as accuracy or loss"},
    {"randomised_", "score on the same rows with the informative cues randomised", kScore,
     "as accuracy or loss"},
    {"shift_", "shift of the cue in a phase", "shift", "unbounded"},
    {"cue_strength_", "shift of the cue minus the shift at which the cue is uninformative", "shift",
     "unbounded"},
    {"trained_cue_strength_", "the same, in the train domain where the cue is most informative",
     "shift", "unbounded"},
};

bool begins(const std::string& text, const std::string& with) {
  return text.compare(0, with.size(), with) == 0;
}

}  // namespace

MetricInfo metric_info(const std::string& metric) {
  for (const Known& one : kMetrics) {
    if (metric == one.name) return {one.meaning, one.unit, one.range};
  }
  for (const Known& one : kFamilies) {
    if (begins(metric, one.name)) return {one.meaning, one.unit, one.range};
  }
  return {"metric " + metric + " of the world, the method or a plug-in", "", ""};
}

std::string domain_info(const std::string& domain) {
  if (domain == "in_distribution")
    return "in distribution: mean over the train domains, held-out rows";
  if (domain == "test") return "in the test domain";
  if (begins(domain, "test_")) {
    return "in the domain where only cue " + domain.substr(5) + " is shifted as in the test domain";
  }
  if (begins(domain, "cue_")) {
    return "on rows where of all cues only " + domain.substr(4) + " says something";
  }
  if (domain == "coefficients") return "of the coefficients of a linear model";
  return "in domain " + domain;
}

}  // namespace spurion::analysis
