#include "analysis/questions/compare_policies/policy_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "analysis/fits/seed_modes.hpp"
#include "core/measurement_names.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis::questions {

namespace {

using core::MetricId;
using ActingRow = ResultsView::Row;

/// Actions that change in more states than this follow the cue.
constexpr double kFlipMargin = 0.02;
/// Beyond this index a policy is nearer to the one that follows the cue than to the best one.
constexpr double kHalfWay = 0.5;
/// Beyond this index a policy is worse than the one that follows the cue only.
constexpr double kAsTheCue = 1.0;
/// What following the cue must cost, as a share of the best return, for the index to mean anything.
constexpr double kLeastCost = 0.01;

/// One number of the trials of a line by seed: the mean over its configurations.
SeedCells by_seed(const ResultsView& view, const ResultsView::Line& line, const std::string& domain,
                  MetricId metric) {
  const std::string& name = core::stored_name(metric);
  SeedCells cells;
  for (const ActingRow& row : view.rows(line)) {
    if (const auto value = number(*row.trial, domain, name)) {
      cells.add("", row.trial->spec.seed, *value, row_noise(*row.trial, domain, name, *value));
    }
  }
  return cells;
}

/// The number in the domain; in distribution the mean over the train domains that have it.
std::optional<double> in_domain(const TrialResult& trial, const std::string& domain,
                                MetricId metric) {
  const std::string& name = core::stored_name(metric);
  if (const auto value = number(trial, domain, name, 0)) return value;
  if (domain != core::stored_domain(core::MeasuredIn::in_distribution)) return {};
  double sum = 0.0;
  std::int64_t count = 0;
  while (const auto value = number(trial, core::stored_train(count), name, 0)) {
    sum += *value;
    ++count;
  }
  if (count == 0) return {};
  return sum / static_cast<double>(count);
}

/// The return that counts as the best.
MetricId best_return(const ActingOptions& options) {
  return options.best == "expert" ? MetricId::return_expert : MetricId::return_optimal;
}

/// Where the return of each trial lies between that of the best policy, 0, and that of the policy
/// that follows the cue, 1. Nothing where the first is not above the second by more than rounding.
SeedCells indices(const ResultsView& view, const ResultsView::Line& line,
                  const ActingOptions& options) {
  SeedCells cells;
  for (const ActingRow& row : view.rows(line)) {
    const auto reached =
        number(*row.trial, options.domain, core::stored_name(MetricId::mean_return));
    const auto best = in_domain(*row.trial, options.domain, best_return(options));
    const auto cue = in_domain(*row.trial, options.domain, MetricId::return_cue);
    if (!reached || !best || !cue) continue;
    const double cost = *best - *cue;
    if (!(cost > kLeastCost * std::max(1.0, std::abs(*best)))) continue;
    cells.add("", row.trial->spec.seed, (*best - *reached) / cost);
  }
  return cells;
}

/// Where the return of each trial in the train domains lies between that of random actions, 0, and
/// that of the best policy, 1. Nothing where policies are judged there: in imitation a return below
/// the expert's in its own states is the confusion that is asked about.
SeedCells training_returns(const ResultsView& view, const ResultsView::Line& line,
                           const ActingOptions& options) {
  SeedCells cells;
  const std::string& domain = core::stored_domain(core::MeasuredIn::in_distribution);
  const core::MeasuredIn judged = core::parse_domain(options.domain).in;
  if (judged == core::MeasuredIn::in_distribution || judged == core::MeasuredIn::train)
    return cells;
  for (const ActingRow& row : view.rows(line)) {
    const auto reached = in_domain(*row.trial, domain, MetricId::mean_return);
    const auto best = in_domain(*row.trial, domain, best_return(options));
    const auto chance = in_domain(*row.trial, domain, MetricId::return_random);
    if (!reached || !best || !chance) continue;
    const double range = *best - *chance;
    if (!(range > kLeastCost * std::max(1.0, std::abs(*best)))) continue;
    cells.add("", row.trial->spec.seed, (*reached - *chance) / range);
  }
  return cells;
}

double mean_in(const ResultsView& view, const ActingLine& line, const std::string& domain,
               MetricId metric) {
  std::vector<double> values;
  for (const ActingRow& row : view.rows(line.line)) {
    if (const auto value = in_domain(*row.trial, domain, metric)) values.push_back(*value);
  }
  return mean(values);
}

/// The last value that a regime recorded while its learner acted; 0 where it recorded none.
double recorded(const TrialResult& trial, MetricId metric) {
  return number(trial, core::stored_domain(core::MeasuredIn::acting), core::stored_name(metric))
      .value_or(0.0);
}

void add_costs(const ResultsView& view, ActingLine& line) {
  std::vector<double> labels;
  std::vector<double> queries;
  std::vector<double> steps;
  std::vector<double> flops;
  for (const ActingRow& row : view.rows(line.line)) {
    labels.push_back(static_cast<double>(row.trial->cost.labels_used));
    queries.push_back(recorded(*row.trial, MetricId::expert_queries));
    steps.push_back(recorded(*row.trial, MetricId::environment_steps));
    flops.push_back(row.trial->cost.flops);
  }
  line.labels = mean(labels);
  line.queries = mean(queries);
  line.steps = mean(steps);
  line.flops = mean(flops);
}

ActingVerdict judge_line(const ActingLine& line, double margin) {
  // The best policy sees what beliefs are about, so returns do not judge beliefs.
  if (line.conditional.count > 0 && line.interventional.count > 0) {
    if (line.conditional.seeds < 2) return ActingVerdict::not_shown;
    if (line.conditional.high < line.interventional.low) return ActingVerdict::actions_as_evidence;
    return line.interventional.high < line.conditional.low ? ActingVerdict::actions_as_interventions
                                                           : ActingVerdict::not_shown;
  }
  if (line.confusion.empty()) return ActingVerdict::no_index;
  const Estimate& index = line.index;
  const bool known = index.has_spread() || (index.seeds > 1 && index.low == index.high);
  if (!known) return ActingVerdict::not_shown;
  if (index.high <= margin) return ActingVerdict::as_good_as_best;
  if (index.low > kAsTheCue) return ActingVerdict::did_not_learn;
  if (line.trained.seeds > 1 && line.trained.high < kHalfWay && index.low > margin) {
    return ActingVerdict::did_not_learn;
  }
  if (index.low > kHalfWay) {
    if (line.flips.seeds > 1 && line.flips.low > kFlipMargin) return ActingVerdict::follows_the_cue;
    if (line.flips.seeds > 1 && line.flips.high <= kFlipMargin) {
      return ActingVerdict::fails_without_cue;
    }
  }
  return index.low > margin ? ActingVerdict::worse_than_best : ActingVerdict::not_shown;
}

ActingLine measured_line(const ResultsView& view, const ResultsView::Line& line,
                         const std::string& experiment, const ActingOptions& options) {
  ActingLine out;
  out.line = line;
  out.name = view.environments().size() > 1 ? fmt::format("{}, {}", line.name, line.environment)
                                            : line.name;
  const std::string key = fmt::format("{} {} {} acting ", experiment, line.name, line.environment);
  const auto estimate = [&](MetricId metric, const std::string& domain, const Range& range) {
    return by_seed(view, line, domain, metric).estimate(key + core::stored_name(metric), range);
  };
  const std::string id = core::stored_domain(core::MeasuredIn::in_distribution);
  out.returns = by_seed(view, line, options.domain, MetricId::mean_return);
  out.confusion = indices(view, line, options);
  out.reached = out.returns.estimate(key + "return");
  out.index = out.confusion.estimate(key + "index");
  out.trained = training_returns(view, line, options).estimate(key + "training");
  out.accuracy = estimate(MetricId::accuracy, id, kRate);
  out.goal = estimate(MetricId::goal_rate, options.domain, kRate);
  out.proxy = estimate(MetricId::proxy_rate, options.domain, kRate);
  out.flips = estimate(MetricId::action_flip_rate, options.domain, kRate);
  out.repeats = estimate(MetricId::repeat_action_rate, options.domain, kRate);
  out.conditional = estimate(MetricId::conditional_kl, options.domain, Range{});
  out.interventional = estimate(MetricId::interventional_kl, options.domain, Range{});
  for (const double index : out.confusion.seed_means()) {
    ++out.modes.seeds;
    if (index > kHalfWay) ++out.modes.confused;
  }
  out.best = mean_in(view, out, options.domain, best_return(options));
  out.by_cue = mean_in(view, out, options.domain, MetricId::return_cue);
  out.by_chance = mean_in(view, out, options.domain, MetricId::return_random);
  add_costs(view, out);
  out.verdict = judge_line(out, options.margin);
  return out;
}

/// Whether a name is `wanted`, or `wanted` with options.
bool is_variant(const std::string& name, const std::string& wanted) {
  return name == wanted || name.rfind(wanted + " ", 0) == 0 || name.rfind(wanted + "(", 0) == 0;
}

/// The line that another is compared with: that of the baseline in the same environment,
/// or else, and with one baseline for all, in the first one that has it.
const ActingLine* watching_line(const std::vector<ActingLine>& lines, const ActingLine& line,
                                const ActingOptions& options) {
  const ActingLine* first = nullptr;
  for (const ActingLine& one : lines) {
    if (!is_variant(one.line.regime, options.baseline_regime) ||
        !is_variant(one.line.method, options.baseline_method)) {
      continue;
    }
    if (!options.one_baseline && one.line.environment == line.line.environment) return &one;
    if (first == nullptr) first = &one;
  }
  return first;
}

}  // namespace

