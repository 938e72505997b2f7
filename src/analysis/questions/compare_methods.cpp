#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "analysis/by_layout.hpp"
#include "analysis/contrasts.hpp"
#include "analysis/method_charts.hpp"
#include "analysis/method_lines.hpp"
#include "analysis/paired_test.hpp"
#include "analysis/pooled_configurations.hpp"
#include "core/measurement_names.hpp"
#include "spurion/analysis/learning.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/seed_cells.hpp"
#include "spurion/question.hpp"

namespace spurion::analysis::questions {

namespace {

using Line = ResultsView::Line;

/// How few rows a worst group of a line was counted in; missing where that is not known.
Cell worst_group_rows(const ResultsView& view, const Line& line) {
  std::optional<double> fewest;
  NumberFinder rows_of(core::stored_domain(core::MeasuredIn::test),
                       core::stored_name(core::MetricId::worst_group_rows));
  for (const ResultsView::Row& row : view.rows(line)) {
    const auto rows = rows_of(*row.trial);
    if (rows) fewest = std::min(fewest.value_or(*rows), *rows);
  }
  return fewest ? Cell(static_cast<std::int64_t>(*fewest)) : Cell();
}

/// What is known of a line, beside its row of the table.
struct LineNumbers {
  Line line;
  Estimate id;
  Estimate ood;
  Learned learned = Learned::unknown;
  double ceiling = 0.0;  ///< the invariant one in distribution, on average
};

LineNumbers numbers_of(const ResultsView& view, const Line& line, const std::string& key) {
  const Range range = range_of(view.score());
  LineNumbers numbers;
  numbers.line = line;
  numbers.id =
      view.numbers(line, core::stored_domain(core::MeasuredIn::in_distribution), view.score())
          .estimate(key + " id", range);
  numbers.ood = view.numbers(line, core::stored_domain(core::MeasuredIn::test), view.score())
                    .estimate(key + " ood", range);
  numbers.learned = learned(view.learning(line).estimate(key + " learned"));
  numbers.ceiling = mean(view.numbers(line, core::stored_domain(core::MeasuredIn::in_distribution),
                                      core::stored_name(core::MetricId::ceiling_invariant))
                             .values());
  return numbers;
}

/// What a row of the table tells beside. Numbers of many trials are held one at a time.
struct FurtherNumbers {
  Estimate gap;
  Estimate worst_group;
  Estimate flip_rate;
  Estimate confusion_index;
};

FurtherNumbers further_numbers(const ResultsView& view, const Line& line, const std::string& start,
                               const Range& difference_range) {
  const auto measured = [&](core::MetricId id, const char* what, const Range& range) {
    return view.numbers(line, core::stored_domain(core::MeasuredIn::test), core::stored_name(id))
        .estimate(start + what, range);
  };
  const auto range = [](core::MetricId id) { return range_of(core::stored_name(id)); };
  FurtherNumbers numbers;
  numbers.gap = measured(core::MetricId::gap, "gap", difference_range);
  numbers.worst_group = measured(core::MetricId::worst_group_accuracy, "worst",
                                 range(core::MetricId::worst_group_accuracy));
  numbers.flip_rate = view.flips(line).estimate(start + "flip", range(core::MetricId::flip_rate));
  numbers.confusion_index = measured(core::MetricId::confusion_index, "confusion",
                                     range(core::MetricId::confusion_index));
  return numbers;
}

/// Out of distribution, a line minus its baseline.
struct Difference {
  std::size_t line;  ///< of the table, and of the lines
  std::size_t baseline;
  Estimate estimate;
};

/// "erm did not learn: 0.501 [0.498, 0.504] in distribution; the invariant ceiling is 0.750. "
std::string not_learned_text(const LineNumbers& one, const std::string& where) {
  return fmt::format("{}{} did not learn: {} in distribution; the invariant ceiling is {}. ", where,
                     one.line.name, show(one.id), show(one.ceiling));
}

struct Compared {
  const Estimate& difference;
  const PairedTest& test;
};

/// What a comparison comes to: first what makes it doubtful, then the verdict with its numbers. A
/// difference is said to be one only where both tests allow it, and no merit of a method that did
/// not learn.
std::string compared_text(const LineNumbers& one, const LineNumbers& other,
                          const Compared& compared, bool accuracy, const std::string& where) {
  const Estimate& d = compared.difference;
  const PairedTest& test = compared.test;
  if (one.learned == Learned::no) {
    return fmt::format("{}So the out-of-distribution difference of {} ({}) from {} is no success. ",
                       not_learned_text(one, where), one.line.name, show(d), other.line.name);
  }
  if (d.seeds < 2) {
    return fmt::format(
        "{}{} and {} differ by {} out of distribution; one seed cannot show a difference. ", where,
        one.line.name, other.line.name, show(d.value));
  }
  const Shown shown = test.shown(d);
  if (shown == Shown::no) {
    return fmt::format(
        "{}No difference between {} and {} is shown out of distribution: {} ({}{}). ", where,
        one.line.name, other.line.name, show(d), test.text(), test.not_shown_text(d));
  }
  const bool better = (shown == Shown::above) == accuracy;
  const std::string doubt =
      better && one.learned == Learned::unsure
          ? fmt::format("It is not shown that {} learned in distribution. ", one.line.name)
          : std::string();
  return fmt::format("{}{}{} {} {}{} out of distribution by {} ({}). ", where, doubt, one.line.name,
                     better ? "beats" : "does worse than", other.line.name,
                     other.learned == Learned::no ? ", which did not learn," : "", show(d),
                     test.text());
}

/// All comparisons of an answer; the tests belong to the differences.
struct Comparisons {
  const std::vector<LineNumbers>& numbers;
  const std::vector<Difference>& differences;
  const std::vector<PairedTest>& tests;

