#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "analysis/pooled_configurations.hpp"
#include "analysis/selection_regret.hpp"
#include "spurion/question.hpp"

namespace spurion::analysis::questions {

namespace {

std::string samples_text(std::int64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "sample" : "samples");
}

/// "The budget of each method is 20 samples.", or which methods had more than others.
std::string budget_text(const std::vector<SelectionRow>& rows) {
  std::map<std::int64_t, std::set<std::string>> budgets;
  for (const SelectionRow& row : rows) budgets[row.settings].insert(row.line.name);
  if (budgets.empty()) return {};
  if (budgets.size() == 1) {
    const std::int64_t count = budgets.begin()->first;
    if (count == 1) return "Each method has one sample, so there is nothing to choose between. ";
    return fmt::format("The budget of each method is {}. ", samples_text(count));
  }
  constexpr std::size_t kMost = 5;
  std::string text = "The budgets differ, and more samples have a better best one:";
  for (const auto& [count, names] : budgets) {
    std::size_t told = 0;
    for (const std::string& name : names) {
      if (told == kMost) break;
      text += fmt::format("{} {}", told++ == 0 ? "" : ",", name);
    }
    if (names.size() > kMost) text += fmt::format(" and {} more", names.size() - kMost);
    text += fmt::format(" {} {};", names.size() == 1 ? "has" : "have", samples_text(count));
  }
  text.back() = '.';
  return text + ' ';
}

std::string regret_text(const SelectionRow& row) {
  if (!row.regret) return {};
  const Estimate& regret = *row.regret;
  if (regret.seeds < 2) {
    return fmt::format("The oracle (leak) is better by {}; one seed cannot show a regret. ",
                       show(regret.value));
  }
  switch (row.test->shown(regret)) {
    case Shown::above:
      return fmt::format("The oracle (leak) is better by {} ({}). ", show(regret),
                         row.test->text());
    case Shown::below:
      return fmt::format("The choice of the oracle (leak) is worse, with a regret of {} ({}). ",
                         show(regret), row.test->text());
    case Shown::no:
      break;
  }
  return fmt::format("A regret against the oracle (leak) is not shown: {} ({}{}). ", show(regret),
                     row.test->text(), row.test->not_shown_text(regret));
}

std::string row_text(const SelectionRow& row) {
  const std::string where =
      row.line.environment.empty() ? std::string() : fmt::format("In {}: ", row.line.environment);
  if (row.ood.count == 0) {
    return fmt::format("{}{} has no sample with a score for {} on every seed. ", where,
                       row.line.name, row.name);
  }
  return fmt::format(
      "{}{} selected by {} has a score of {} out of distribution; the median over samples is {}. "
      "{}",
      where, row.line.name, row.name, show(row.ood), show(row.median), regret_text(row));
}

/// What one way to choose gives over all methods and environments.
struct WaySummary {
  std::string name;
  bool halving = false;
  std::vector<double> ood;
  std::vector<double> medians;
  std::vector<double> regrets;
  std::vector<double> updates;
  std::vector<std::string> shown;  ///< where a regret is shown

