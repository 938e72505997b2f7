#include <fmt/format.h>

#include <optional>
#include <utility>

#include "analysis/adapted_trials.hpp"
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

/// One number before and after an adaptation.
struct BeforeAfter {
  SeedCells before;
  SeedCells after;
};

BeforeAfter numbers_of_phases(const ResultsView& view, const Line& line, core::MeasuredIn in,
                              const std::string& metric) {
  const std::string domain = core::stored_domain(in);
  BeforeAfter out;
  for (const ResultsView::Row& row : view.rows(line)) {
    if (!was_adapted(*row.trial)) continue;
    const auto before = number(*row.trial, domain, metric, 0);
    const auto after = number(*row.trial, domain, metric, 1);
    if (!before || !after) continue;
    const std::int64_t seed = row.trial->spec.seed;
    out.before.add(row.configuration, seed, *before,
                   row_noise(*row.trial, domain, metric, *before));
    out.after.add(row.configuration, seed, *after, row_noise(*row.trial, domain, metric, *after));
  }
  return out;
}

/// What adaptation does under one method and regime in one environment.
struct Adapted {
  Line line;
  Estimate before;  ///< score in the test domain
  Estimate after;
  Estimate change;
  PairedTest test;
  bool adapts = false;  ///< any number changed
  Learned learned = Learned::unknown;
};

const char* verdict_of(const Adapted& one, bool accuracy) {
  if (!one.adapts) return "does not adapt";
  const Shown shown = one.test.shown(one.change);
  if (one.change.seeds < 2 || shown == Shown::no) return "no change shown";
  return (shown == Shown::above) == accuracy ? "helped" : "harmed";
}

std::string adapted_text(const Adapted& one, bool accuracy, const std::string& where) {
  const std::string& name = one.line.name;
  if (!one.adapts) return fmt::format("{}{} does not adapt. ", where, name);
  const std::string scores =
      fmt::format("from {} to {}, by {}", show(one.before), show(one.after), show(one.change));
  if (one.change.seeds < 2) {
    return fmt::format(
        "{}Under {} adaptation changes the score out of distribution {}; one seed cannot show a "
        "change. ",
        where, name, scores);
  }
  const Shown shown = one.test.shown(one.change);
  if (shown == Shown::no) {
    return fmt::format(
        "{}Under {} no change by adaptation is shown out of distribution: {} before, {} after, "
        "change {} ({}{}). ",
        where, name, show(one.before), show(one.after), show(one.change), one.test.text(),
        one.test.not_shown_text(one.change));
  }
  const std::string doubt =
      one.learned == Learned::no
          ? fmt::format(" {} did not learn in distribution, so this is no success.", name)
          : std::string();
  return fmt::format("{}Adaptation {} {} out of distribution: the {} goes {} ({}).{} ", where,
                     (shown == Shown::above) == accuracy ? "helped" : "harmed", name,
                     accuracy ? "accuracy" : "mean squared error", scores, one.test.text(), doubt);
}

Table make_table(const ResultsView& view, const std::string& experiment, bool worlds) {
  Table table{
      "adaptation_" + experiment,
      fmt::format(
          "Adaptation at test time in experiment '{}': mean {} with {} over seeds. Before: the "
          "trained model. After: the same model, changed with unlabelled rows of the domain that "
          "it is then scored in. The scored rows are other rows. Numbers after adaptation are "
          "transductive: they use inputs of the test domain, so the invariant ceiling does not "
          "bound them. OOD change: after minus before, paired by configuration and seed. learned: "
          "{}, in distribution after adaptation. The glossary (or 'spurion describe TERM') defines "
          "each column.{}",
          experiment, view.score_text(), kIntervalText, kLearnedText, view.note(false)),
      {{"method"}}};
  if (worlds) table.columns.push_back({"environment"});
  for (const char* title : {"OOD before", "OOD after", "OOD change", "ID before", "ID after",
                            "gap before", "gap after"}) {
    table.columns.push_back({title, ColumnKind::estimate});
  }
  for (Column& column : std::vector<Column>{{"learned"},
                                            {"p", ColumnKind::number},
                                            {"sign-flip p", ColumnKind::number},
                                            {"adaptation"},
                                            {"seeds", ColumnKind::count},
                                            {"trials", ColumnKind::count},
                                            {"may see"}}) {
    table.columns.push_back(std::move(column));
  }
  return table;
}

struct AdaptationOptions {};

