#include "analysis/seed_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "analysis/answered_questions.hpp"
#include "analysis/looks.hpp"
#include "analysis/power.hpp"
#include "core/counted.hpp"
#include "spurion/analysis/evaluation_noise.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/study.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

const Experiment* experiment_of(const Suite& suite, const std::string& name) {
  const auto found = std::find_if(suite.experiments.begin(), suite.experiments.end(),
                                  [&](const Experiment& one) { return one.name == name; });
  return found == suite.experiments.end() ? nullptr : &*found;
}

/// The level of the tests once all seeds are there.
double last_level(const Suite& suite, const Experiment& experiment) {
  return looks_of(suite.stopping, experiment.seeds).back().level;
}

double rows_of(const Value& evaluation) {
  const Value* rows = evaluation.find("rows");
  return rows != nullptr && rows->is_number() ? rows->as_number()
                                              : static_cast<double>(EvaluationOptions().rows);
}

/// The rows of each domain that the suite evaluates an experiment on.
double planned_rows(const Experiment& experiment) {
  const Value* evaluation = experiment.sections.find("evaluation");
  return rows_of(evaluation == nullptr ? Value(Value::Table{}) : *evaluation);
}

/// So many times as many rows has the suite as the pilot.
double rows_ratio(const Study& study, const Experiment& experiment) {
  const auto& trials = study.trials(experiment.name);
  const bool known = !trials.empty() && trials.front()->spec.evaluation.is_table();
  return known ? planned_rows(experiment) / rows_of(trials.front()->spec.evaluation) : 1.0;
}

/// What a leaderboard calls the score that its environments share.
constexpr const char* kNormalised = "normalised OOD";

/// What a question of kind scaling_law calls the end of a law.
constexpr const char* kAsymptote = "g_inf";

/// What a pilot says of one difference.
struct Pilot {
  /// `least_noise`: of the rows of one seed, for the difference that is planned.
  Pilot(const Contrast& contrast, double more_rows, double least_noise)
      : seeds(static_cast<double>(contrast.difference.seeds)),
        freedom(contrast.freedom),
        own_noise(contrast.noise.own * std::sqrt(seeds / more_rows)),
        shared_noise(contrast.noise.shared) {
    if (own_noise > 0.0) own_noise = std::max(own_noise, least_noise);
    const double noise_then = contrast.noise.own * std::sqrt(seeds);
    const double all = contrast.error * std::sqrt(seeds);
    // The noise of rows is known with few: what it leaves is the seeds' own.
    deviation =
        std::sqrt(std::max(0.0, all * all - noise_then * noise_then) + own_noise * own_noise);
  }

  double seeds;
  double freedom;
  double own_noise;     ///< of one seed, with the rows of the suite
  double shared_noise;  ///< of the mean
  double deviation;     ///< of one seed, never below the noise of its rows
};

/// A number of seeds with its interval; infinite where no number is enough.
Cell needed_cell(const PowerPlan& plan, const Pilot& pilot, double power, SignFlipLoss& loss) {
  const auto needed = [&](double factor) {
    PowerPlan own = plan;
    own.deviation = std::max(factor * plan.deviation, plan.own_noise);
    const auto seeds = seeds_needed(own, power, loss);
    return seeds ? static_cast<double>(*seeds) : std::numeric_limits<double>::infinity();
  };
  Estimate seeds;
  seeds.value = needed(1.0);
  if (!std::isfinite(seeds.value)) return {};
  const DeviationFactors factors = deviation_factors(pilot.freedom);
  seeds.low = needed(factors.low);
  seeds.high = needed(factors.high);
  seeds.seeds = static_cast<std::int64_t>(pilot.seeds);
  seeds.count = seeds.seeds;
  return Interval(seeds, 0);
}

