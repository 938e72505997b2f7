#include "analysis/controls.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "analysis/selection.hpp"

namespace spurion::analysis {

Control control_of(const Study& study, const std::string& method) {
  const auto found = study.controls().find(method);
  if (found == study.controls().end()) return Control::none;
  for (const Control control : {Control::placebo, Control::oracle}) {
    if (found->second == control_name(control)) return control;
  }
  return Control::none;
}

Control control_of(const Study& study, const ResultsView& view, const ResultsView::Line& line) {
  for (const ResultsView::Row& row : view.rows(line)) {
    return control_of(study, row.trial->spec.method.name);
  }
  return Control::none;
}

std::int64_t samples_of(const Study& study, const ResultsView& view,
                        const ResultsView::Line& line) {
  const auto& samples = study.selection().samples;
  std::int64_t most = 0;
  std::vector<const TrialResult*> trials;
  for (const ResultsView::Row& row : view.rows(line)) {
    trials.push_back(row.trial);
    if (samples == nullptr) continue;
    const auto found = samples->find(row.trial);
    if (found != samples->end()) most = std::max(most, found->second);
  }
  if (samples != nullptr || trials.empty()) return most;
  return count_samples(trials, study.searched_options(trials.front()->spec.experiment));
}

std::string missing_controls(const std::map<std::string, std::string>& controls,
                             const std::set<std::string>& methods) {
  if (controls.empty()) return {};
  std::vector<std::string> missing;
  for (const Control control : {Control::placebo, Control::oracle}) {
    std::vector<std::string> names;
    bool present = false;
    for (const auto& [name, what] : controls) {
      if (what != control_name(control)) continue;
      names.push_back(name);
      present = present || methods.count(name) != 0;
    }
    if (present || names.empty()) continue;
    missing.push_back(
        fmt::format("{} ({})", fmt::join(names, " or "),
                    control == Control::placebo
                        ? "does a penalty gain by what the labels say, or by its form alone?"
                        : "how far could a method come?"));
  }
  return fmt::format("{}", fmt::join(missing, " and no "));
}

std::string missing_controls_text(const std::map<std::string, std::string>& controls,
                                  const std::set<std::string>& methods,
                                  const std::string& subject) {
  const std::string missing = missing_controls(controls, methods);
  return missing.empty() ? missing : fmt::format("In {} there is no {}. ", subject, missing);
}

}  // namespace spurion::analysis