class AdaptationQuestion final : public Question {
 public:
  using Options = AdaptationOptions;
  static const Schema<Options>& schema() {
    static const Schema<Options> none;
    return none;
  }
  explicit AdaptationQuestion(Options /*options*/) {}
  [[nodiscard]] Answer answer(const Study& study, const std::string& experiment) const override;
};

/// The lines with what adaptation does, the tests adjusted for all of them.
std::vector<Adapted> adapted_lines(const ResultsView& view, const std::string& experiment) {
  const bool accuracy = view.scored_by_accuracy();
  const Range range = range_of(view.score());
  std::vector<Adapted> all;
  std::vector<PairedTest> tests;
  for (const Line& line : view.lines_by_environment("erm")) {
    const auto [before, after] =
        numbers_of_phases(view, line, core::MeasuredIn::test, view.score());
    if (before.empty()) continue;
    const std::string key =
        fmt::format("{} {} {} adaptation ", experiment, line.name, line.environment);
    const SeedCells changes = after.minus(before);
    Adapted one;
    one.line = line;
    one.before = before.estimate(key + "before", range);
    one.after = after.estimate(key + "after", range);
    one.change = changes.estimate(key + "change", accuracy ? kDifference : Range{});
    one.test = paired_test(changes, key + "p");
    for (const double change : changes.values()) one.adapts = one.adapts || change != 0.0;
    one.learned = learned(view.learning(line).estimate(key + "learned"));
    all.push_back(std::move(one));
    if (all.back().adapts) tests.push_back(all.back().test);
  }
  adjust(tests);
  std::size_t next = 0;
  for (Adapted& one : all) {
    if (one.adapts) one.test = tests[next++];
  }
  return all;
}

Answer AdaptationQuestion::answer(const Study& study, const std::string& experiment) const {
  const ResultsView view(study, experiment);
  const bool worlds = view.environments().size() > 1;
  const bool accuracy = view.scored_by_accuracy();
  const std::vector<Adapted> lines = adapted_lines(view, experiment);
  Answer answer;
  Table table = make_table(view, experiment, worlds);
  std::vector<PairedTest> tests;
  for (const Adapted& one : lines) {
    const std::string key =
        fmt::format("{} {} {} adaptation ", experiment, one.line.name, one.line.environment);
    const auto estimates = [&](core::MeasuredIn in, const std::string& metric, const char* what,
                               const Range& range) {
      const auto [before, after] = numbers_of_phases(view, one.line, in, metric);
      return std::pair(before.estimate(fmt::format("{}{} before", key, what), range),
                       after.estimate(fmt::format("{}{} after", key, what), range));
    };
    const auto id =
        estimates(core::MeasuredIn::in_distribution, view.score(), "id", range_of(view.score()));
    const auto gap = estimates(core::MeasuredIn::test, core::stored_name(core::MetricId::gap),
                               "gap", range_of(core::stored_name(core::MetricId::gap), accuracy));
    std::vector<Cell> row = {one.line.name};
    if (worlds) row.emplace_back(one.line.environment);
    const auto p = [&](double value) {
      return one.adapts ? Cell(Number{value, Notation::probability, 3}) : Cell();
    };
    for (Cell& cell : std::vector<Cell>{
             one.before, one.after, one.change, id.first, id.second, gap.first, gap.second,
             std::string(learned_text(one.learned)), p(one.test.student), p(one.test.flips),
             std::string(verdict_of(one, accuracy)), one.before.seeds, view.fates(one.line).done,
             access_of(study.results(), view, one.line)}) {
      row.push_back(std::move(cell));
    }
    table.add(std::move(row));
    if (one.adapts) tests.push_back(one.test);
  }
  constexpr std::size_t kMost = 10;
  for (std::size_t i = 0; i < lines.size() && i < kMost; ++i) {
    const std::string where =
        worlds ? fmt::format("In {}: ", lines[i].line.environment) : std::string();
    answer.sentence += adapted_text(lines[i], accuracy, where);
  }
  if (lines.size() > kMost) answer.sentence += "The table shows the others. ";
  answer.sentence += few_seeds_text(tests);
  if (lines.empty()) {
    answer.sentence =
        "No finished trial of this experiment was evaluated before and after an adaptation: the "
        "regime test_time does both. ";
    return answer;
  }
  const std::vector<Line> all = view.lines_by_environment("erm");
  answer.sentence += pooled_text(view, all) + view.fates_text(all);
  answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace

void register_adaptation(QuestionKinds& kinds);
void register_adaptation(QuestionKinds& kinds) {
  kinds.add<AdaptationQuestion>(
      "adaptation", "What does adaptation at test time change out of distribution?", "-");
}

}  // namespace spurion::analysis::questions
