#include "analysis/question_trials.hpp"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "analysis/search_edges.hpp"
#include "analysis/selection.hpp"
#include "spurion/analysis/trial_fields.hpp"

namespace spurion::analysis {

namespace {

/// How a selection went.
struct Selected {
  std::int64_t dropped = 0;   ///< trials of samples that were not chosen
  std::int64_t diverged = 0;  ///< of these
  std::int64_t failed = 0;
  std::int64_t without = 0;  ///< configurations that have no score to choose by
  std::int64_t kept = 0;     ///< trials
  std::int64_t stopped = 0;  ///< of these before their end
  std::string edges = {};    ///< where a choice lies at the edge of the search, in sentences
  std::map<const TrialResult*, std::int64_t> samples = {};  ///< `AppliedSelection::samples`
};

/// Which options of trials are hyper-parameters, and for the values of which one choice is made.
struct TunedOptions {
  const std::set<std::string>& searched;
  std::set<std::string> scales = {};  ///< empty: each configuration has a choice of its own
};

/// The trials of the chosen samples in their order; those that are stopped early are added to
/// `stopped`.
std::vector<const TrialResult*> select(const std::vector<const TrialResult*>& trials,
                                       const TunedOptions& options, Chooser& chooser,
                                       Study::Stopped& stopped, Selected& selected) {
  const std::set<std::string>& searched = options.searched;
  std::set<std::string> apart = searched;
  apart.insert(options.scales.begin(), options.scales.end());
  SearchEdges edges(searched);
  const ConfigurationNames names(trials, apart);
  std::map<const TrialResult*, const TrialResult*> kept;  // and what stands for it
  for (const auto& group : search_groups(trials, apart)) {
    const Choice choice = chooser.choose(group, options.scales);
    selected.without += choice.sample ? 0 : 1;
    if (choice.sample) {
      edges.add(group, *choice.sample, names.of(*group.front()));
    }
    const std::int64_t samples = count_samples(group, searched);
    for (const TrialAt& one : choice.trials) {
      if (choice.sample != one.trial->spec.config_index) continue;
      if (one.stopped) stopped.push_back(stopped_at(*one.trial, *one.stopped));
      const TrialResult* as_kept = one.stopped ? &stopped.back() : one.trial;
      kept[one.trial] = as_kept;
      selected.samples[as_kept] = samples;
      ++selected.kept;
      selected.stopped += one.stopped ? 1 : 0;
    }
  }
  selected.edges += edges.text();
  std::vector<const TrialResult*> out;
  for (const TrialResult* trial : trials) {
    if (const auto found = kept.find(trial); found != kept.end()) {
      out.push_back(found->second);
      continue;
    }
    ++selected.dropped;
    selected.diverged += trial->status == Status::diverged ? 1 : 0;
    selected.failed += trial->status == Status::failed ? 1 : 0;
  }
  return out;
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
  return text + selected.edges;
}

/// Sentences for captions: which trials a selection keeps, and at which update.
std::string rule_text(const AppliedSelection& applied, const Selector& selector,
                      const Selected& selected) {
  std::string text = fmt::format(
      " Hyper-parameters: {}, chosen by the selector {} on {}, of which no score is reported.",
      applied.one_for_all_scales
          ? "one sample for all scales, that with the best mean score over scales and seeds"
          : "of each configuration the sample with the best mean score over seeds",
      applied.selector, selector_access_text(selector.access()));
  if (applied.early_stopping) {
    text += fmt::format(
        " Early stopping: each trial is as it was at its best measured update ({} of {} trials "
        "before the last); numbers that are measured only at the end are missing there.",
        selected.stopped, selected.kept);
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
  return !common.where.empty() || !common.by.empty() || common.selector != "none";
}

QuestionTrials trials_of(const Study& study, const ReadQuestion& question) {
  const CommonQuestionOptions& common = question.common;
  QuestionTrials out;
  std::unique_ptr<Selector> selector;
  std::optional<Chooser> chooser;
  if (common.selector != "none") {
    selector = study.selectors().at(common.selector).make({Value()});
    out.selection = {common.selector, common.early_stopping, selector->leaks(),
                     !common.tune_per_scale};
    chooser.emplace(SelectionRule{selector.get(), common.early_stopping});
  }
  const auto stopped = std::make_shared<Study::Stopped>();
  Selected selected;
  Study::Trials trials;
  for (const std::string& experiment : question.experiments) {
    std::vector<const TrialResult*>& own = trials[experiment];
    for (const TrialResult* trial : study.trials(experiment)) {
      if (common.where.matches(trial->spec)) own.push_back(trial);
    }
    if (!chooser) continue;
    chooser->set_held_out(study.held_out_trials(experiment));
    TunedOptions options{study.searched_options(experiment)};
    if (!common.tune_per_scale) options.scales = question.axes;
    own = select(own, options, *chooser, *stopped, selected);
  }
  if (chooser) {
    out.selection.samples =
        std::make_shared<const std::map<const TrialResult*, std::int64_t>>(selected.samples);
  }
  const Study chosen = study.selected({}, out.selection, stopped);
  std::int64_t missing = 0;
  out.parts = split(chosen, trials, common.by, missing);
  if (!common.where.empty()) out.note += where_text(common.where);
  if (selector != nullptr) {
    out.note += rule_text(out.selection, *selector, selected);
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
