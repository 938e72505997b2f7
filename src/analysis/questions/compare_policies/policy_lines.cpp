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
/// `phase`: of a stream; none: the last one. Returns of reference policies are stored in phase 0.
std::optional<double> in_domain(const TrialResult& trial, const std::string& domain,
                                MetricId metric, std::optional<std::int64_t> phase = 0) {
  const std::string& name = core::stored_name(metric);
  if (const auto value = number(trial, domain, name, phase)) return value;
  if (domain != core::stored_domain(core::MeasuredIn::in_distribution)) return {};
  double sum = 0.0;
  std::int64_t count = 0;
  while (const auto value = number(trial, core::stored_train(count), name, phase)) {
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

/// The return of the optimal policy in the domain, where it is known exactly. In distribution it
/// must be so in every train domain.
std::optional<double> exact_optimum(const TrialResult& trial, const std::string& domain) {
  const std::string& optimum = core::stored_name(MetricId::return_optimal);
  const std::string& error = core::stored_name(MetricId::return_optimal_error);
  std::int64_t count = 0;
  if (!number(trial, domain, optimum, 0)) {
    while (number(trial, core::stored_train(count), optimum, 0)) {
      if (number(trial, core::stored_train(count), error, 0) != 0.0) return {};
      ++count;
    }
  } else if (number(trial, domain, error, 0) != 0.0) {
    return {};
  }
  return in_domain(trial, domain, MetricId::return_optimal);
}

/// What the mean return of a line can be: no policy beats the optimal one. Unbounded where some
/// trial does not know its return exactly.
Range range_of_returns(const ResultsView& view, const ResultsView::Line& line,
                       const std::string& domain) {
  Range range;
  std::optional<double> most;
  for (const ActingRow& row : view.rows(line)) {
    const auto optimum = exact_optimum(*row.trial, domain);
    if (!optimum) return range;
    most = std::max(most.value_or(*optimum), *optimum);
  }
  if (most) range.high = *most;
  return range;
}

/// A scale for returns with two known ones as its ends, one of which is the best return.
struct ReturnScale {
  const std::string& domain;
  MetricId zero;  ///< the return that counts as 0
  MetricId one;   ///< the return that counts as 1
  MetricId best;  ///< which of them is the best
};

/// Where the return of each trial lies on the scale. A trial is left out where the best return is
/// not above the other end by more than rounding. `phase`: in which the return was reached.
SeedCells placed_returns(const ResultsView& view, const ResultsView::Line& line,
                         const ReturnScale& scale, std::optional<std::int64_t> phase) {
  SeedCells cells;
  for (const ActingRow& row : view.rows(line)) {
    const auto reached = in_domain(*row.trial, scale.domain, MetricId::mean_return, phase);
    const auto zero = in_domain(*row.trial, scale.domain, scale.zero);
    const auto one = in_domain(*row.trial, scale.domain, scale.one);
    if (!reached || !zero || !one) continue;
    const bool ends_at_best = scale.one == scale.best;
    const double best = ends_at_best ? *one : *zero;
    const double width = best - (ends_at_best ? *zero : *one);
    if (!(width > kLeastCost * std::max(1.0, std::abs(best)))) continue;
    cells.add("", row.trial->spec.seed, (*reached - *zero) / (*one - *zero));
  }
  return cells;
}

/// The confusion index: 0 at the return of the best policy, 1 at that of the policy that follows
/// the cue.
SeedCells indices(const ResultsView& view, const ResultsView::Line& line,
                  const ActingOptions& options) {
  const MetricId best = best_return(options);
  return placed_returns(view, line, {options.domain, best, MetricId::return_cue, best}, {});
}

/// The return in the train domains: 0 at that of random actions, 1 at that of the best policy.
/// Nothing where policies are judged there: in imitation a return below the expert's in its own
/// states is the confusion that is asked about. Of a stream in its first phase: later ones may
/// change what was learned there.
SeedCells training_returns(const ResultsView& view, const ResultsView::Line& line,
                           const ActingOptions& options) {
  const core::MeasuredIn judged = core::parse_domain(options.domain).in;
  if (judged == core::MeasuredIn::in_distribution || judged == core::MeasuredIn::train) return {};
  const std::string domain = core::stored_domain(core::MeasuredIn::in_distribution);
  const MetricId best = best_return(options);
  return placed_returns(view, line, {domain, MetricId::return_random, best, best}, 0);
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
  if (line.trained.seeds > 1 && line.trained.high < kHalfWay && index.low > margin) {
    return ActingVerdict::did_not_learn;
  }
  if (index.low > kAsTheCue) return ActingVerdict::worse_than_cue;
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
  const auto estimate = [&](MetricId metric, const std::string& domain) {
    const std::string& name = core::stored_name(metric);
    return by_seed(view, line, domain, metric).estimate(key + name, range_of(name));
  };
  // Where the end of a scale is the best return that is possible, no policy lies beyond that end.
  const auto ends_at_optimum = [&](const Range& returns) {
    return options.best == "optimal" && std::isfinite(returns.high);
  };
  const std::string id = core::stored_domain(core::MeasuredIn::in_distribution);
  out.returns = by_seed(view, line, options.domain, MetricId::mean_return);
  out.confusion = indices(view, line, options);
  const Range returns = range_of_returns(view, line, options.domain);
  out.reached = out.returns.estimate(key + "return", returns);
  Range index_range;
  if (ends_at_optimum(returns)) index_range.low = 0.0;
  out.index = out.confusion.estimate(key + "index", index_range);
  Range trained_range;
  if (ends_at_optimum(range_of_returns(view, line, id))) trained_range.high = 1.0;
  out.trained = training_returns(view, line, options).estimate(key + "training", trained_range);
  out.accuracy = estimate(MetricId::accuracy, id);
  out.goal = estimate(MetricId::goal_rate, options.domain);
  out.proxy = estimate(MetricId::proxy_rate, options.domain);
  out.flips = estimate(MetricId::action_flip_rate, options.domain);
  out.repeats = estimate(MetricId::repeat_action_rate, options.domain);
  out.conditional = estimate(MetricId::conditional_kl, options.domain);
  out.interventional = estimate(MetricId::interventional_kl, options.domain);
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
    case ActingVerdict::worse_than_cue:
      return "worse than the cue";
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