  void add(const SelectionRow& row) {
    if (row.ood.count == 0) return;
    ood.push_back(row.ood.value);
    medians.push_back(row.median.value);
    if (!std::isnan(row.updates)) updates.push_back(row.updates);
    if (!row.regret) return;
    regrets.push_back(row.regret->value);
    if (row.test->shown(*row.regret) != Shown::above) return;
    const std::string where =
        row.line.environment.empty() ? std::string() : " in " + row.line.environment;
    shown.push_back(fmt::format("{}{} by {}", row.line.name, where, show(*row.regret)));
  }
  [[nodiscard]] std::string text() const {
    std::string out = fmt::format("Selected by {}, the mean score out of distribution is {}", name,
                                  show(mean(ood)));
    out += halving
               ? fmt::format(" with {} of the updates. ", show(mean(updates), 2))
               : fmt::format("; the mean of the medians over samples is {}. ", show(mean(medians)));
    if (regrets.empty() || halving) return out;
    out += fmt::format("The oracle (leak) is better by {} on average. ", show(mean(regrets)));
    if (shown.empty()) return out + fmt::format("In none of {} is this shown. ", regrets.size());
    constexpr std::size_t kMost = 5;
    const std::vector<std::string> first(
        shown.begin(), shown.begin() + static_cast<std::ptrdiff_t>(std::min(kMost, shown.size())));
    return out + fmt::format("It is shown in {} of {}: {}{}. ", shown.size(), regrets.size(),
                             fmt::join(first, ", "), shown.size() > kMost ? " and others" : "");
  }
};

/// Means over methods and environments, where there are too many to name each.
std::string summary_text(const std::vector<SelectionRow>& rows) {
  std::vector<WaySummary> ways;
  std::set<std::string> methods;
  std::set<std::string> environments;
  for (const SelectionRow& row : rows) {
    if (row.applied.leak || row.applied.early_stopping) continue;
    methods.insert(row.line.name);
    environments.insert(row.line.environment);
    auto way = std::find_if(ways.begin(), ways.end(),
                            [&](const WaySummary& one) { return one.name == row.name; });
    if (way == ways.end()) {
      ways.push_back({row.name, row.halving, {}, {}, {}, {}, {}});
      way = std::prev(ways.end());
    }
    way->add(row);
  }
  std::string text = fmt::format("Over {} methods", methods.size());
  if (environments.size() > 1) text += fmt::format(" in {} environments", environments.size());
  text += ": ";
  for (const WaySummary& way : ways) {
    if (!way.ood.empty()) text += way.text();
  }
  return text + "The table has each of them. ";
}

/// What is chosen at the last update without a leak; the table has the others.
std::string rows_text(const std::vector<SelectionRow>& rows) {
  constexpr std::size_t kMost = 10;
  std::string text;
  std::vector<PairedTest> tests;
  std::size_t told = 0;
  for (const SelectionRow& row : rows) {
    if (row.applied.leak || row.applied.early_stopping || row.halving) continue;
    if (row.regret && row.test) tests.push_back(*row.test);
    if (++told <= kMost) text += row_text(row);
  }
  return (told > kMost ? summary_text(rows) : text) + few_seeds_text(tests);
}

Table selection_table(const ResultsView& view, const std::string& experiment, bool worlds) {
  Table table{
      "selection_" + experiment,
      fmt::format(
          "Hyper-parameter selection in experiment '{}'{}: mean {} with {} over seeds. A selector "
          "chooses the sample with the best mean score over seeds on validation rows, of which no "
          "score is reported. ID, OOD: of the chosen sample. median OOD: of each seed the median "
          "over the samples that are done. selection regret: by how much the sample that the "
          "oracle chooses is better out of distribution, paired by configuration and seed, both "
          "with or both without early stopping. halving: successive halving, replayed on the "
          "measured updates; updates used: its updates as a share of training every sample to the "
          "end. p and sign-flip p: tests that the regret is 0. An oracle is a leak: it reads the "
          "test domain. The glossary (or 'spurion describe TERM') defines each "
          "column.",
          experiment, worlds ? ", for each environment" : "", view.score_text(), kIntervalText),
      {{"method"}}};
  if (worlds) table.columns.push_back({"environment"});
  for (Column& column : std::vector<Column>{{"selected by"},
                                            {"OOD", ColumnKind::estimate},
                                            {"median OOD", ColumnKind::estimate},
                                            {"ID", ColumnKind::estimate},
                                            {"p", ColumnKind::number},
                                            {"sign-flip p", ColumnKind::number},
                                            {"samples", ColumnKind::count},
                                            {"updates used", ColumnKind::number},
                                            {"seeds", ColumnKind::count},
                                            {"trials", ColumnKind::count},
                                            {"diverged", ColumnKind::count},
                                            {"failed", ColumnKind::count},
                                            {"reads"},
                                            {"selection regret", ColumnKind::estimate}}) {
    table.columns.push_back(std::move(column));
  }
  return table;
}

void add_row(const SelectionRow& row, const TrialFates& fates, bool worlds, Table& table) {
  std::vector<Cell> cells = {row.line.name};
  if (worlds) cells.emplace_back(row.line.environment);
  const auto p_value = [&](double PairedTest::*which) {
    if (!row.test) return Cell();
    const double p = (*row.test).*which;
    return Cell(Number{p, Notation::probability, digits_of_p(p, 3)});
  };
  for (Cell& cell : std::vector<Cell>{
           row.name, row.ood, row.median, row.id, p_value(&PairedTest::student),
           p_value(&PairedTest::flips), row.settings,
           std::isnan(row.updates) ? Cell() : Cell(Number{row.updates, Notation::fixed, 2}),
           row.ood.seeds, fates.done, fates.diverged, fates.failed, row.reads,
           row.regret ? Cell(Interval(*row.regret)) : Cell()}) {
    cells.push_back(std::move(cell));
  }
  table.add(std::move(cells));
}

/// Bars of the scores of the samples that each selector chooses, and the median beside them.
Chart selection_chart(const ResultsView& view, const std::string& experiment,
                      const std::vector<SelectionRow>& rows) {
  Chart chart;
  chart.kind = ChartKind::bar;
  chart.name = "selection_scores_" + experiment;
  chart.title = fmt::format("Score out of distribution by selector: experiment '{}'", experiment);
  chart.x_label = "method";
  chart.y_label = view.score_text();
  chart.note =
      fmt::format("Whisker: {} of the mean over seeds. median: over samples, at the last update.",
                  kIntervalText);
  const auto add = [&](const std::string& name, const Estimate& y) {
    if (y.count == 0) return;
    auto same = std::find_if(chart.series.begin(), chart.series.end(),
                             [&](const Series& one) { return one.name == name; });
    if (same == chart.series.end()) {
      chart.series.push_back({name, {}, {}});
      same = std::prev(chart.series.end());
    }
    same->x.push_back(static_cast<double>(chart.categories.size() - 1));
    same->y.push_back(y);
  };
  for (const SelectionRow& row : rows) {
    const std::string& world = row.line.environment;
    const std::string name = world.empty() ? row.line.name : row.line.name + ", " + world;
    if (chart.categories.empty() || chart.categories.back() != name) {
      chart.categories.push_back(name);
      add("median", row.median);
    }
    add(row.name, row.ood);
  }
  return chart;
}

struct SelectionOptions {
  std::vector<std::string> selectors;
};

class SelectionQuestion final : public Question {
 public:
  using Options = SelectionOptions;
  static const Schema<Options>& schema() {
    static const auto built = Schema<Options>()
                                  .field("selectors", &Options::selectors,
                                         "The selectors that are compared; regret needs the oracle "
                                         "among them. Empty: all of "
                                         "`spurion list selectors`.")
                                  .names(FieldUse::selector);
    return built;
  }
  explicit SelectionQuestion(Options options) : options_(std::move(options)) {}
  [[nodiscard]] Answer answer(const Study& study, const std::string& experiment) const override {
    const ResultsView view(study, experiment);
    const bool worlds = view.environments().size() > 1;
    const SelectionRows chosen = selection_rows(study, experiment, view, options_.selectors);
    const std::vector<SelectionRow>& rows = chosen.rows;
    Answer answer;
    answer.sentence = budget_text(rows) + rows_text(rows);
    if (answer.sentence.empty()) answer.sentence = "No trial of this experiment is finished. ";
    const std::vector<ResultsView::Line> lines = view.lines_by_environment("erm");
    answer.sentence += pooled_text(view, lines) + view.fates_text(lines);
    if (!chosen.edges.empty()) {
      while (answer.sentence.back() == ' ') answer.sentence.pop_back();
      answer.sentence += chosen.edges;
    }
    Table table = selection_table(view, experiment, worlds);
    for (const SelectionRow& row : rows) add_row(row, view.fates(row.line), worlds, table);
    answer.tables.push_back(std::move(table));
    Chart chart = selection_chart(view, experiment, rows);
    constexpr std::size_t kMostBars = 60;  // more groups of bars than these nobody reads
    if (!chart.series.empty() && chart.categories.size() <= kMostBars) {
      answer.charts.push_back(std::move(chart));
    }
    return answer;
  }

 private:
  Options options_;
};

}  // namespace

void register_selection(QuestionKinds& kinds);
void register_selection(QuestionKinds& kinds) {
  kinds.add<SelectionQuestion>(
      "selection",
      "What does choosing hyper-parameters without test data cost, and what does a method give at "
      "its median sample?",
      "Gulrajani & Lopez-Paz 2021, arXiv:2007.01434");
}

}  // namespace spurion::analysis::questions