/// The smallest difference that so many seeds show with this power.
double detectable(PowerPlan plan, std::int64_t seeds, double power, SignFlipLoss& loss) {
  double low = 0.0;
  double high = plan.deviation + plan.own_noise + plan.shared_noise;
  const auto shows = [&](double difference) {
    plan.difference = difference;
    return power_of(plan, seeds, loss) >= power;
  };
  constexpr double kFar = 1e6;
  for (const double start = high; !shows(high); high *= 2.0) {
    if (high > kFar * start) return std::numeric_limits<double>::infinity();
  }
  constexpr int kHalvings = 30;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = 0.5 * (low + high);
    (shows(middle) ? high : low) = middle;
  }
  return high;
}

Table seeds_table(const SeedPlanOptions& options) {
  return {
      "",  // it is in no file
      fmt::format(
          "Seeds that each difference needs to be shown with probability {} if it is {} (or "
          "that much beyond the margin of a question that has one). pilot difference: mean "
          "with 95 % interval. spread: standard deviation of the difference between seeds, "
          "never below the noise of the evaluated rows. share of rows: the part of its variance "
          "that is at least due to these. seeds needed: with a 95 % interval, which says how far "
          "the "
          "seeds of the pilot leave the spread open. power and detectable: of the seeds that "
          "the suite plans. The level is adjusted for the comparisons of a question (Holm's "
          "strictest).",
          options.power, options.difference),
      {{"comparison"},
       {"experiment"},
       {"kind"},
       {"number"},
       {"comparisons", ColumnKind::count},
       {"pilot difference", ColumnKind::estimate},
       {"pilot seeds", ColumnKind::count},
       {"spread", ColumnKind::number},
       {"share of rows", ColumnKind::number},
       {"detectable", ColumnKind::number},
       {"power", ColumnKind::number},
       {"seeds planned", ColumnKind::count},
       {"seeds needed", ColumnKind::estimate}}};
}

/// What the rows of the table come to.
struct PlanSummary {
  std::string worst;          ///< the comparison that needs most seeds
  Estimate most;              ///< and how many
  std::int64_t planned = 0;   ///< of its experiment
  double freedom = 0.0;       ///< of its spread
  std::int64_t never = 0;     ///< comparisons that no number of seeds shows
  std::int64_t unknown = 0;   ///< without a spread
  std::int64_t of_rows = 0;   ///< more than half of whose variance is due to rows
  std::int64_t compared = 0;  ///< all that could be planned
};

/// An experiment as the suite plans it.
struct PlannedExperiment {
  const Experiment& experiment;
  double more_rows;  ///< so many times as many rows has the suite as the pilot
  double level;      ///< of the tests once all seeds are there
};

/// Plans one difference after the other.
class SeedPlanner {
 public:
  explicit SeedPlanner(const SeedPlanOptions& options)
      : options_(options), table_(seeds_table(options)) {}

  void add(const AskedQuestion& asked, const Contrast& contrast, const PlannedExperiment& planned) {
    // Where two rates differ by so much, so many rows differ. A normalised score is no rate, nor is
    // the end of a law.
    const double rows = planned_rows(planned.experiment);
    const bool no_rate = contrast.number == kNormalised || contrast.number == kAsymptote;
    const double least = no_rate ? 0.0 : paired_noise(options_.difference, rows).deviation;
    const Pilot pilot(contrast, planned.more_rows, least);
    std::vector<Cell> row = {contrast.name,
                             asked.experiment,
                             asked.kind,
                             contrast.number,
                             contrast.comparisons,
                             contrast.difference,
                             contrast.difference.seeds};
    const bool known = contrast.freedom > 0.0 && pilot.deviation > 0.0;
    for (Cell& cell : known ? planned_cells(asked, contrast, planned, pilot)
                            : unknown_cells(planned.experiment)) {
      row.push_back(std::move(cell));
    }
    table_.add(std::move(row));
  }
  [[nodiscard]] const PlanSummary& summary() const { return summary_; }
  [[nodiscard]] Table& table() { return table_; }

