#include "analysis/questions/authenticity/probe_lines.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "analysis/paired_test.hpp"
#include "analysis/rank_agreement.hpp"
#include "analysis/student_distribution.hpp"
#include "core/measurement_names.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis::questions::authenticity {

namespace {

/// The probes that are asked about: those of the question, else all that the trials have.
std::vector<std::string> asked_probes(const ResultsView& view, const AuthenticityOptions& options) {
  if (!options.probes.empty()) return options.probes;
  std::set<std::string> names;
  std::set<const void*> layouts;
  for (const ResultsView::Row& row : view.rows()) {
    if (!layouts.insert(row.trial->measurements.layout()).second) continue;
    for (const MeasurementRow measured : row.trial->measurements) {
      if (measured.domain == options.domain && core::parse_probe(measured.metric)) {
        names.insert(measured.metric);
      }
    }
  }
  return {names.begin(), names.end()};
}

/// From the 5 % to the 95 % quantile.
double middle_range(std::vector<double> values) {
  if (values.empty()) return 0.0;
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<std::size_t>(std::ceil(0.95 * last))] -
         values[static_cast<std::size_t>(std::floor(0.05 * last))];
}

bool varies(const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return !values.empty() && *high - *low > kRounding * std::max(std::abs(*low), std::abs(*high));
}

Estimate mean_over_models(const std::vector<double>& values, const std::vector<std::int64_t>& seeds,
                          const Range& range) {
  if (values.empty()) return {};
  return jackknife_over_seeds(seeds,
                              [&](const std::vector<std::size_t>& items) {
                                double sum = 0.0;
                                for (const std::size_t item : items) sum += values[item];
                                return std::vector<double>{sum / static_cast<double>(items.size())};
                              })
      .estimate(0, range);
}

/// So many models that all pairs of them can be compared, spread evenly over all.
ProbedModels thinned(const ProbedModels& models) {
  const std::size_t step = 1 + (models.probe.size() - 1) / kMostRankedModels;
  ProbedModels out;
  for (std::size_t i = 0; i < models.probe.size(); i += step) {
    out.probe.push_back(models.probe[i]);
    out.truth.push_back(models.truth[i]);
    out.seeds.push_back(models.seeds[i]);
  }
  return out;
}

void judge_line(ProbeLine& line, const AuthenticityOptions& options) {
  using Verdict = AuthenticityVerdict;
  line.alone = Verdict::not_shown;
  if (line.spread < options.least_spread) {
    line.alone = Verdict::nothing_to_rank;
    return;
  }
  if (!varies(line.models.probe)) {
    // What never changes says nothing of what does; there is nothing to test.
    line.alone = line.tau.seeds > 1 ? Verdict::blind_to_cue : Verdict::not_shown;
    line.p = line.tau.seeds > 1 ? 0.0 : 1.0;
    return;
  }
  const auto claim = [&](Verdict verdict, double p) {
    if (line.alone != Verdict::not_shown || p > kTestLevel) return;
    line.alone = verdict;
    line.p = p;
  };
  const double tau = line.tau.value;
  const double high = options.least_agreement;
  const double near = options.blind_within;
  if (tau > high) claim(Verdict::authentic, tau_p(line.ranks, high));
  if (line.alone == Verdict::authentic) line.weaker_p = tau_p(line.ranks, 0.0);
  if (tau < 0.0) claim(Verdict::reversed, tau_p(line.ranks, 0.0));
  if (std::abs(tau) < near) {
    claim(Verdict::blind_to_cue, std::max(tau_p(line.ranks, near), tau_p(line.ranks, -near)));
  }
  if (tau > 0.0) claim(Verdict::partly_authentic, tau_p(line.ranks, 0.0));
}

