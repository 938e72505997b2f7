#include "analysis/selection.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "analysis/configurations.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/analysis/trial_fields.hpp"

namespace spurion {

const char* selector_access_text(SelectorAccess access) {
  switch (access) {
    case SelectorAccess::train_domains:
      return "validation rows of the training domains";
    case SelectorAccess::train_groups:
      return "validation rows of the training domains with their groups";
    case SelectorAccess::probes:
      return "validation rows of the training domains and a probe";
    case SelectorAccess::held_out_domains:
      return "validation rows of training domains that were held out";
    case SelectorAccess::test_domain:
      break;
  }
  return "validation rows of the test domain (leak)";
}

namespace analysis {

namespace {

/// The score of this name; null where selectors are given none of it.
std::optional<double>* score_named(ValidationScores& scores, core::MeasuredIn in,
                                   core::MetricId metric) {
  const bool test = in == core::MeasuredIn::validation_test;
  switch (metric) {
    case core::MetricId::accuracy:
      return test ? &scores.test.accuracy : &scores.train.training.accuracy;
    case core::MetricId::loss:
      return test ? &scores.test.loss : &scores.train.training.loss;
    case core::MetricId::worst_group_accuracy:
      return test ? &scores.test.worst_group_accuracy : &scores.train.worst_group_accuracy;
    default:
      return nullptr;
  }
}

/// The label of the probe that found this reliance on a cue. Empty where the measurement is no such
/// number in distribution.
std::string probe_label(const MeasurementRow& row) {
  if (core::parse_domain(row.domain).in != core::MeasuredIn::in_distribution) return {};
  const std::optional<core::ProbeKey> key = core::parse_probe(row.metric);
  return key ? key->label : std::string();
}

/// What a trial is but for its seed and hyper-parameter sample.
std::string text_without_search(const TrialSpec& spec, const std::set<std::string>& searched) {
  Value canonical = canonical_without_seed(spec);
  for (const std::string& option : searched) erase_option(canonical, option);
  return canonical.canonical_json();
}

/// The option that says which train domain a trial held out.
constexpr const char* kHeldOut = "training.held_out_domain";

/// What a trial is but for the domain that it held out.
std::string text_without_held_out(const TrialSpec& spec) {
  Value canonical = spec.canonical();
  erase_option(canonical, kHeldOut);
  return canonical.canonical_json();
}

/// Adds a number to a mean of `count`; none once one is missing.
void add_to_mean(std::optional<double>& mean, const std::optional<double>& value, double count) {
  mean = mean && value ? std::optional<double>(*mean + *value / count) : std::nullopt;
}

}  // namespace

void Chooser::set_held_out(const std::vector<const TrialResult*>& trials) {
  held_out_.clear();
  if (rule_.selector->access() != SelectorAccess::held_out_domains) return;
  for (const TrialResult* trial : trials) {
    held_out_[text_without_held_out(trial->spec)].push_back(trial);
  }
}

void Chooser::add_held_out(const TrialResult& trial,
                           std::map<std::int64_t, ValidationScores>& updates) {
  if (held_out_.empty()) return;
  const auto found = held_out_.find(text_without_held_out(trial.spec));
  if (found == held_out_.end()) return;
  const auto count = static_cast<double>(found->second.size());
  for (auto& [update, scores] : updates) scores.held_out = {0.0, 0.0};
  for (const TrialResult* other : found->second) {
    // The held-out domain stands where the test domain is elsewhere.
    const std::map<std::int64_t, ValidationScores> own = own_updates(*other);
    for (auto& [update, scores] : updates) {
      const auto at = own.find(update);
      const OracleScores there = at == own.end() ? OracleScores() : at->second.test;
      add_to_mean(scores.held_out.accuracy, there.accuracy, count);
      add_to_mean(scores.held_out.loss, there.loss, count);
    }
  }
}

std::map<std::int64_t, ValidationScores> Chooser::updates(const TrialResult& trial) {
  std::map<std::int64_t, ValidationScores> updates = own_updates(trial);
  add_held_out(trial, updates);
  return updates;
}

std::map<std::int64_t, ValidationScores> Chooser::own_updates(const TrialResult& trial) {
  if (trial.status != Status::done) return {};
  const Places& places = places_.of(trial, [](const TrialResult& one) {
    Places found;
    ValidationScores unused;
    for (std::size_t i = 0; i < one.measurements.size(); ++i) {
      const MeasurementRow row = one.measurements[i];
      const core::MeasuredIn in = core::parse_domain(row.domain).in;
      if (std::string label = probe_label(row); !label.empty()) {
        found.push_back({row.step, in, core::MetricId::other, i, std::move(label)});
      }
      const core::MetricId metric = core::parse_metric(row.metric).id;
      if (in == core::MeasuredIn::selection && metric == core::MetricId::generation) {
        found.push_back({row.step, in, metric, i});
      }
      if (in != core::MeasuredIn::validation && in != core::MeasuredIn::validation_test) continue;
      if (score_named(unused, in, metric) != nullptr) found.push_back({row.step, in, metric, i});
    }
    return found;
  });
  std::map<std::int64_t, ValidationScores> updates;
  const std::optional<std::string> probe = first_probe(trial.spec);
  std::set<std::int64_t> unselected;  // of a lineage that is measured beside the trial's own
  for (const Place& place : places) {
    const double value = trial.measurements.value(place.place);
    if (place.in == core::MeasuredIn::selection) {
      if (value == 0.0) unselected.insert(place.update);
      continue;
    }
    if (!place.probe.empty()) {
      if (probe != place.probe || !std::isfinite(value)) continue;
      std::optional<double>& reliance = updates[place.update].reliance;
      reliance = reliance ? std::max(*reliance, value) : value;
      continue;
    }
    ValidationScores& scores = updates[place.update];
    if (std::isfinite(value)) *score_named(scores, place.in, place.metric) = value;
  }
  for (const std::int64_t update : unselected) updates.erase(update);
  return updates;
}

std::map<std::int64_t, double> Chooser::scores(const TrialResult& trial) {
  std::map<std::int64_t, double> all;
  for (const auto& [update, scores] : updates(trial)) {
    const std::optional<double> score = rule_.selector->score_of(scores);
    if (score && std::isfinite(*score)) all[update] = *score;
  }
  return all;
}

TrialAt Chooser::at(const TrialResult& trial) {
  TrialAt out{&trial};
  const std::map<std::int64_t, ValidationScores> updates = this->updates(trial);
  if (updates.empty()) return out;
  const std::int64_t last = updates.rbegin()->first;
  out.score = rule_.selector->score_of(updates.rbegin()->second);
  if (!rule_.early_stopping) return out;
  // Of equal updates the first; an untrained model is none.
  for (auto one = updates.rbegin(); one != updates.rend() && one->first > 0; ++one) {
    const std::optional<double> score = rule_.selector->score_of(one->second);
    if (!score || (out.score && *score < *out.score)) continue;
    out.score = score;
    if (one->first < last) out.stopped = one->first;
  }
  return out;
}

Choice Chooser::choose(const std::vector<const TrialResult*>& trials,
                       const std::set<std::string>& scales) {
  Choice choice;
  std::map<std::int64_t, std::vector<double>> samples;
  std::set<std::pair<std::int64_t, std::string>> scored;  // seeds and scales
  for (const TrialResult* trial : trials) {
    choice.trials.push_back(at(*trial));
    std::vector<double>& scores = samples[trial->spec.config_index];
    const std::optional<double>& score = choice.trials.back().score;
    if (!score || !std::isfinite(*score)) continue;
    scores.push_back(*score);
    scored.emplace(trial->spec.seed, scales.empty() ? std::string() : sample_text(*trial, scales));
  }
  double best = 0.0;
  for (const auto& [sample, scores] : samples) {
    if (scores.empty() || scores.size() < scored.size()) continue;
    if (const double average = mean(scores); !choice.sample || average > best) {
      choice.sample = sample;
      best = average;
    }
  }
  return choice;
}

std::vector<std::vector<const TrialResult*>> search_groups(
    const std::vector<const TrialResult*>& trials, const std::set<std::string>& searched) {
  std::map<std::string, std::size_t> numbers;
  std::vector<std::vector<const TrialResult*>> groups;
  for (const TrialResult* trial : trials) {
    const auto [place, added] =
        numbers.emplace(text_without_search(trial->spec, searched), groups.size());
    if (added) groups.emplace_back();
    groups[place->second].push_back(trial);
  }
  return groups;
}

std::string sample_text(const TrialResult& trial, const std::set<std::string>& searched) {
  // Where nothing says what was searched, the number of the sample is all that tells.
  if (searched.empty()) return std::to_string(trial.spec.config_index);
  std::string text;
  for (const std::string& option : searched) {
    const Value* value = option_of(trial.spec, option);
    text += (value == nullptr ? std::string("-") : value->canonical_json()) + '\n';
  }
  return text;
}

std::int64_t count_samples(const std::vector<const TrialResult*>& trials,
                           const std::set<std::string>& searched) {
  std::set<std::string> samples;
  for (const TrialResult* trial : trials) samples.insert(sample_text(*trial, searched));
  return static_cast<std::int64_t>(samples.size());
}

std::optional<std::string> first_probe(const TrialSpec& spec) {
  const Value* probes = spec.evaluation.is_table() ? spec.evaluation.find("probes") : nullptr;
  if (probes == nullptr || !probes->is_list() || probes->as_list().empty()) return std::nullopt;
  const Value& first = probes->as_list().front();
  const Value* label = first.find("as");
  if (label == nullptr) label = first.find("name");
  return label == nullptr ? std::nullopt : std::optional<std::string>(label->as_string());
}

bool can_stop_early(const TrialResult& trial) {
  const std::string validation = core::stored_domain(core::MeasuredIn::validation);
  std::int64_t first = 0;
  for (const MeasurementRow row : trial.measurements) {
    if (row.step == 0 || row.domain != validation) continue;
    if (first > 0 && row.step != first) return true;
    first = row.step;
  }
  return false;
}

std::optional<double> number(const TrialAt& at, const std::string& domain,
                             const std::string& metric) {
  if (!at.stopped) return number(*at.trial, domain, metric);
  // Of several phases at one update the last, as at the end: what became of an adaptation.
  std::optional<double> last;
  for (const MeasurementRow row : at.trial->measurements) {
    if (row.step == *at.stopped && row.domain == domain && row.metric == metric) last = row.value;
  }
  return last;
}

TrialResult stopped_at(const TrialResult& trial, std::int64_t update) {
  TrialResult out = trial;
  out.measurements.clear();
  for (const MeasurementRow row : trial.measurements) {
    if (row.step <= update) out.measurements.push_back(row);
  }
  return out;
}

}  // namespace analysis
}  // namespace spurion