 private:
  std::vector<Cell> unknown_cells(const Experiment& experiment) {
    ++summary_.unknown;
    return {Missing(), Missing(), Missing(), Missing(), experiment.seeds, Missing()};
  }
  std::vector<Cell> planned_cells(const AskedQuestion& asked, const Contrast& contrast,
                                  const PlannedExperiment& planned, const Pilot& pilot) {
    PowerPlan plan;
    plan.difference = options_.difference;
    plan.deviation = pilot.deviation;
    plan.own_noise = pilot.own_noise;
    plan.shared_noise = pilot.shared_noise;
    plan.comparisons = contrast.comparisons;
    plan.level = planned.level;
    plan.sign_flips = contrast.sign_flips;
    const Cell needed = needed_cell(plan, pilot, options_.power, loss_);
    const double share = std::pow(pilot.own_noise / pilot.deviation, 2.0);
    ++summary_.compared;
    summary_.of_rows += share > 0.5 ? 1 : 0;
    const auto* seeds = std::get_if<Interval>(&needed);
    if (seeds == nullptr) {
      ++summary_.never;
    } else if (seeds->estimate.value > summary_.most.value) {
      summary_.most = seeds->estimate;
      summary_.worst =
          fmt::format("{} in '{}' ({})", contrast.name, asked.experiment, contrast.number);
      summary_.planned = planned.experiment.seeds;
      summary_.freedom = pilot.freedom;
    }
    const std::int64_t all = planned.experiment.seeds;
    Cell power;
    Cell least;
    if (all > 1) {
      power = Number{power_of(plan, all, loss_), Notation::fixed, 2};
      const double shown = detectable(plan, all, options_.power, loss_);
      if (std::isfinite(shown)) least = Number{shown, Notation::fixed, 3};
    }
    return {Number{pilot.deviation, Notation::significant, 3},
            Number{share, Notation::fixed, 2},
            least,
            power,
            all,
            needed};
  }

  const SeedPlanOptions& options_;
  Table table_;
  PlanSummary summary_;
  SignFlipLoss loss_;
};

std::string sentence_of(const PlanSummary& summary, const SeedPlanOptions& options) {
  std::string text;
  if (summary.most.seeds > 0) {
    const DeviationFactors factors = deviation_factors(summary.freedom);
    text += fmt::format(
        "To show a difference of {} with probability {}, {} needs {:.0f} seeds [{:.0f}, {:.0f}], "
        "the most of {}. The suite plans {} there. The interval is that of the spread: {} tell it "
        "within factors of {} and {}. ",
        options.difference, options.power, summary.worst, summary.most.value, summary.most.low,
        summary.most.high, core::counted(summary.compared, "comparison"), summary.planned,
        core::counted(summary.most.seeds, "pilot seed"), show(factors.low, 2),
        show(factors.high, 2));
  }
  if (summary.never > 0) {
    text += fmt::format(
        "{} cannot show it with any number of seeds: all seeds share the evaluated rows, which are "
        "too few. ",
        core::counted(summary.never, "comparison"));
  }
  if (summary.of_rows > 0) {
    text += fmt::format(
        "In {} more than half of the variance is due to the evaluated rows: with more "
        "evaluation.rows fewer seeds are enough. ",
        core::counted(summary.of_rows, "comparison"));
  }
  if (summary.unknown > 0) {
    text += fmt::format(
        "Of {} the pilot tells no spread: it has one seed, or its seeds coincide and the noise of "
        "their rows is not known. ",
        core::counted(summary.unknown, "comparison"));
  }
  return text;
}

/// So many comparisons with a baseline a question is about, as far as the file of the suite says.
std::int64_t family_of(const AskedQuestion& asked, const Experiment& experiment) {
  if (asked.kind != "compare_methods" && asked.kind != "leaderboard") return 1;
  const auto values_of = [&](const char* section) {
    const Value* list = experiment.grid.is_table() ? experiment.grid.find(section) : nullptr;
    return list != nullptr && list->is_list() ? static_cast<std::int64_t>(list->as_list().size())
                                              : std::int64_t{1};
  };
  return std::max<std::int64_t>(1, (values_of("method") - 1) * values_of("environment"));
}

}  // namespace

