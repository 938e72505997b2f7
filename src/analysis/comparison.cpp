#include "analysis/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "analysis/paired_test.hpp"
#include "core/measurement_names.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/seed_cells.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

/// A number that both sides are compared by.
struct ComparedNumber {
  const char* name;  ///< a term of the glossary
  std::string domain;
  core::MetricId metric;
  bool accuracy;  ///< of classification, else of regression
  Better better;

  /// What a mean of the number can be.
  [[nodiscard]] Range range() const { return range_of(core::stored_name(metric), accuracy); }
  [[nodiscard]] std::optional<double> of(const TrialResult& trial) const {
    if (metric == core::MetricId::flip_rate) return max_flip_rate(trial);
    return number(trial, domain, core::stored_name(metric));
  }
  [[nodiscard]] SeedCells of(const std::vector<ComparedTrial>& trials) const {
    SeedCells cells;
    for (const ComparedTrial& one : trials) {
      const auto value = of(*one.trial);
      if (!value) continue;
      cells.add(one.configuration, one.trial->spec.seed, *value,
                row_noise(*one.trial, domain, core::stored_name(metric), *value));
    }
    return cells;
  }
};

std::vector<ComparedNumber> compared_numbers() {
  const std::string id = core::stored_domain(core::MeasuredIn::in_distribution);
  const std::string test = core::stored_domain(core::MeasuredIn::test);
  return {{"OOD", test, core::MetricId::accuracy, true, Better::high},
          {"OOD", test, core::MetricId::loss, false, Better::low},
          {"ID", id, core::MetricId::accuracy, true, Better::high},
          {"ID", id, core::MetricId::loss, false, Better::low},
          {"gap", test, core::MetricId::gap, true, Better::low},
          {"worst group", test, core::MetricId::worst_group_accuracy, true, Better::high},
          {"flip rate", test, core::MetricId::flip_rate, true, Better::low}};
}

/// What a comparison of one number comes to.
enum class Compared { first, second, not_shown, same, one_seed };

std::string compared_name(Compared compared, const Comparison& of) {
  switch (compared) {
    case Compared::first:
      return fmt::format("{} is better", of.first);
    case Compared::second:
      return fmt::format("{} is better", of.second);
    case Compared::same:
      return "the same numbers";
    case Compared::one_seed:
      return "one seed only";
    case Compared::not_shown:
      break;
  }
  return "not shown";
}

/// A line of the table.
struct ComparedLine {
  const ComparedGroup* group;
  ComparedNumber number;
  Estimate first;
  Estimate second;
  Estimate difference;
  PairedTest test;
  bool same = false;  ///< every paired difference is exactly 0

  [[nodiscard]] Compared outcome() const {
    if (same) return Compared::same;
    if (difference.seeds < 2) return Compared::one_seed;
    const Shown shown = test.shown(difference);
    if (shown == Shown::no) return Compared::not_shown;
    const bool first_is_better = (shown == Shown::above) == (number.better == Better::high);
    return first_is_better ? Compared::first : Compared::second;
  }
};

/// Whether the trials of a group are scored by accuracy.
bool by_accuracy(const ComparedGroup& group) {
  return std::any_of(group.first.begin(), group.first.end(), [](const ComparedTrial& one) {
    return number(*one.trial, core::stored_domain(core::MeasuredIn::test),
                  core::stored_name(core::MetricId::accuracy))
        .has_value();
  });
}

/// One number in all groups, its p values adjusted over these.
std::vector<ComparedLine> lines_of(const Comparison& comparison, const ComparedNumber& number) {
  std::vector<ComparedLine> lines;
  std::vector<PairedTest> tests;
  for (const ComparedGroup& group : comparison.groups) {
    if (by_accuracy(group) != number.accuracy) continue;
    const SeedCells first = number.of(group.first);
    const SeedCells second = number.of(group.second);
    const SeedCells paired = first.minus(second);
    if (paired.empty()) continue;
    const std::string key =
        fmt::format("compare {} {} {}", group.environment, group.under, number.name);
    const Range range = number.range();
    ComparedLine line{&group, number, {}, {}, {}, {}};
    line.first = first.estimate(key + " first", range);
    line.second = second.estimate(key + " second", range);
    line.difference = paired.estimate(key + " difference", range_of_difference(range, range));
    const std::vector<double> values = paired.values();
    line.same = std::all_of(values.begin(), values.end(), [](double one) { return one == 0.0; });
    tests.push_back(paired_test(paired, key + " p"));
    lines.push_back(std::move(line));
  }
  adjust(tests);
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i].test = tests[i];
  return lines;
}

/// "In two_bit under offline: "
std::string place_text(const ComparedGroup& group) {
  return fmt::format("In {}{}: ", group.environment,
                     group.under.empty() ? "" : fmt::format(" under {}", group.under));
}

