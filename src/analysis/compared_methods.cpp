#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>

#include "analysis/comparison.hpp"
#include "analysis/controls.hpp"
#include "analysis/question_trials.hpp"
#include "core/counted.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/study.hpp"
#include "spurion/error.hpp"
#include "spurion/suite.hpp"

namespace spurion::analysis {

namespace {

/// The one method that a name means: itself, or the only variant of that name.
std::string method_called(const std::string& name, const std::set<std::string>& methods) {
  if (methods.count(name) != 0) return name;
  std::vector<std::string> variants;
  for (const std::string& method : methods) {
    if (method.rfind(name + " (", 0) == 0) variants.push_back(method);
  }
  if (variants.size() == 1) return variants.front();
  if (variants.empty()) {
    throw UsageError(
        unknown_name_message("method of the results", name, {methods.begin(), methods.end()}));
  }
  throw UsageError(fmt::format("'{}' has several variants in the results: name one of '{}'", name,
                               fmt::join(variants, "', '")));
}

std::vector<ComparedTrial> trials_of_line(const ResultsView& view, const ResultsView::Line& line) {
  std::vector<ComparedTrial> trials;
  for (const ResultsView::Row& row : view.rows(line)) {
    trials.push_back({row.trial, row.configuration});
  }
  return trials;
}

/// The selector of an experiment.
std::string selector_of(const Suite& suite, const Experiment& experiment,
                        const ComparedSelection& selection) {
  if (experiment.configurations == 0) return "none";
  if (selection.selector) return *selection.selector;
  for (const AskedQuestion& asked : suite.questions) {
    if (asked.experiment != experiment.name) continue;
    const Value* named = asked.options.is_table() ? asked.options.find("selector") : nullptr;
    if (named != nullptr && named->is_string()) return named->as_string();
  }
  return "none";
}

/// The trials of an experiment that are compared.
QuestionTrials chosen_trials(const Study& study, const Experiment& experiment,
                             const ComparedSelection& selection) {
  ReadQuestion read;
  read.common.experiment = experiment.name;
  read.common.selector = selector_of(study.suite(), experiment, selection);
  read.common.early_stopping = selection.early_stopping && read.common.selector != "none";
  read.experiments = {experiment.name};
  QuestionTrials chosen = trials_of(study, read);
  if (chosen.selection.active() && !study.trials(experiment.name).empty() &&
      chosen.parts.front().study.trials(experiment.name).empty()) {
    throw UsageError(fmt::format(
        "in experiment '{}' the selector {} has no score for any sample; --selector none compares "
        "the means over all samples",
        experiment.name, read.common.selector));
  }
  return chosen;
}

/// One experiment, and what is left of it.
struct ComparedExperiment {
  std::string name;
  Study study;
  ResultsView view;
};

/// A method with more samples to choose from has an advantage that is not its own.
void refuse_unequal(const ComparedExperiment& experiment, const ResultsView::Line& first,
                    const ResultsView::Line& second) {
  const AppliedSelection& selection = experiment.study.selection();
  if (!selection.active()) return;
  const std::int64_t own = samples_of(experiment.study, experiment.view, first);
  const std::int64_t other = samples_of(experiment.study, experiment.view, second);
  if (own == other) return;
  throw UsageError(fmt::format(
      "in experiment '{}' the selector {} had {} of {} to choose from and {} of {}, so the "
      "budgets are unequal; --selector none compares the means over all samples",
      experiment.name, selection.selector, core::counted(own, "sample"), first.method,
      core::counted(other, "sample"), second.method));
}

/// The placebos of the place where a line is.
std::vector<ComparedControl> placebos_beside(const ComparedExperiment& experiment,
                                             const std::vector<ResultsView::Line>& lines,
                                             const ResultsView::Line& line) {
  std::vector<ComparedControl> placebos;
  for (const ResultsView::Line& other : lines) {
    const bool beside = other.regime == line.regime && other.environment == line.environment;
    if (!beside || control_of(experiment.study, experiment.view, other) != Control::placebo) {
      continue;
    }
    placebos.push_back({other.method, trials_of_line(experiment.view, other)});
  }
  return placebos;
}

/// Adds the places of an experiment where both methods are; whether there is any.
bool add_groups(const ComparedExperiment& experiment, bool several, Comparison& comparison) {
  const ResultsView& view = experiment.view;
  const std::vector<ResultsView::Line> lines = view.lines_by_environment(comparison.second);
  const bool regimes = view.regimes().size() > 1;
  bool any = false;
  for (const ResultsView::Line& line : lines) {
    if (line.method != comparison.first) continue;
    for (const ResultsView::Line& other : lines) {
      const bool together = other.method == comparison.second && other.regime == line.regime &&
                            other.environment == line.environment;
      if (!together) continue;
      refuse_unequal(experiment, line, other);
      const std::vector<std::string> worlds = view.environments();
      std::string under = several ? "experiment " + experiment.name : std::string();
      if (regimes) under += (under.empty() ? "" : ", ") + line.regime;
      comparison.groups.push_back({line.environment.empty() ? worlds.front() : line.environment,
                                   under, trials_of_line(view, line), trials_of_line(view, other),
                                   placebos_beside(experiment, lines, line)});
      any = true;
    }
  }
  return any;
}

}  // namespace

Comparison compared_methods(const StoredResults& results, const std::string& first,
                            const std::string& second, const ComparedSelection& selection) {
  const Study study(results, selection.selectors);
  std::vector<ComparedExperiment> experiments;
  std::vector<QuestionTrials> trials;
  std::set<std::string> methods;  // as reports name their variants
  std::set<std::string> names;
  for (const Experiment& experiment : study.suite().experiments) {
    trials.push_back(chosen_trials(study, experiment, selection));
    const Study& chosen = trials.back().parts.front().study;
    experiments.push_back({experiment.name, chosen,
                           ResultsView(chosen, experiment.name, {}, ResultsView::Tasks::both)});
    for (const std::string& method : experiments.back().view.methods()) methods.insert(method);
    for (const ResultsView::Row& row : experiments.back().view.rows()) {
      names.insert(row.trial->spec.method.name);
    }
  }
  Comparison comparison;
  comparison.first = method_called(first, methods);
  comparison.second = method_called(second, methods);
  if (comparison.first == comparison.second) {
    throw UsageError(fmt::format("'{}' is compared with itself", comparison.first));
  }
  std::set<std::string> notes;
  std::set<std::string> choices;
  for (std::size_t i = 0; i < experiments.size(); ++i) {
    if (!add_groups(experiments[i], experiments.size() > 1, comparison)) continue;
    notes.insert(experiments[i].view.note(false, comparison.second) + trials[i].note);
    comparison.sentence += trials[i].sentence.empty() ? "" : trials[i].sentence.substr(1) + " ";
    comparison.studies.push_back(experiments[i].study);
    if (study.searched_options(experiments[i].name).empty()) continue;
    const AppliedSelection& applied = trials[i].selection;
    choices.insert(applied.active()
                       ? fmt::format("Hyper-parameters are selected by {}. ", applied.text())
                       : "Scores are means over all samples of hyper-parameters. ");
  }
  for (const std::string& note : notes) comparison.note += note;
  for (const std::string& choice : choices) comparison.sentence += choice;
  comparison.sentence += missing_controls_text(study.controls(), names, "these results");
  if (study.suite().stopping.when_decided) {
    comparison.sentence +=
        "The run looked at its results to decide when to stop. These p values are not adjusted for "
        "that; the report holds them against the levels of its looks. ";
  }
  return comparison;
}

}  // namespace spurion::analysis
