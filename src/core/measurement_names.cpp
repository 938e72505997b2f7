#include "core/measurement_names.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <unordered_map>

#include "spurion/error.hpp"

namespace spurion {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr MetricRange kShareRange{0.0, 1.0};
constexpr MetricRange kDifferenceRange{-1.0, 1.0};
constexpr MetricRange kPositive{0.0, kInfinity};
constexpr MetricRange kAny{};
constexpr const char* kShare = "share of rows";
constexpr const char* kLoss = "nats; squared units of the target for regression";
constexpr const char* kScore = "as accuracy; as loss for regression";
constexpr const char* kShift = "as shift values";

/// Every number of `MetricId` but `other`, in its order. Long because it is a table: one entry for
/// each number.
std::vector<MetricInfo> make_own_metrics() {
  using B = Better;
  const auto entry = [](MetricInfo info, const char* writer) {
    info.writer = writer;
    return info;
  };
  const char* trial = "every trial";
  const char* stream = "regimes on a stream";
  const char* environment = "every trial, from the environment";
  std::vector<MetricInfo> all;
  const auto add = [&](MetricInfo info, const char* writer) {
    all.push_back(entry(std::move(info), writer));
  };
  // A score, a rate, or whatever else a registered metric of spurion's own gives.
  add({"accuracy", "accuracy", "share of rows whose class is predicted", kShare, kShareRange,
       B::high, true, true},
      "metric accuracy");
  add({"loss", "loss", "mean cross-entropy, or mean squared error for regression", kLoss, kPositive,
       B::low, true, false},
      "metric loss");
  add({"train_accuracy", "training accuracy", "accuracy on rows that were trained on", kShare,
       kShareRange, B::high, true, false},
      trial);
  add({"train_loss", "training loss", "loss on rows that were trained on", kLoss, kPositive, B::low,
       true, false},
      trial);
  add({"gap", "gap",
       "score in distribution minus score in this domain; for regression the error in this domain "
       "minus the error in distribution",
       kScore, kDifferenceRange, B::low, false, false, kAny},
      trial);
  add({"confusion_index", "confusion index",
       "0: the model scores as the invariant predictor does; 1: it scores as a predictor that "
       "follows the cue only",
       "", kAny, B::low, false, false},
      trial);
  add({"worst_group_accuracy", "worst-group accuracy", "accuracy in the group where it is lowest",
       kShare, kShareRange, B::high, false, false},
      "metric worst_group");
  add({"worst_group_rows", "worst-group rows", "rows of the group where accuracy is lowest", "rows",
       kPositive, B::neither, false, false},
      "metric worst_group");
  add({"evaluated_rows", "evaluated rows",
       "rows that were evaluated; stored only where the domain has fewer than were asked for",
       "rows", kPositive, B::neither, false, false},
      environment);
  add({"rows", "validation rows", "validation rows of each domain", "rows", kPositive, B::neither,
       false, false},
      trial);
  add({"flip_rate", "flip rate", "share of predictions that change when only the cue changes",
       kShare, kShareRange, B::low, true, true},
      "metric flip_rate");
  add({"counterfactual_rms_change", "counterfactual RMS change",
       "root mean squared change of the output when only the cue changes", "units of the output",
       kPositive, B::low, false, false},
      "metric flip_rate");
  add({"causal_flip_rate", "causal flip rate",
       "share of predictions that change when only the causal feature changes", kShare, kShareRange,
       B::high, true, true},
      trial);
  add({"causal_counterfactual_rms_change", "causal counterfactual RMS change",
       "root mean squared change of the output when only the causal feature changes",
       "units of the output", kPositive, B::neither, false, false},
      trial);
  add({"shortcut_bias", "shortcut bias", "flip rate minus the flip rate of the optimal predictor",
       kShare, kDifferenceRange, B::low, true, false},
      trial);
  add({"cue_randomised_accuracy", "accuracy, cue randomised",
       "accuracy on the same rows with the cue randomised", kShare, kShareRange, B::high, true,
       true},
      trial);
  add({"causal_randomised_accuracy", "accuracy, causal feature randomised",
       "accuracy on the same rows with the causal feature randomised", kShare, kShareRange,
       B::neither, true, true},
      trial);
  add({"randomised_accuracy", "accuracy, cues randomised",
       "accuracy on the same rows with the informative cues of the phase randomised", kShare,
       kShareRange, B::high, false, true},
      trial);
  add({"randomised_loss", "loss, cues randomised",
       "loss on the same rows with the informative cues of the phase randomised", kLoss, kPositive,
       B::low, false, false},
      trial);
  add({"cue_contribution", "cue contribution",
       "score on a phase minus the score on the same rows with the informative cues of the phase "
       "randomised",
       kScore, kDifferenceRange, B::low, false, false, kAny},
      trial);
  add({"shift_*", "shift of a cue", "shift value of the cue in this phase", kShift, kAny,
       B::neither, false, false},
      environment);
  add({"cue_strength_*", "strength of a cue",
       "shift value of the cue in this phase minus the value at which the cue is uninformative",
       kShift, kAny, B::neither, false, false},
      environment);
  add({"trained_cue_strength_*", "strength of a cue in training",
       "strength of the cue in the train domain of this phase where it is strongest", kShift, kAny,
       B::neither, false, false},
      environment);
  add({"control_shift_level", "control shift", "how far the control shift of this phase goes", "",
       kAny, B::neither, false, false},
      environment);
  add({"target_variance", "variance of the target", "variance of the target of the evaluated rows",
       "squared units of the target", kPositive, B::neither, false, false},
      environment);
  add({"prequential_accuracy", "prequential accuracy",
       "accuracy on a window of the stream, predicted before it is learned from", kShare,
       kShareRange, B::high, false, true},
      stream);
  add({"prequential_loss", "prequential loss",
       "loss on a window of the stream, predicted before it is learned from", kLoss, kPositive,
       B::low, false, false},
      stream);
  add({"window_rows", "rows of a window", "rows of a window of the stream", "rows", kPositive,
       B::neither, false, false},
      stream);
  add({"regret", "regret", "Bayes ceiling of the phase minus the prequential score, per row",
       kScore, kAny, B::low, false, false},
      stream);
  add({"invariant_regret", "invariant regret",
       "invariant ceiling of the phase minus the prequential score, per row", kScore, kAny, B::low,
       false, false},
      stream);
  add({"spent", "spent", "labels bought so far, with interventions at their price", "labels",
       kPositive, B::low, false, false},
      "regime online_active");
  const auto ceiling = [&](const char* name, const char* title, const char* meaning) {
    add({name, title, meaning, kScore, kShareRange, B::neither, false, false, kPositive},
        environment);
  };
  ceiling("ceiling_bayes", "Bayes ceiling", "score of the best predictor in this domain");
  ceiling("ceiling_invariant", "invariant ceiling",
          "score in this domain of the best predictor that uses causal features only");
  ceiling("ceiling_spurious_only", "cue-only ceiling",
          "score in this domain of the predictor that follows the cue only");
  ceiling("ceiling_chance", "chance", "score in this domain of the best constant prediction");
  ceiling("ceiling_population_erm", "population ERM",
          "score in this domain of empirical risk minimisation with unlimited training data");
  add({"causal_coefficient_error", "error of causal coefficients",
       "mean squared error of the model's coefficients of the causal features", "", kPositive,
       B::low, false, false},
      "environment chain_sem");
  add({"noncausal_coefficient_error", "error of non-causal coefficients",
       "mean square of the model's coefficients of the features that are not causal", "", kPositive,
       B::low, false, false},
      "environment chain_sem");
  return all;
}

struct ByName {
  std::unordered_map<std::string_view, MetricId> whole;
  std::vector<std::pair<std::string_view, MetricId>> stems;  ///< of numbers of each cue
};

const ByName& by_name() {
  static const ByName known = [] {
    ByName out;
    const std::vector<MetricInfo>& all = own_metrics();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string_view name = all[i].name;
      if (name.back() == '*') {
        out.stems.emplace_back(name.substr(0, name.size() - 1), static_cast<MetricId>(i));
      } else {
        out.whole.emplace(name, static_cast<MetricId>(i));
      }
    }
    return out;
  }();
  return known;
}

