#include "core/measurement_names.hpp"

#include <fmt/format.h>

#include <charconv>
#include <unordered_map>

#include "spurion/error.hpp"

namespace spurion::core {

namespace {

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

constexpr std::string_view kOnCue = "_on_";
constexpr std::string_view kTrain = "train_";
constexpr std::string_view kTestCue = "test_";
constexpr std::string_view kCue = "cue_";
constexpr std::string_view kShiftValue = "shift=";
constexpr std::string_view kPhase = "phase_";
constexpr std::string_view kValidation = "validation";

/// The whole of `text` as a number; false where it is none.
template <class T>
bool read_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

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

std::string stored_probe(const std::string& label, const std::string& cue) {
  return stored_name(MetricId::probe_reliance, label + std::string(kOnCue) + cue);
}

std::optional<ProbeKey> parse_probe(std::string_view stored) {
  const MetricKey key = parse_metric(stored);
  // A label has no such words in it, the name of a cue may.
  const std::size_t end = key.cue.find(kOnCue);
  if (key.id != MetricId::probe_reliance || end == std::string::npos || end == 0) return {};
  ProbeKey probe{key.cue.substr(0, end), key.cue.substr(end + kOnCue.size())};
  if (probe.cue.empty()) return {};
  return probe;
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
    case MeasuredIn::acting:
      return "acting";
    case MeasuredIn::selection:
      return "selection";
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
      {"stream", MeasuredIn::stream},
      {"acting", MeasuredIn::acting},
      {"selection", MeasuredIn::selection}};
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
  if (in != MeasuredIn::other) {
    // These are a regime's own.
    return in != MeasuredIn::stream && in != MeasuredIn::acting && in != MeasuredIn::selection;
  }
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
    case MeasuredIn::acting:
      return "of the learner's own actions in training";
    case MeasuredIn::selection:
      return "of the candidates that the regime selects from";
    case MeasuredIn::other:
      break;
  }
  return "in domain " + stored;
}

}  // namespace spurion::core