void measure(ProbeLine& line, const AuthenticityOptions& options) {
  const ProbedModels ranked =
      line.models.probe.size() > kMostRankedModels ? thinned(line.models) : line.models;
  line.left_out = static_cast<std::int64_t>(line.models.probe.size() - ranked.probe.size());
  line.ranks = jackknifed_tau({ranked.probe, ranked.truth, ranked.seeds});
  line.tau = tau_interval(line.ranks);
  line.spread = middle_range(line.models.truth);
  line.calibration = calibration_of(line.models);
  line.reassurance = false_reassurance(line.models, options.limits());
  line.alarm = false_alarm(line.models, options.limits());
  judge_line(line, options);
}

/// Tau at the last place minus tau at the first. Where both have models of the same seeds, seed by
/// seed.
AgreementTrend trend_of(const ProbeLine& first, const ProbeLine& last) {
  AgreementTrend out;
  out.probe = first.probe;
  out.environment = first.environment;
  out.model = first.model;
  out.first = first.place;
  out.last = last.place;
  out.tau_first = first.tau;
  out.tau_last = last.tau;
  const std::set<std::int64_t> seeds(first.models.seeds.begin(), first.models.seeds.end());
  const bool paired =
      seeds == std::set<std::int64_t>(last.models.seeds.begin(), last.models.seeds.end()) &&
      first.ranks.drawn.size() == last.ranks.drawn.size();
  Jackknifed change;
  change.values = {last.ranks.values.front() - first.ranks.values.front()};
  change.items = first.ranks.items + last.ranks.items;
  change.seeds = std::min(first.ranks.seeds, last.ranks.seeds);
  change.freedom = std::min(first.ranks.freedom, last.ranks.freedom);
  if (paired) {
    for (std::size_t i = 0; i < first.ranks.drawn.size(); ++i) {
      change.drawn.push_back({last.ranks.drawn[i].front() - first.ranks.drawn[i].front()});
    }
    out.change = change.estimate(0, {-2.0, 2.0});
    out.p = change.p(0, 0.0);
  } else {
    const double error = std::hypot(first.ranks.error(0), last.ranks.error(0));
    out.change = {change.values.front(), change.values.front(), change.values.front(), change.items,
                  change.seeds};
    if (std::isfinite(error) && error > 0.0) {
      const double half = student_quantile(0.975, change.freedom) * error;
      out.change.low -= half;
      out.change.high += half;
      out.change = confined(out.change, {-2.0, 2.0});
      out.p = 2.0 * student_probability(-std::abs(out.change.value) / error, change.freedom);
    }
  }
  if (std::isnan(out.change.value)) {
    out.change.count = 0;
    out.p = 1.0;
  }
  out.key = fmt::format("{} to {}", first.key(), last.key());
  return out;
}

/// What names a line: probe, environment, model, place on the axis.
using LineKey = std::tuple<std::string, std::string, std::string, double>;

std::map<LineKey, ProbeLine> collected(const ResultsView& view,
                                       const AuthenticityOptions& options) {
  std::map<LineKey, ProbeLine> lines;
  for (const std::string& probe : asked_probes(view, options)) {
    const std::string truth = truth_of_probe(probe, options.truth);
    for (const ResultsView::Row& row : view.rows()) {
      const auto said = number(*row.trial, options.domain, probe);
      const auto is = number(*row.trial, options.domain, truth);
      if (!said || !is || !std::isfinite(*said) || !std::isfinite(*is)) continue;
      AxisValue place;
      if (!options.axis.empty()) {
        const auto found = axis_value(*row.trial, options.axis);
        if (!found) continue;
        place = *found;
      }
      const TrialSpec& spec = row.trial->spec;
      ProbeLine& line = lines[{probe, row.environment, spec.model.name,
                               options.axis.empty() ? 0.0 : place.number}];
      line.probe = probe;
      line.truth = truth;
      line.environment = row.environment;
      line.model = spec.model.name;
      line.place = place;
      const bool control = !options.controls.empty() && options.controls.matches(spec);
      ProbedModels& models = control ? line.controls : line.models;
      models.probe_range = range_of(probe, view.scored_by_accuracy());
      models.truth_range = range_of(truth, view.scored_by_accuracy());
      models.probe.push_back(*said);
      models.truth.push_back(*is);
      models.seeds.push_back(spec.seed);
    }
  }
  return lines;
}

}  // namespace