  /// What they come to, and of each baseline once that it did not learn; then what limits the
  /// tests.
  [[nodiscard]] std::string text(bool accuracy, bool worlds) const {
    std::string out;
    std::set<std::size_t> told;
    for (std::size_t i = 0; i < differences.size(); ++i) {
      const Difference& one = differences[i];
      const LineNumbers& base = numbers.at(one.baseline);
      const std::string where =
          worlds ? fmt::format("In {}: ", base.line.environment) : std::string();
      if (base.learned == Learned::no && told.insert(one.baseline).second) {
        out += not_learned_text(base, where);
      }
      out += compared_text(numbers.at(one.line), base, {one.estimate, tests[i]}, accuracy, where);
    }
    return out + few_seeds_text(tests);
  }
};

/// Where there is nothing to compare with: what each line scores.
std::string alone_text(const std::vector<LineNumbers>& numbers, bool worlds) {
  constexpr std::size_t kMost = 10;
  std::string text;
  std::size_t told = 0;
  for (const LineNumbers& one : numbers) {
    if (one.ood.count == 0) continue;
    if (told++ == kMost) return text + "The table shows the others. ";
    const std::string where = worlds ? fmt::format("In {}: ", one.line.environment) : std::string();
    text += one.learned == Learned::no
                ? not_learned_text(one, where)
                : fmt::format("{}{}: {} in distribution, {} out of distribution. ", where,
                              one.line.name, show(one.id), show(one.ood));
  }
  return text;
}

Table make_table(const ResultsView& view, const std::string& experiment,
                 const std::string& baseline, bool worlds) {
  Table table{
      "methods_" + experiment,
      fmt::format(
          "Methods in experiment '{}'{}: mean {} with {} over seeds. Other options are averaged "
          "for each seed. OOD difference: OOD minus that of {}, paired by configuration and seed, "
          "under the same regime. confusion index: averaged over configurations where relying on "
          "the cue lowers the test score; '-' if none. learned: {}, in distribution; '-' if the "
          "ceiling is not known. The glossary (or 'spurion describe TERM') defines each column.{}",
          experiment, worlds ? ", for each environment" : "", view.score_text(), kIntervalText,
          baseline, kLearnedText, view.note(false, baseline)),
      {{"method"}}};
  if (worlds) table.columns.push_back({"environment"});
  for (Column& column : std::vector<Column>{{"ID", ColumnKind::estimate},
                                            {"OOD", ColumnKind::estimate},
                                            {"OOD IQM", ColumnKind::number},
                                            {"gap", ColumnKind::estimate},
                                            {"learned"},
                                            {"worst group", ColumnKind::estimate},
                                            {"group rows", ColumnKind::count},
                                            {"flip rate", ColumnKind::estimate},
                                            {"confusion index", ColumnKind::estimate},
                                            {"OOD difference", ColumnKind::estimate},
                                            {"p", ColumnKind::number},
                                            {"sign-flip p", ColumnKind::number},
                                            {"seeds", ColumnKind::count},
                                            {"trials", ColumnKind::count},
                                            {"diverged", ColumnKind::count},
                                            {"failed", ColumnKind::count},
                                            {"may see"}}) {
    table.columns.push_back(std::move(column));
  }
  return table;
}

std::vector<Chart> score_charts(const ResultsView& view, const std::string& experiment,
                                const std::vector<LineNumbers>& numbers) {
  std::vector<LineScores> scores;
  for (const LineNumbers& one : numbers) scores.push_back({one.line, one.id, one.ood});
  std::vector<Chart> charts = score_bars(view, experiment, scores);
  for (Chart& chart : score_points(view, experiment, scores)) charts.push_back(std::move(chart));
  return charts;
}

struct CompareMethodsOptions {
  std::string baseline = "erm";
};

class CompareMethods final : public Question {
 public:
  using Options = CompareMethodsOptions;
  static const Schema<Options>& schema() {
    static const auto built =
        Schema<Options>()
            .field("baseline", &Options::baseline, "The method that the others are compared with.")
            .names(FieldUse::method);
    return built;
  }
  explicit CompareMethods(Options options) : options_(std::move(options)) {}
  [[nodiscard]] Answer answer(const Study& study, const std::string& experiment) const override;
  [[nodiscard]] bool decides() const override { return true; }

