#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "analysis/pooled_configurations.hpp"
#include "core/counted.hpp"
#include "core/measurement_names.hpp"
#include "spurion/question.hpp"

namespace spurion::analysis::questions {

namespace {

struct GapGridOptions {
  std::string axis;
  std::string second_axis;
  double margin = 0.02;
};

/// What a cell of the grid shows.
enum class CellOutcome {
  within_margin,       ///< the interval lies within the margin of 0, and the model may have learned
  above_margin,        ///< the interval lies above the margin
  below_margin,        ///< the interval lies below minus the margin, and the model may have learned
  did_not_learn,       ///< so that the gap has no meaning
  learning_not_shown,  ///< within or below the margin, but it is not shown that the model learned
  undecided            ///< none of these is shown
};

const char* cell_outcome_name(CellOutcome outcome) {
  switch (outcome) {
    case CellOutcome::within_margin:
      return "within margin";
    case CellOutcome::above_margin:
      return "above margin";
    case CellOutcome::below_margin:
      return "below margin";
    case CellOutcome::learning_not_shown:
      return "learning not shown";
    case CellOutcome::did_not_learn:
      return "did not learn";
    case CellOutcome::undecided:
      break;
  }
  return "undecided";
}

CellOutcome cell_outcome(const Estimate& gap, Learned learned, double margin) {
  if (learned == Learned::no) return CellOutcome::did_not_learn;
  if (!gap.has_spread() && !gap.is_nothing()) return CellOutcome::undecided;
  if (gap.low > margin) return CellOutcome::above_margin;
  const bool within = gap.low >= -margin && gap.high <= margin;
  const bool below = gap.high < -margin;
  if (!within && !below) return CellOutcome::undecided;
  if (learned == Learned::unsure) return CellOutcome::learning_not_shown;
  return within ? CellOutcome::within_margin : CellOutcome::below_margin;
}

/// A place of the grid: along the axis and the second axis.
struct Place {
  double along = 0.0;
  double second = 0.0;
  bool operator<(const Place& other) const {
    return std::pair(second, along) < std::pair(other.second, other.along);
  }
};

struct PlaceCells {
  SeedCells gap;
  SeedCells learning;
};

struct PlaceNumbers {
  Estimate gap;
  Learned learned = Learned::unknown;
  CellOutcome outcome = CellOutcome::undecided;
};

class GapGrid final : public Question {
 public:
  using Options = GapGridOptions;
  static const Schema<Options>& schema();
  explicit GapGrid(Options options) : options_(std::move(options)) {
    if (options_.axis == options_.second_axis) {
      throw UsageError("'axis' and 'second_axis' name the same field");
    }
  }
  [[nodiscard]] Answer answer(const Study& study, const std::string& experiment) const override;

 private:
  using Numbers = std::map<Place, PlaceNumbers>;

  [[nodiscard]] Numbers numbers_of(const ResultsView& view, const ResultsView::Line& line) const;
  [[nodiscard]] Chart chart_of(const ResultsView& view, const std::string& experiment,
                               const std::string& name, const Numbers& numbers) const;
  [[nodiscard]] std::string place_text(const Place& place) const;
  [[nodiscard]] std::string sentence_of(const std::string& name, const Numbers& numbers) const;
  [[nodiscard]] Table empty_table(const std::string& experiment) const;

