#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "analysis/questions.hpp"
#include "analysis/results_view.hpp"
#include "analysis/seed_cells.hpp"
#include "harness/method_access.hpp"

namespace spurion::analysis {

namespace {

using Line = ResultsView::Line;

/// The numbers of one line that `of_trial` finds.
template <class OfTrial>
SeedCells collect(const ResultsView& view, const Line& line, OfTrial of_trial) {
  SeedCells cells;
  for (const auto& row : view.rows()) {
    if (!line.holds(row)) continue;
    const std::optional<double> value = of_trial(*row.trial);
    if (value) cells.add(row.setting, row.trial->spec.seed, *value);
  }
  return cells;
}

SeedCells collect(const ResultsView& view, const Line& line, const std::string& domain,
                  const std::string& metric) {
  return collect(view, line,
                 [&](const TrialResult& trial) { return number(trial, domain, metric); });
}

/// What the methods of a line were allowed to see.
Cell access_of(const StoredResults& results, const ResultsView& view, const Line& line) {
  std::set<std::string> texts;
  for (const auto& row : view.rows()) {
    if (!line.holds(row)) continue;
    const Component& method = row.trial->spec.method;
    auto found = results.context.find(method_access_key(method));
    if (found == results.context.end()) found = results.context.find("access." + method.name);
    if (found != results.context.end()) texts.insert(found->second);
  }
  return texts.empty() ? Cell() : fmt::format("{}", fmt::join(texts, " or "));
}

/// What the lines of a regime are compared with: the method named as the baseline, or the first of
/// its variants.
const Line* baseline_of(const std::vector<Line>& lines, const Line& line,
                        const std::string& baseline) {
  const Line* variant = nullptr;
  for (const Line& other : lines) {
    if (other.regime != line.regime) continue;
    if (other.method == baseline) return &other;
    if (variant == nullptr && other.method.rfind(baseline + " (", 0) == 0) variant = &other;
  }
  return variant;
}

/// Out of distribution, a line minus its baseline.
struct Difference {
  std::size_t row;  ///< of the table
  std::string line;
  std::string baseline;
  Estimate estimate;
  double p = 1.0;
};

}  // namespace

Answer compare_methods(const Study& study, const Question& question) {
  const ResultsView view(study, question.experiment);
  const std::string baseline = text_option(question, "baseline", "erm");
  Answer answer;
  Table table{
      "methods_" + question.experiment,
      fmt::format("Methods in experiment '{}': mean {} with {} over seeds, other settings averaged "
                  "within a seed. OOD - {}: paired on settings and seeds, under one regime; p: "
                  "sign-flip permutation test over seeds (n seeds cannot give less than 2^(1-n)), "
                  "Holm-corrected. Flip rate: share of predictions that change when only the cue "
                  "does, of several cues the one with most. c: confusion index, 0 invariant, 1 cue "
                  "only; of the settings in whose test domain to follow the cue costs something, - "
                  "where there is none.{}",
                  question.experiment, view.score_text(), kIntervalText, baseline, view.note()),
      {{"method"},
       {"ID", ColumnKind::estimate},
       {"OOD", ColumnKind::estimate},
       {"OOD IQM", ColumnKind::number},
       {"gap", ColumnKind::estimate},
       {"worst group", ColumnKind::estimate},
       {"flip rate", ColumnKind::estimate},
       {"c", ColumnKind::estimate, "confusion_index"},
       {"OOD - " + baseline, ColumnKind::estimate, "ood_difference"},
       {"p", ColumnKind::number},
       {"trials", ColumnKind::count},
       {"diverged", ColumnKind::count},
       {"may see"}}};
  const std::vector<Line> lines = view.lines(baseline);
  const bool accuracy = view.score() == "accuracy";
  const Range difference_range = accuracy ? kDifference : Range{};
  std::vector<Difference> differences;
  for (const Line& line : lines) {
    const SeedCells ood = collect(view, line, "test", view.score());
    const auto key = [&](const char* what) {
      return fmt::format("{} {} {}", question.experiment, line.name, what);
    };
    const auto estimated = [&](const SeedCells& cells, const std::string& metric,
                               const char* what) {
      return cells.estimate(key(what), range_of(metric));
    };
    const auto measured = [&](const char* domain, const std::string& metric, const char* what) {
      return estimated(collect(view, line, domain, metric), metric, what);
    };
    const SeedCells gaps = collect(view, line, "test", "gap");
    Cell difference;
    const Line* other = baseline_of(lines, line, baseline);
    if (other != nullptr && other->method != line.method) {
      const SeedCells paired = ood.minus(collect(view, *other, "test", view.score()));
      // Trials of other settings and seeds say nothing about the difference.
      if (!paired.empty()) {
        differences.push_back({table.rows.size(), line.name, other->name,
                               paired.estimate(key("difference"), difference_range),
                               sign_flip_p(paired.seed_means(), key("p"))});
        difference = differences.back().estimate;
      }
    }
    const SeedCells flips =
        collect(view, line, [](const TrialResult& trial) { return worst_flip_rate(trial); });
    table.add({line.name, measured("id", view.score(), "id"), estimated(ood, view.score(), "ood"),
               ood.empty() ? Cell() : Number{interquartile_mean(ood.values()), Notation::fixed, 3},
               gaps.estimate(key("gap"), difference_range),
               measured("test", "worst_group_accuracy", "worst"),
               estimated(flips, "flip_rate", "flip"),
               measured("test", "confusion_index", "confusion"), difference, Missing(),
               static_cast<std::int64_t>(ood.values().size()),
               view.diverged(line.method, line.regime), access_of(study.results(), view, line)});
  }
  std::vector<double> p_values;
  for (const Difference& one : differences) p_values.push_back(one.p);
  const auto adjusted = holm(p_values);
  for (std::size_t i = 0; i < differences.size(); ++i) {
    const Difference& one = differences[i];
    const Estimate& d = one.estimate;
    table.set(one.row, "p", Number{adjusted[i], Notation::fixed, 3});
    const bool several = d.seeds > 1;
    const bool better = several && (accuracy ? d.low > 0 : d.high < 0);
    const bool worse = several && (accuracy ? d.high < 0 : d.low > 0);
    answer.sentence += fmt::format("{} {} {} out of distribution by {} ({}). ", one.line,
                                   better ? "beats" : (worse ? "does worse than" : "differs from"),
                                   one.baseline, show(d), show_p(adjusted[i]));
  }
  if (answer.sentence.empty() && !table.rows.empty()) {
    answer.sentence = fmt::format("{}: {} in distribution, {} out of distribution.",
                                  text_of(table.cell(0, "method")), text_of(table.cell(0, "ID")),
                                  text_of(table.cell(0, "OOD")));
  }
  if (answer.sentence.empty()) answer.sentence = "No trial of this experiment has finished.";
  answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace spurion::analysis
