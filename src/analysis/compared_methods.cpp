#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "analysis/comparison.hpp"
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

}  // namespace

Comparison compared_methods(const StoredResults& results, const std::string& first,
                            const std::string& second) {
  const Study study(results);
  std::vector<std::pair<std::string, ResultsView>> views;
  std::set<std::string> methods;
  for (const Experiment& experiment : study.suite().experiments) {
    views.emplace_back(experiment.name,
                       ResultsView(study, experiment.name, {}, ResultsView::Tasks::both));
    for (const std::string& method : views.back().second.methods()) methods.insert(method);
  }
  Comparison comparison;
  comparison.first = method_called(first, methods);
  comparison.second = method_called(second, methods);
  if (comparison.first == comparison.second) {
    throw UsageError(fmt::format("'{}' is compared with itself", comparison.first));
  }
  std::set<std::string> notes;
  for (const auto& [experiment, view] : views) {
    const std::vector<ResultsView::Line> lines = view.lines_by_environment(comparison.second);
    const bool regimes = view.regimes().size() > 1;
    for (const ResultsView::Line& line : lines) {
      if (line.method != comparison.first) continue;
      for (const ResultsView::Line& other : lines) {
        const bool together = other.method == comparison.second && other.regime == line.regime &&
                              other.environment == line.environment;
        if (!together) continue;
        const std::vector<std::string> worlds = view.environments();
        std::string under = views.size() > 1 ? "experiment " + experiment : std::string();
        if (regimes) under += (under.empty() ? "" : ", ") + line.regime;
        comparison.groups.push_back({line.environment.empty() ? worlds.front() : line.environment,
                                     under, trials_of_line(view, line),
                                     trials_of_line(view, other)});
        notes.insert(view.note(false, comparison.second));
      }
    }
  }
  for (const std::string& note : notes) comparison.note += note;
  return comparison;
}

}  // namespace spurion::analysis