  Options options_;
};

const Schema<GapGridOptions>& GapGrid::schema() {
  static const auto built =
      Schema<Options>()
          .field("axis", &Options::axis,
                 "The scale along the columns: a field of the trials such as \"model.width\".")
          .names(FieldUse::axis)
          .required()
          .field("second_axis", &Options::second_axis,
                 "The scale along the rows, such as \"training.rows\".")
          .names(FieldUse::axis)
          .required()
          .field("margin", &Options::margin,
                 "Margin: a gap is closed if its whole interval is within this distance of 0.",
                 at_least(0));
  return built;
}

GapGrid::Numbers GapGrid::numbers_of(const ResultsView& view, const ResultsView::Line& line) const {
  std::map<Place, PlaceCells> cells;
  for (const ResultsView::Row& row : view.rows(line)) {
    const auto along = axis_value(*row.trial, options_.axis);
    const auto second = axis_value(*row.trial, options_.second_axis);
    const auto gap = number(*row.trial, core::stored_domain(core::MeasuredIn::test),
                            core::stored_name(core::MetricId::gap));
    if (!along || !second || !gap || std::isnan(*gap)) continue;
    PlaceCells& own = cells[{along->number, second->number}];
    own.gap.add_number(row.configuration, *row.trial, core::stored_domain(core::MeasuredIn::test),
                       core::stored_name(core::MetricId::gap));
    own.learning.add_learning(row.configuration, *row.trial, view.score());
  }
  Numbers numbers;
  for (const auto& [place, own] : cells) {
    const std::string key = fmt::format("gap grid {} {} {}", line.name, place.along, place.second);
    PlaceNumbers& one = numbers[place];
    one.gap = own.gap.estimate(key, view.scored_by_accuracy() ? kDifference : Range{});
    one.learned = learned(own.learning.estimate(key + " learned"));
    one.outcome = cell_outcome(one.gap, one.learned, options_.margin);
  }
  return numbers;
}

Chart GapGrid::chart_of(const ResultsView& view, const std::string& experiment,
                        const std::string& name, const Numbers& numbers) const {
  Chart chart;
  chart.kind = ChartKind::heat_map;
  chart.name = fmt::format("gap_grid_{}_{}", experiment, name);
  chart.title = fmt::format("Out-of-distribution gap of {}", name);
  chart.x_label = options_.axis;
  chart.series_label = options_.second_axis;
  chart.y_label = fmt::format("gap in {}", view.score_text());
  chart.levels = {{fmt::format("gap = {} (margin)", options_.margin), options_.margin}};
  chart.note = fmt::format(
      "Each cell is the mean over seeds with its {}. The line is where the gap crosses the margin; "
      "between the dashed lines it is not shown on which side the gap is. *: the model did not "
      "learn, so its gap has no meaning.{}",
      kIntervalText, view.note());
  std::set<double> columns;
  for (const auto& [place, one] : numbers) columns.insert(place.along);
  for (const double column : columns) chart.categories.push_back(fmt::format("{}", column));
  for (const auto& [place, one] : numbers) {
    const std::string row = fmt::format("{}", place.second);
    if (chart.series.empty() || chart.series.back().name != row) {
      chart.series.emplace_back();
      chart.series.back().name = row;
    }
    Series& series = chart.series.back();
    series.x.push_back(
        static_cast<double>(std::distance(columns.begin(), columns.find(place.along))));
    series.y.push_back(one.gap);
    series.doubtful.push_back(one.outcome == CellOutcome::did_not_learn);
  }
  return chart;
}

std::string GapGrid::place_text(const Place& place) const {
  return fmt::format("{} = {} and {} = {}", options_.axis, place.along, options_.second_axis,
                     place.second);
}

/// Where the gap of a line is smallest and largest, and in how many cells it is closed.
std::string GapGrid::sentence_of(const std::string& name, const Numbers& numbers) const {
  const Numbers::value_type* least = nullptr;
  const Numbers::value_type* most = nullptr;
  std::size_t closed = 0;
  std::size_t unlearned = 0;
  for (const auto& one : numbers) {
    closed += one.second.outcome == CellOutcome::within_margin ? 1 : 0;
    if (one.second.outcome == CellOutcome::did_not_learn) {
      ++unlearned;
      continue;
    }
    if (least == nullptr || one.second.gap.value < least->second.gap.value) least = &one;
    if (most == nullptr || one.second.gap.value > most->second.gap.value) most = &one;
  }
  std::string text = fmt::format("{}: the gap is shown to be at most {} from 0 in {} of {}", name,
                                 options_.margin, closed, core::counted(numbers.size(), "cell"));
  if (unlearned > 0) text += fmt::format("; in {} the model did not learn", unlearned);
  text += ". ";
  if (least == nullptr) return text;
  return text + fmt::format("Its lowest value is {}, at {}; its highest value is {}, at {}. ",
                            show(least->second.gap), place_text(least->first),
                            show(most->second.gap), place_text(most->first));
}

Table GapGrid::empty_table(const std::string& experiment) const {
  return {
      "gap_grid_" + experiment,
      fmt::format(
          "The gap in each cell: mean with {} over seeds. Verdicts use a margin of {}. {}, in "
          "distribution; the gap of a model that did not learn has no meaning. The glossary (or "
          "'spurion describe TERM') defines each column and verdict.",
          kIntervalText, options_.margin, kLearnedText),
      {{"method"},
       {options_.axis, ColumnKind::number},
       {options_.second_axis, ColumnKind::number},
       {"gap", ColumnKind::estimate},
       {"verdict"}}};
}

Answer GapGrid::answer(const Study& study, const std::string& experiment) const {
  const ResultsView view(study, experiment, {options_.axis, options_.second_axis});
  Answer answer;
  Table table = empty_table(experiment);
  const std::vector<ResultsView::Line> lines = view.lines();
  for (const ResultsView::Line& line : lines) {
    const Numbers numbers = numbers_of(view, line);
    if (numbers.empty()) continue;
    answer.charts.push_back(chart_of(view, experiment, line.name, numbers));
    answer.sentence += sentence_of(line.name, numbers);
    for (const auto& [place, one] : numbers) {
      table.add({line.name, Number{place.along}, Number{place.second}, one.gap,
                 std::string(cell_outcome_name(one.outcome))});
    }
  }
  if (answer.charts.size() > 1) {
    for (Chart& chart : answer.charts) {
      chart.panel =
          fmt::format("The gap over {} and {}, by method.", options_.axis, options_.second_axis);
    }
  }
  if (answer.sentence.empty()) answer.sentence = "No trial that is done has these axes. ";
  answer.sentence += pooled_text(view, lines, {options_.axis, options_.second_axis});
  answer.sentence += view.fates_text(lines);
  answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace

void register_gap_grid(QuestionKinds& kinds);
void register_gap_grid(QuestionKinds& kinds) {
  kinds.add<GapGrid>("gap_grid", "How does the gap depend on two scales together?", "-");
}

}  // namespace spurion::analysis::questions