Answer seed_plan(StoredResults pilot, const Suite& suite, const SeedPlanOptions& options,
                 const QuestionKinds& kinds) {
  // The questions of the suite, asked of the trials of the pilot.
  pilot.context["suite"] = suite.stored_text();
  pilot.suite = std::make_shared<const Suite>(suite);
  const Study study(pilot, kinds.selectors);
  const AnsweredQuestions questions(study, kinds);
  SeedPlanner planner(options);
  std::set<std::string> without;
  bool laws = false;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const AskedQuestion& asked = questions.asked(i);
    const Experiment* experiment = experiment_of(suite, asked.experiment);
    if (experiment == nullptr) continue;
    const Answer answer = questions.answer(i);
    // Without seeds there is a line, but nothing to plan it with.
    const auto planned_by = [](const Contrast& one) { return one.difference.seeds > 0; };
    if (std::none_of(answer.contrasts.begin(), answer.contrasts.end(), planned_by)) {
      without.insert(asked.kind);
    }
    const PlannedExperiment planned{*experiment, rows_ratio(study, *experiment),
                                    last_level(suite, *experiment)};
    for (const Contrast& contrast : answer.contrasts) {
      if (!planned_by(contrast)) continue;
      planner.add(asked, contrast, planned);
      laws = laws || contrast.number == kAsymptote;
    }
  }
  if (planner.table().rows.empty()) {
    throw StoreError(
        "no question of the suite judges a paired difference or the end of a scaling law in these "
        "trials, so no number of seeds can be planned. A scaling law needs a pilot with 2 seeds at "
        "4 scales or more");
  }
  Answer answer;
  answer.question = fmt::format("How many seeds does '{}' need?", suite.name);
  answer.sentence = sentence_of(planner.summary(), options);
  if (!without.empty()) {
    answer.sentence += fmt::format(
        "Not planned, because they judge no paired difference of these trials: questions of kind "
        "{}. ",
        fmt::join(without, ", "));
  }
  if (laws) {
    answer.sentence +=
        "Of scaling laws it is planned that g_inf, the value at an unlimited scale, is shown to "
        "lie "
        "so far beyond the margin. Its interval is taken to shrink with the root of the number of "
        "seeds. Further scales make it narrower too: the columns 'seeds to decide' and 'decades to "
        "decide' of the report say what either would do for each verdict. ";
  }
  answer.tables.push_back(std::move(planner.table()));
  return answer;
}

Answer seed_plan_of_rows(const Suite& suite, const SeedPlanOptions& options) {
  Table table{"",  // it is in no file
              fmt::format("Seeds that the noise of the evaluated rows alone asks for, to show a "
                          "difference of {} in accuracy with probability {}. comparisons: of the "
                          "question, as far as the file of the suite names its methods and "
                          "environments. Seeds vary too, so more are needed.",
                          options.difference, options.power),
              {{"experiment"},
               {"kind"},
               {"rows", ColumnKind::count},
               {"comparisons", ColumnKind::count},
               {"seeds at least", ColumnKind::count},
               {"seeds planned", ColumnKind::count}}};
  SignFlipLoss loss;
  std::int64_t most = 0;
  for (const AskedQuestion& asked : suite.questions) {
    const Experiment* experiment = experiment_of(suite, asked.experiment);
    if (experiment == nullptr) continue;
    const double rows = planned_rows(*experiment);
    PowerPlan plan;
    plan.difference = options.difference;
    plan.deviation = plan.own_noise = paired_noise(options.difference, rows).deviation;
    plan.comparisons = family_of(asked, *experiment);
    plan.level = last_level(suite, *experiment);
    plan.sign_flips = false;
    const auto needed = seeds_needed(plan, options.power, loss);
    if (needed) most = std::max(most, *needed);
    table.add({asked.experiment, asked.kind, static_cast<std::int64_t>(rows), plan.comparisons,
               needed ? Cell(*needed) : Cell(), experiment->seeds});
  }
  Answer answer;
  answer.question = fmt::format("How many seeds does '{}' need?", suite.name);
  answer.sentence = fmt::format(
      "There are no pilot trials, so it is not known how seeds vary. The evaluated rows alone ask "
      "for at least {} to show a difference of {} in accuracy with probability {}. ",
      core::counted(most, "seed"), options.difference, options.power);
  answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace spurion::analysis