bool begins(std::string_view text, std::string_view with) {
  return text.substr(0, with.size()) == with;
}

constexpr std::string_view kTrain = "train_";
constexpr std::string_view kTestCue = "test_";
constexpr std::string_view kCue = "cue_";
constexpr std::string_view kShiftValue = "dial=";
constexpr std::string_view kPhase = "phase_";
constexpr std::string_view kValidation = "validation";

/// The whole of `text` as a number; false where it is none.
template <class T>
bool read_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

const std::vector<MetricInfo>& own_metrics() {
  static const std::vector<MetricInfo> all = [] {
    std::vector<MetricInfo> made = make_own_metrics();
    SPURION_CHECK(made.size() == static_cast<std::size_t>(MetricId::other),
                  "each MetricId has one line");
    return made;
  }();
  return all;
}

const MetricInfo& metric_info(MetricId id) {
  SPURION_CHECK(id != MetricId::other, "a number of spurion's own");
  return own_metrics()[static_cast<std::size_t>(id)];
}

const std::string& stored_name(MetricId id) { return metric_info(id).name; }

std::string stored_name(MetricId id, const std::string& cue) {
  const std::string& name = metric_info(id).name;
  return name.substr(0, name.size() - 1) + cue;
}

MetricKey parse_metric(std::string_view stored) {
  const ByName& known = by_name();
  if (const auto found = known.whole.find(stored); found != known.whole.end()) {
    return {found->second, {}};
  }
  for (const auto& [stem, id] : known.stems) {
    if (begins(stored, stem)) return {id, std::string(stored.substr(stem.size()))};
  }
  return {};
}

const MetricInfo* own_metric(std::string_view stored) {
  const MetricId id = parse_metric(stored).id;
  return id == MetricId::other ? nullptr : &metric_info(id);
}