const char* acting_verdict_name(ActingVerdict verdict) {
  switch (verdict) {
    case ActingVerdict::as_good_as_best:
      return "as good as the best";
    case ActingVerdict::did_not_learn:
      return "did not learn its task";
    case ActingVerdict::follows_the_cue:
      return "follows the cue";
    case ActingVerdict::fails_without_cue:
      return "fails without the cue";
    case ActingVerdict::worse_than_best:
      return "below the best";
    case ActingVerdict::not_shown:
      return "return not shown";
    case ActingVerdict::actions_as_evidence:
      return "takes own actions as evidence";
    case ActingVerdict::actions_as_interventions:
      return "takes own actions as interventions";
    case ActingVerdict::no_index:
      return "cue costs nothing";
  }
  throw LogicError("unknown verdict of a policy that acts");
}

Estimate ConfusedSeeds::share() const {
  if (seeds == 0) return {};
  constexpr double kCoverage = 0.95;
  return fits::share_of(confused, seeds, kCoverage);
}

std::vector<ActingLine> acting_lines(const ResultsView& view, const std::string& experiment,
                                     const ActingOptions& options) {
  std::vector<ActingLine> lines;
  for (const ResultsView::Line& line : view.lines_by_environment(options.baseline_method)) {
    ActingLine one = measured_line(view, line, experiment, options);
    if (!one.returns.empty()) lines.push_back(std::move(one));
  }
  std::vector<PairedTest> tests;
  std::vector<std::size_t> tested;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const ActingLine* other = watching_line(lines, lines[i], options);
    if (other == nullptr) continue;
    if (other == &lines[i]) {
      lines[i].watches = true;
      continue;
    }
    const SeedCells differences = lines[i].returns.minus(other->returns);
    if (differences.empty()) continue;
    const std::string key =
        fmt::format("{} {} {} acting change", experiment, lines[i].name, other->name);
    lines[i].change = differences.estimate(key);
    tests.push_back(paired_test(differences, key + " p"));
    tested.push_back(i);
  }
  adjust(tests);
  for (std::size_t i = 0; i < tested.size(); ++i) lines[tested[i]].test = tests[i];
  return lines;
}

}  // namespace spurion::analysis::questions