const char* authenticity_verdict_name(AuthenticityVerdict verdict) {
  switch (verdict) {
    case AuthenticityVerdict::authentic:
      return "authentic";
    case AuthenticityVerdict::partly_authentic:
      return "partly authentic";
    case AuthenticityVerdict::blind_to_cue:
      return "blind to the cue";
    case AuthenticityVerdict::reversed:
      return "reversed";
    case AuthenticityVerdict::not_shown:
      return "agreement not shown";
    case AuthenticityVerdict::nothing_to_rank:
      return "nothing to rank";
  }
  throw LogicError("unknown verdict on a probe");
}

const char* agreement_change_name(AgreementChange change) {
  switch (change) {
    case AgreementChange::rises:
      return "agreement rises";
    case AgreementChange::falls:
      return "agreement falls";
    case AgreementChange::not_shown:
      return "no change of agreement shown";
  }
  throw LogicError("unknown change of an agreement");
}

std::string truth_of_probe(const std::string& probe, const std::string& truth) {
  if (!truth.empty()) return truth;
  const auto key = core::parse_probe(probe);
  return key ? core::stored_name(core::MetricId::output_change, key->cue)
             : core::stored_name(core::MetricId::flip_rate);
}

std::string ProbeLine::key() const {
  return fmt::format("{} {} {} {} {} {} {}", probe, truth, environment, model, place.text,
                     fmt::join(models.probe, ","), fmt::join(models.truth, ","));
}

Authenticity measured_authenticity(const ResultsView& view, const AuthenticityOptions& options) {
  Authenticity found;
  std::set<std::string> probes;
  std::set<std::string> environments;
  std::set<std::string> models;
  for (auto& [key, line] : collected(view, options)) {
    probes.insert(line.probe);
    environments.insert(line.environment);
    models.insert(line.model);
    const ProbedModels& controls = line.controls;
    line.controls_probe = mean_over_models(controls.probe, controls.seeds, controls.probe_range);
    line.controls_truth = mean_over_models(controls.truth, controls.seeds, controls.truth_range);
    if (!line.controls.probe.empty()) found.controls.push_back(line);
    if (line.models.probe.empty()) continue;
    measure(line, options);
    found.lines.push_back(std::move(line));
  }
  for (ProbeLine& line : found.lines) {
    line.name = line.probe;
    if (environments.size() > 1) line.name += ", " + line.environment;
    if (models.size() > 1) line.name += ", " + line.model;
  }
  for (std::size_t begin = 0; begin < found.lines.size();) {
    std::size_t end = begin + 1;
    while (end < found.lines.size() && found.lines[end].name == found.lines[begin].name) ++end;
    if (!options.axis.empty() && end - begin > 1) {
      found.trends.push_back(trend_of(found.lines[begin], found.lines[end - 1]));
      found.trends.back().name = found.lines[begin].name;
    }
    begin = end;
  }
  if (!options.axis.empty()) {
    for (ProbeLine& line : found.lines) {
      line.name += fmt::format(", {} = {}", options.axis, line.place.text);
    }
  }
  return found;
}

void adjust_verdicts(Authenticity& found) {
  using Verdict = AuthenticityVerdict;
  for (ProbeLine& line : found.lines) {
    const bool claims = line.alone != Verdict::not_shown && line.alone != Verdict::nothing_to_rank;
    line.verdict = claims && line.adjusted_p > kTestLevel ? Verdict::not_shown : line.alone;
    if (line.verdict == line.alone || line.alone != Verdict::authentic) continue;
    if (line.adjusted_weaker_p > kTestLevel) continue;
    line.verdict = Verdict::partly_authentic;
    line.adjusted_p = line.adjusted_weaker_p;
  }
  for (AgreementTrend& trend : found.trends) {
    if (trend.adjusted_p > kTestLevel || trend.change.count == 0) continue;
    trend.outcome = trend.change.value > 0.0 ? AgreementChange::rises : AgreementChange::falls;
  }
}

}  // namespace spurion::analysis::questions::authenticity