MetricId on_training_rows(MetricId score) {
  SPURION_CHECK(score == MetricId::accuracy || score == MetricId::loss, "a score");
  return score == MetricId::accuracy ? MetricId::train_accuracy : MetricId::train_loss;
}

MetricId with_cues_randomised(MetricId score) {
  SPURION_CHECK(score == MetricId::accuracy || score == MetricId::loss, "a score");
  return score == MetricId::accuracy ? MetricId::randomised_accuracy : MetricId::randomised_loss;
}

MetricId prequential(MetricId score) {
  SPURION_CHECK(score == MetricId::accuracy || score == MetricId::loss, "a score");
  return score == MetricId::accuracy ? MetricId::prequential_accuracy : MetricId::prequential_loss;
}

std::string stored_domain(const DomainKey& key) {
  switch (key.in) {
    case MeasuredIn::in_distribution:
      return "in_distribution";
    case MeasuredIn::train:
      return fmt::format("{}{}", kTrain, key.number);
    case MeasuredIn::test:
      return "test";
    case MeasuredIn::test_cue:
      return std::string(kTestCue) + key.cue;
    case MeasuredIn::cue:
      return std::string(kCue) + key.cue;
    case MeasuredIn::shift_value:
      return fmt::format("{}{}", kShiftValue, key.shift);
    case MeasuredIn::phase:
      return fmt::format("{}{}", kPhase, key.number);
    case MeasuredIn::validation:
      return "validation";
    case MeasuredIn::validation_test:
      return "validation_test";
    case MeasuredIn::coefficients:
      return "coefficients";
    case MeasuredIn::stream:
      return "stream";
    case MeasuredIn::other:
      break;
  }
  throw LogicError("a domain of another's own has no name of ours");
}

std::string stored_domain(MeasuredIn in) {
  DomainKey key;
  key.in = in;
  return stored_domain(key);
}

std::string stored_train(std::int64_t number) {
  return stored_domain({MeasuredIn::train, {}, number});
}

std::string stored_phase(std::int64_t number) {
  return stored_domain({MeasuredIn::phase, {}, number});
}

std::string stored_shift(double shift) {
  return stored_domain({MeasuredIn::shift_value, {}, -1, shift});
}

DomainKey parse_domain(std::string_view stored) {
  static const std::unordered_map<std::string_view, MeasuredIn> whole = {
      {"in_distribution", MeasuredIn::in_distribution},
      {"test", MeasuredIn::test},
      {"validation", MeasuredIn::validation},
      {"validation_test", MeasuredIn::validation_test},
      {"coefficients", MeasuredIn::coefficients},
      {"stream", MeasuredIn::stream}};
  DomainKey key;
  if (const auto found = whole.find(stored); found != whole.end()) {
    key.in = found->second;
  } else if (begins(stored, kPhase)) {
    if (read_number(stored.substr(kPhase.size()), key.number)) key.in = MeasuredIn::phase;
  } else if (begins(stored, kTrain)) {
    if (read_number(stored.substr(kTrain.size()), key.number)) key.in = MeasuredIn::train;
  } else if (begins(stored, kShiftValue)) {
    if (read_number(stored.substr(kShiftValue.size()), key.shift)) key.in = MeasuredIn::shift_value;
  } else if (begins(stored, kTestCue)) {
    key.in = MeasuredIn::test_cue;
    key.cue = stored.substr(kTestCue.size());
  } else if (begins(stored, kCue)) {
    key.in = MeasuredIn::cue;
    key.cue = stored.substr(kCue.size());
  }
  return key;
}

bool is_measured_domain(std::string_view stored) {
  const MeasuredIn in = parse_domain(stored).in;
  if (in != MeasuredIn::other) return in != MeasuredIn::stream;
  // Names that look like one of ours would be mistaken for it.
  for (const std::string_view stem : {kTrain, kTestCue, kCue, kShiftValue, kPhase, kValidation}) {
    if (begins(stored, stem)) return true;
  }
  return false;
}

std::string domain_phrase(const std::string& stored) {
  const DomainKey key = parse_domain(stored);
  switch (key.in) {
    case MeasuredIn::in_distribution:
      return "in distribution: mean over the train domains, held-out rows";
    case MeasuredIn::train:
      return fmt::format("in train domain {}, held-out rows", key.number);
    case MeasuredIn::test:
      return "in the test domain";
    case MeasuredIn::test_cue:
      return fmt::format("in the domain where only cue {} is shifted as in the test domain",
                         key.cue);
    case MeasuredIn::cue:
      return fmt::format("on rows where of all cues only {} is informative", key.cue);
    case MeasuredIn::shift_value:
      return fmt::format("at shift value {}", key.shift);
    case MeasuredIn::phase:
      return fmt::format("in phase {} of the stream", key.number);
    case MeasuredIn::validation:
      return "on validation rows of the train domains";
    case MeasuredIn::validation_test:
      return "on validation rows of the test domain";
    case MeasuredIn::coefficients:
      return "of the coefficients of a linear model";
    case MeasuredIn::stream:
      return "on windows of the stream";
    case MeasuredIn::other:
      break;
  }
  return "in domain " + stored;
}

}  // namespace spurion
