#include "analysis/question_trials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "core/measurement_names.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/trial_fields.hpp"

namespace spurion::analysis {

namespace {

using Trials = std::vector<const TrialResult*>;

/// How a selection went.
struct Selected {
  std::int64_t dropped = 0;   ///< trials of samples that were not chosen
  std::int64_t diverged = 0;  ///< of these
  std::int64_t failed = 0;
  std::int64_t without = 0;  ///< configurations that have no score to choose by
};

/// Of the trials of one configuration those of the sample whose mean score over seeds is best: the
/// highest accuracy, else the least loss. A sample that lacks a score on a seed on which another
/// sample has one is not chosen: means over other seeds are no comparison.
std::optional<std::int64_t> best_sample(const Trials& trials, const std::string& validation) {
  const bool accuracy = std::any_of(trials.begin(), trials.end(), [&](const TrialResult* trial) {
    return number(*trial, validation, core::stored_name(core::MetricId::accuracy)).has_value();
  });
  const double sign = accuracy ? -1.0 : 1.0;
  std::map<std::int64_t, std::vector<double>> samples;
  std::set<std::int64_t> scored;  // seeds
  for (const TrialResult* trial : trials) {
    auto& values = samples[trial->spec.config_index];
    if (trial->status != Status::done) continue;
    const double value = number(*trial, validation, core::stored_name(core::score_metric(accuracy)))
                             .value_or(std::nan(""));
    if (!std::isfinite(value)) continue;
    values.push_back(sign * value);
    scored.insert(trial->spec.seed);
  }
  std::optional<std::int64_t> chosen;
  double least = 0.0;
  for (const auto& [sample, values] : samples) {
    if (values.empty() || values.size() < scored.size()) continue;
    if (const double average = mean(values); !chosen || average < least) {
      chosen = sample;
      least = average;
    }
  }
  return chosen;
}

/// What a trial is but for seed and hyper-parameter sample.
std::string configuration_of(const TrialSpec& spec, const std::set<std::string>& searched) {
  Value canonical = spec.canonical();
  for (const std::string& option : searched) erase_option(canonical, option);
  for (const char* key : {"seed", "config_index", "base_seed"}) canonical.as_table().erase(key);
  return canonical.canonical_json();
}

Trials select(const Trials& trials, const std::set<std::string>& searched,
              const std::string& validation, Selected& selected) {
  std::map<std::string, Trials> configurations;
  std::vector<const Trials*> own;
  own.reserve(trials.size());
  for (const TrialResult* trial : trials) {
    Trials& members = configurations[configuration_of(trial->spec, searched)];
    members.push_back(trial);
    own.push_back(&members);
  }
  std::map<const Trials*, std::optional<std::int64_t>> chosen;
  for (const auto& [name, members] : configurations) {
    chosen[&members] = best_sample(members, validation);
    selected.without += chosen[&members] ? 0 : 1;
  }
  Trials kept;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    if (chosen[own[i]] == trials[i]->spec.config_index) {
      kept.push_back(trials[i]);
      continue;
    }
    ++selected.dropped;
    selected.diverged += trials[i]->status == Status::diverged ? 1 : 0;
    selected.failed += trials[i]->status == Status::failed ? 1 : 0;
  }
  return kept;
}

std::string selection_text(const Selected& selected) {
  std::string text;
  if (selected.without > 0) {
    text += fmt::format(
        " {} {} no sample with a score on validation rows on every seed, and {} left out.",
        selected.without, selected.without == 1 ? "configuration has" : "configurations have",
        selected.without == 1 ? "is" : "are");
  }
  if (selected.diverged + selected.failed > 0) {
    text +=
        fmt::format(" Of {} trials of samples that were not selected {} diverged and {} failed.",
                    selected.dropped, selected.diverged, selected.failed);
  }
  return text;
}

/// Values in the order of their numbers, then of their texts.
struct ValueOrder {
  bool operator()(const Value& a, const Value& b) const {
    if (a.is_number() && b.is_number()) return a.as_number() < b.as_number();
    if (a.is_number() != b.is_number()) return a.is_number();
    return value_text(a) < value_text(b);
  }
};

/// `missing`: how many trials do not have the field `by`, so that no part holds them.
std::vector<StudyPart> split(const Study& study, const Study::Trials& trials, const std::string& by,
                             std::int64_t& missing) {
  std::vector<StudyPart> out;
  if (by.empty()) {
    out.push_back({{}, study.with(trials)});
    return out;
  }
  std::map<Value, Study::Trials, ValueOrder> parts;
  for (const auto& [experiment, list] : trials) {
    for (const TrialResult* trial : list) {
      const auto value = field_of(trial->spec, by);
      missing += value ? 0 : 1;
      if (value) parts[*value][experiment].push_back(trial);
    }
  }
  for (auto& [value, part] : parts) out.push_back({value_text(value), study.with(std::move(part))});
  return out;
}

std::string where_text(const TrialFilter& where) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : where.fields.as_table()) {
    parts.push_back(fmt::format("{} = {}", name, value_text(value)));
  }
  return fmt::format(" Only trials with {}.", fmt::join(parts, " and "));
}

}  // namespace

bool is_about_a_part(const ReadQuestion& question) {
  const CommonQuestionOptions& common = question.common;
  return !common.where.empty() || !common.by.empty() || common.selection_domain != "none";
}

QuestionTrials trials_of(const Study& study, const ReadQuestion& question) {
  const CommonQuestionOptions& common = question.common;
  const bool oracle = common.selection_domain == core::stored_domain(core::MeasuredIn::test);
  const bool selecting = common.selection_domain != "none";
  const std::string validation = core::stored_domain(oracle ? core::MeasuredIn::validation_test
                                                            : core::MeasuredIn::validation);
  QuestionTrials out;
  Selected selected;
  Study::Trials trials;
  for (const std::string& experiment : question.experiments) {
    Trials& own = trials[experiment];
    for (const TrialResult* trial : study.trials(experiment)) {
      if (common.where.matches(trial->spec)) own.push_back(trial);
    }
    if (selecting) own = select(own, study.searched_options(experiment), validation, selected);
  }
  std::int64_t missing = 0;
  out.parts = split(study, trials, common.by, missing);
  if (!common.where.empty()) out.note += where_text(common.where);
  if (selecting) {
    out.note += fmt::format(
        " Hyper-parameters: of each configuration the sample with the best mean score over seeds "
        "on "
        "validation rows of the {} (domain '{}'), of which no score is reported.",
        oracle ? "test domain" : "training domains", validation);
    out.sentence = selection_text(selected);
  }
  if (missing > 0) {
    out.sentence += fmt::format(" {} {} no '{}' and {} left out.", missing,
                                missing == 1 ? "trial has" : "trials have", common.by,
                                missing == 1 ? "is" : "are");
  }
  return out;
}

}  // namespace spurion::analysis
