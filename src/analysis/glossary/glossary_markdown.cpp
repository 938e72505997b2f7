#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "core/measurement_names.hpp"
#include "spurion/analysis/glossary.hpp"

namespace spurion::analysis {

namespace {

constexpr const char* kHead =
    R"md(<!-- Generated from src/analysis/glossary. Write it anew: SPURION_WRITE_GOLDEN=1 build/unit_report -->
# Words and numbers of spurion

Every term, column and verdict of a report has one definition here. `spurion describe TERM` prints
one of them, `spurion list terms` all, and each report has those that it uses.

## Start here

spurion trains models on data with a **cue**: a feature that correlates with the label in training
but not in the test domain. Three numbers say what a model does with it:

- **gap**: the score on data like the training data minus the score on shifted data. A gap of 0
  means that the shift costs nothing.
- **ceiling**: the best score that a kind of predictor can have. The **invariant** ceiling is the
  best without the cue: what a model that is not confused can reach.
- **flip rate**: the share of predictions that change when only the cue is changed. 0 means that the
  model does not use the cue.

A program includes `<spurion/spurion.hpp>`. Each header of this folder is one noun; `environment.hpp`,
`method.hpp`, `model.hpp`, `regime.hpp` and `metric.hpp` are what plug-ins implement, `suite.hpp` and
`run.hpp` run a suite, `store.hpp` reads its results, `analysis/` and `report.hpp` answer questions.
[CHANGELOG.md](CHANGELOG.md) says what changed.
)md";

/// "|" separates cells.
std::string markdown_cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string markdown_link(const Term& term) {
  return fmt::format("[{}](#{})", markdown_cell(term.name), term_anchor(term));
}

std::string see_also(const Term& term) {
  std::string out;
  for (const std::string_view name : term.see) {
    const Term* other = find_term(name);
    if (other != nullptr) out += (out.empty() ? " See " : ", ") + markdown_link(*other);
  }
  return out.empty() ? out : out + ".";
}

std::string markdown_row(const Term& term) {
  return fmt::format("| <a id=\"{}\"></a>{} | {}{} | {} | {} |\n", term_anchor(term),
                     markdown_cell(term.name), markdown_cell(term.meaning), see_also(term),
                     markdown_cell(term.unit), markdown_cell(term.range));
}

std::string metric_row(const MetricInfo& metric) {
  return fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", metric.name,
                     markdown_cell(metric.meaning), markdown_cell(metric.unit),
                     markdown_cell(metric.range_text()), better_name(metric.better),
                     markdown_cell(metric.writer));
}

/// What spurion itself stores, then what only registered metrics know.
std::string metrics_table(const std::vector<MetricInfo>& columns) {
  std::string out =
      "\n## Stored numbers\n\nThe metrics of `csv/measurements.csv` and, as `DOMAIN.NAME`, of "
      "`csv/results.csv`. `*` stands for the name of a cue, group or probe.\n\n"
      "| name | meaning | unit | range | better | written by |\n|---|---|---|---|---|---|\n";
  for (const MetricInfo& metric : core::own_metrics()) out += metric_row(metric);
  for (const MetricInfo& metric : columns) {
    if (core::own_metric(metric.name) == nullptr) out += metric_row(metric);
  }
  return out;
}

}  // namespace

std::string glossary_markdown(const std::vector<MetricInfo>& columns) {
  std::string out = kHead;
  constexpr std::pair<TermKind, const char*> kSections[] = {{TermKind::idea, "Terms"},
                                                            {TermKind::column, "Columns"},
                                                            {TermKind::verdict, "Verdicts"},
                                                            {TermKind::status, "Ends of a trial"}};
  for (const auto& [kind, title] : kSections) {
    out += fmt::format("\n## {}\n\n| term | meaning | unit | range |\n|---|---|---|---|\n", title);
    for (const Term& term : glossary()) {
      if (term.kind == kind) out += markdown_row(term);
    }
  }
  return out + metrics_table(columns);
}

}  // namespace spurion::analysis