/// What is said of the scores out of distribution of one group.
std::string line_text(const ComparedLine& line, const Comparison& comparison) {
  const std::string place = place_text(*line.group);
  switch (line.outcome()) {
    case Compared::same:
      return fmt::format("{}both have the same scores out of distribution. ", place);
    case Compared::one_seed:
      return fmt::format(
          "{}they differ by {} out of distribution; one seed cannot show a "
          "difference. ",
          place, show(line.difference.value));
    case Compared::not_shown:
      return fmt::format("{}no difference is shown out of distribution: {} ({}{}). ", place,
                         show(line.difference), line.test.text(),
                         line.test.not_shown_text(line.difference));
    case Compared::first:
    case Compared::second:
      break;
  }
  const bool first = line.outcome() == Compared::first;
  return fmt::format("{}{} is better than {} out of distribution; {} minus {} is {} ({}). ", place,
                     first ? comparison.first : comparison.second,
                     first ? comparison.second : comparison.first, comparison.first,
                     comparison.second, show(line.difference), line.test.text());
}

/// The better side of a line against a placebo.
struct AgainstPlacebo {
  const ComparedLine* line;
  std::string placebo;
  Estimate difference;
};

/// Whether those that are better out of distribution are better than the placebos too; by line.
std::map<const ComparedLine*, std::string> placebo_texts(const std::vector<ComparedLine>& lines,
                                                         const Comparison& comparison) {
  std::vector<AgainstPlacebo> all;
  std::vector<PairedTest> tests;
  for (const ComparedLine& line : lines) {
    const bool first = line.outcome() == Compared::first;
    if (!first && line.outcome() != Compared::second) continue;
    const auto& trials = first ? line.group->first : line.group->second;
    for (const ComparedControl& placebo : line.group->placebos) {
      if (placebo.name == comparison.first || placebo.name == comparison.second) continue;
      const SeedCells paired = line.number.of(trials).minus(line.number.of(placebo.trials));
      if (paired.empty()) continue;
      const std::string key =
          fmt::format("compare {} {} {}", line.group->environment, line.group->under, placebo.name);
      const Range range = line.number.range();
      all.push_back({&line, placebo.name,
                     paired.estimate(key + " difference", range_of_difference(range, range))});
      tests.push_back(paired_test(paired, key + " p"));
    }
  }
  adjust(tests);
  std::map<const ComparedLine*, std::string> texts;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const AgainstPlacebo& one = all[i];
    const Shown wanted = one.line->number.better == Better::high ? Shown::above : Shown::below;
    const bool beaten = tests[i].shown(one.difference) == wanted;
    texts[one.line] +=
        fmt::format("It is {} better than the control {}: {} ({}{}). ",
                    beaten ? "also" : "not shown to be", one.placebo, show(one.difference),
                    tests[i].text(), beaten ? "" : tests[i].not_shown_text(one.difference));
  }
  return texts;
}

Table make_comparison_table(const Comparison& comparison) {
  return {"",  // it is in no file
          fmt::format("Means with {} over seeds. difference: {} minus {}, paired by configuration "
                      "and seed. p values are adjusted over the rows of a number by Holm's "
                      "method.{}",
                      kIntervalText, comparison.first, comparison.second, comparison.note),
          {{"environment"},
           {"under"},
           {"number"},
           {comparison.first, ColumnKind::estimate, "first"},
           {comparison.second, ColumnKind::estimate, "second"},
           {"difference", ColumnKind::estimate},
           {"p", ColumnKind::number},
           {"sign-flip p", ColumnKind::number},
           {"detectable", ColumnKind::number},
           {"seeds", ColumnKind::count},
           {"pairs", ColumnKind::count},
           {"shown"}}};
}

}  // namespace

Answer answer_of(const Comparison& comparison) {
  constexpr std::size_t kMostSentences = 10;
  Table table = make_comparison_table(comparison);
  std::string text;
  std::size_t told = 0;
  std::vector<PairedTest> tests;
  for (const ComparedNumber& number : compared_numbers()) {
    const bool scores = number.name == std::string("OOD");
    const std::vector<ComparedLine> lines = lines_of(comparison, number);
    const auto placebos =
        scores ? placebo_texts(lines, comparison) : std::map<const ComparedLine*, std::string>();
    for (const ComparedLine& line : lines) {
      const double detectable = line.test.detectable();
      table.add({line.group->environment, line.group->under, std::string(number.name), line.first,
                 line.second, line.difference, Number{line.test.student, Notation::probability, 3},
                 Number{line.test.flips, Notation::probability, 3},
                 detectable > 0.0 ? Cell(Number{detectable, Notation::fixed, 3}) : Cell(),
                 line.difference.seeds, line.difference.count,
                 compared_name(line.outcome(), comparison)});
      if (!scores) continue;
      if (!line.same) tests.push_back(line.test);
      if (told < kMostSentences) {
        text += line_text(line, comparison);
        if (const auto more = placebos.find(&line); more != placebos.end()) text += more->second;
      }
      if (++told == kMostSentences + 1) text += "The table shows the others. ";
    }
  }
  if (table.rows.empty()) {
    throw UsageError(
        fmt::format("no trial of {} has a partner in {}: the same environment, options and seed",
                    comparison.first, comparison.second));
  }
  Answer answer;
  answer.question =
      fmt::format("{} and {} on the seeds that they share", comparison.first, comparison.second);
  answer.sentence = text + few_seeds_text(tests) + comparison.sentence;
  answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace spurion::analysis