 private:
  Options options_;
};

Answer CompareMethods::answer(const Study& study, const std::string& experiment) const {
  const ResultsView view(study, experiment);
  const std::string& baseline = options_.baseline;
  const bool worlds = view.environments().size() > 1;
  const std::vector<Line> lines = view.lines_by_environment(baseline);
  const bool accuracy = view.scored_by_accuracy();
  const Range difference_range = accuracy ? kDifference : Range{};
  Table table = make_table(view, experiment, baseline, worlds);
  std::vector<LineNumbers> numbers;
  std::vector<Difference> differences;
  std::vector<PairedTest> tests;
  for (const Line& line : lines) {
    const std::string name =
        line.environment.empty() ? line.name : line.name + " " + line.environment;
    const std::string start = fmt::format("{} {} ", experiment, name);
    numbers.push_back(numbers_of(view, line, start));
    const LineNumbers& own = numbers.back();
    std::optional<SeedCells> ood(
        view.numbers(line, core::stored_domain(core::MeasuredIn::test), view.score()));
    const Cell middle =
        ood->empty() ? Cell() : Cell(Number{interquartile_mean(ood->values()), Notation::fixed, 3});
    Cell difference;
    const Line* other = baseline_of(lines, line, baseline);
    if (other != nullptr && other->method != line.method) {
      const SeedCells paired = ood->minus(
          view.numbers(*other, core::stored_domain(core::MeasuredIn::test), view.score()));
      // Trials of other configurations and seeds say nothing about the difference.
      if (!paired.empty()) {
        differences.push_back({numbers.size() - 1, static_cast<std::size_t>(other - lines.data()),
                               paired.estimate(start + "difference", difference_range)});
        tests.push_back(paired_test(paired, start + "p"));
        difference = differences.back().estimate;
      }
    }
    ood.reset();
    const FurtherNumbers further = further_numbers(view, line, start, difference_range);
    const TrialFates fates = view.fates(line);
    std::vector<Cell> row = {line.name};
    if (worlds) row.emplace_back(line.environment);
    for (Cell& cell : std::vector<Cell>{
             own.id, own.ood, middle, further.gap, std::string(learned_text(own.learned)),
             further.worst_group, worst_group_rows(view, line), further.flip_rate,
             further.confusion_index, difference, Missing(), Missing(), own.ood.seeds, fates.done,
             fates.diverged, fates.failed, access_of(study.results(), view, line)}) {
      row.push_back(std::move(cell));
    }
    table.add(std::move(row));
  }
  adjust(tests, study.test_level(experiment));
  Answer answer;
  for (std::size_t i = 0; i < differences.size(); ++i) {
    const Line& line = numbers[differences[i].line].line;
    answer.contrasts.push_back(contrast_of(
        fmt::format("{} minus {}{}", line.name, numbers[differences[i].baseline].line.name,
                    worlds ? " in " + line.environment : std::string()),
        "OOD", differences[i].estimate, tests[i]));
  }
  answer.sentence = Comparisons{numbers, differences, tests}.text(accuracy, worlds);
  for (std::size_t i = 0; i < differences.size(); ++i) {
    table.set(differences[i].line, "p", Number{tests[i].student, Notation::probability, 3});
    table.set(differences[i].line, "sign-flip p", Number{tests[i].flips, Notation::probability, 3});
  }
  if (differences.empty()) answer.sentence = alone_text(numbers, worlds);
  if (answer.sentence.empty()) answer.sentence = "No trial of this experiment is finished. ";
  answer.sentence += pooled_text(view, lines) + view.fates_text(lines);
  answer.tables.push_back(std::move(table));
  answer.charts = score_charts(view, experiment, numbers);
  return answer;
}

}  // namespace

void register_compare_methods(QuestionKinds& kinds);
void register_compare_methods(QuestionKinds& kinds) {
  kinds.add<CompareMethods>("compare_methods",
                            "Which methods do better out of distribution than a baseline?", "-");
}

}  // namespace spurion::analysis::questions
