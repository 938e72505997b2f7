#include "analysis/questions/scaling_law/law_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

#include "analysis/error_names.hpp"
#include "core/measurement_names.hpp"
#include "spurion/analysis/trial_fields.hpp"

namespace spurion::analysis::questions::scaling_law {

namespace {

using core::MeasuredIn;
using core::MetricId;
using core::stored_domain;
using core::stored_name;

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

std::optional<Scale> scale_of(const TrialResult& trial, const std::vector<std::string>& axes) {
  Scale scale;
  for (const std::string& axis : axes) {
    const auto value = axis_value(trial, axis);
    if (!value) return std::nullopt;
    scale.push_back(value->number);
  }
  return scale;
}

bool known(const std::optional<double>& value) { return value && std::isfinite(*value); }

/// Where a trial was trained last: in the last phase of a stream, else in the train domains. After
/// a stream that reversed a cue, the score in the train domains says nothing of the training.
std::string trained_in(const TrialResult& trial, const std::string& score) {
  std::string domain = stored_domain(MeasuredIn::in_distribution);
  for (std::int64_t phase = 1;; ++phase) {
    std::string next = core::stored_phase(phase);
    if (!number(trial, next, score)) return domain;
    domain = std::move(next);
  }
}

/// The ceiling of the domain `id` that a trial must reach; nothing where it is not stored.
std::optional<double> id_ceiling(const TrialResult& trial, const std::string& id,
                                 const std::string& wanted) {
  const auto bayes = number(trial, id, stored_name(MetricId::ceiling_bayes));
  const auto invariant = number(trial, id, stored_name(MetricId::ceiling_invariant));
  if (wanted == "none") return std::nullopt;
  const bool all_features =
      wanted == "bayes" || (wanted == "auto" && trial.spec.method.name == "erm");
  const std::optional<double>& ceiling = all_features && known(bayes) ? bayes : invariant;
  return known(ceiling) ? ceiling : std::nullopt;
}

/// How often the training shows each row; NaN where rows come as a stream.
double repeats_of(const TrialSpec& spec) {
  const auto of = [&](const char* field) {
    const auto value = axis_value(spec, field);
    return value ? value->number : kNotKnown;
  };
  const double rows = of("training.rows");
  if (spec.regime.name != "offline" || !(rows > 0.0)) return kNotKnown;
  const double batch = of("training.batch");
  // A batch of 0 is all rows.
  return of("training.steps") * (batch > 0.0 ? std::min(1.0, batch / rows) : 1.0);
}

/// Numbers that theory predicts: the number, the prediction, and what it states as its error.
struct Predicted {
  MetricId number;
  MetricId theory;
  MetricId error;
};
constexpr Predicted kPredicted[] = {
    {MetricId::gap, MetricId::theory_gap, MetricId::theory_gap_error},
    {MetricId::accuracy, MetricId::theory_score, MetricId::theory_score_error},
    {MetricId::loss, MetricId::theory_score, MetricId::theory_score_error},
    {MetricId::spurious_correlation, MetricId::theory_spurious_correlation,
     MetricId::theory_spurious_correlation_error}};

void add_theory(const TrialResult& trial, const LawOptions& options, LawTrial& out) {
  const MetricId metric = core::parse_metric(options.metric).id;
  for (const Predicted& one : kPredicted) {
    if (one.number != metric) continue;
    const auto value = number(trial, options.domain, stored_name(one.theory));
    if (!known(value)) return;
    out.theory = value;
    out.theory_error = number(trial, options.domain, stored_name(one.error)).value_or(0.0);
  }
}

ExactGaps exact_gaps(const ResultsView& view, const TrialResult& trial, const LawOptions& options) {
  ExactGaps out;
  const std::string id = stored_domain(MeasuredIn::in_distribution);
  // After a stream a gap is that of its last phase, and no predictor is exact in all of them.
  if (options.metric != stored_name(MetricId::gap)) return out;
  if (trained_in(trial, view.score()) != id) return out;
  const auto set = [&](double& value, MetricId ceiling) {
    const auto here = number(trial, options.domain, stored_name(ceiling));
    const auto there = number(trial, id, stored_name(ceiling));
    if (known(here) && known(there))
      value = view.scored_by_accuracy() ? *there - *here : *here - *there;
  };
  set(out.invariant, MetricId::ceiling_invariant);
  set(out.cue_only, MetricId::ceiling_spurious_only);
  set(out.population_erm, MetricId::ceiling_population_erm);
  return out;
}

/// The number that is followed, with its noise; "..._error" is 1 - "..._accuracy" where it is not
/// measured itself.
bool add_value(const TrialResult& trial, const StoredMetrics& metrics, const LawOptions& options,
               LawTrial& out) {
  MetricInfo metric = metrics.of(options.metric);  // says whether it is a rate
  auto value = number(trial, options.domain, options.metric);
  const std::string right = accuracy_of_error(options.metric);
  const bool turned = !value && !right.empty();
  if (turned) {
    metric.name = right;
    value = number(trial, options.domain, right);
  }
  if (!known(value)) return false;
  out.value = turned ? 1.0 - *value : *value;
  out.noise = row_noise(trial, options.domain, metric, *value).deviation;
  return true;
}

std::optional<LawTrial> law_trial(const ResultsView& view, const ResultsView::Row& row,
                                  const StoredMetrics& metrics, const LawOptions& options) {
  const TrialResult& trial = *row.trial;
  const auto scale = scale_of(trial, options.axes());
  LawTrial out;
  if (!scale || !add_value(trial, metrics, options, out)) return std::nullopt;
  out.trial = &trial;
  out.configuration = row.configuration;
  out.scale = *scale;
  const std::string id = trained_in(trial, view.score());
  out.id = number(trial, id, view.score());
  if (known(out.id)) out.id_noise = row_noise(trial, id, view.score(), *out.id).deviation;
  out.ceiling = id_ceiling(trial, id, options.id_ceiling);
  add_theory(trial, options, out);
  out.exact = exact_gaps(view, trial, options);
  return out;
}

/// The trials of configurations that every scale has, if some are such: else a scale would be the
/// mean of others than its neighbour.
void balance(LawLine& line) {
  std::map<std::string, std::set<Scale>> scales;
  std::set<Scale> all;
  for (const LawTrial& one : line.trials) {
    scales[one.configuration].insert(one.scale);
    all.insert(one.scale);
  }
  const auto whole = [&](const LawTrial& one) {
    return scales.at(one.configuration).size() == all.size();
  };
  if (std::none_of(line.trials.begin(), line.trials.end(), whole)) return;
  const auto rest = std::stable_partition(line.trials.begin(), line.trials.end(), whole);
  line.unbalanced = static_cast<std::size_t>(line.trials.end() - rest);
  line.trials.erase(rest, line.trials.end());
}

void add_scales(LawLine& line, const std::string& score) {
  for (const LawTrial& one : line.trials) {
    ScaleNumbers& scale = line.scales[one.scale];
    const std::int64_t seed = one.trial->spec.seed;
    scale.trials += 1.0;
    scale.flops += one.trial->cost.flops;
    scale.repeats += repeats_of(one.trial->spec);
    scale.theory += one.theory.value_or(kNotKnown);
    scale.theory_error += one.theory_error;
    scale.exact.invariant += one.exact.invariant;
    scale.exact.cue_only += one.exact.cue_only;
    scale.exact.population_erm += one.exact.population_erm;
    scale.learning.add_learning(one.configuration, *one.trial, score);
    RowNoise noise;
    noise.deviation = one.id_noise;
    if (const auto shortfall = one.shortfall(line.accuracy)) {
      scale.shortfall.add(one.configuration, seed, *shortfall, noise);
    }
    noise.deviation = one.noise;
    if (one.theory) {
      scale.theory_difference.add(one.configuration, seed, one.value - *one.theory, noise);
    }
  }
  for (auto& [place, scale] : line.scales) {
    for (double* sum :
         {&scale.flops, &scale.repeats, &scale.theory, &scale.theory_error, &scale.exact.invariant,
          &scale.exact.cue_only, &scale.exact.population_erm}) {
      *sum /= scale.trials;
    }
  }
}

/// A number that was measured at one update.
struct AtUpdate {
  std::optional<double> value;
  std::optional<double> id;
};

/// The numbers of a trial at each update that was measured; none of a stream, whose updates are
/// not of one training set.
std::map<std::int64_t, AtUpdate> updates_of(const LawTrial& one, const LawOptions& options,
                                            const std::string& score) {
  const std::string id = stored_domain(MeasuredIn::in_distribution);
  std::map<std::int64_t, AtUpdate> updates;
  for (const MeasurementRow row : one.trial->measurements) {
    if (row.phase != 0) return {};
    if (row.step <= 0 || !std::isfinite(row.value)) continue;
    if (row.domain == options.domain && row.metric == options.metric) {
      updates[row.step].value = row.value;
    } else if (row.domain == id && row.metric == score) {
      updates[row.step].id = row.value;
    }
  }
  return updates;
}

/// Training budgets: every update that was measured, at its share of the operations of its trial.
void add_budgets(LawLine& line, const LawOptions& options, const std::string& score) {
  struct Place {
    Budget budget;
    double trials = 0.0;
  };
  std::map<std::pair<Scale, std::int64_t>, Place> places;
  for (const LawTrial& one : line.trials) {
    const Cost& cost = one.trial->cost;
    if (!(cost.flops > 0.0) || cost.steps <= 0) continue;
    for (const auto& [step, at] : updates_of(one, options, score)) {
      if (!at.value || step > cost.steps) continue;
      Place& place = places[{one.scale, step}];
      const std::int64_t seed = one.trial->spec.seed;
      place.trials += 1.0;
      place.budget.scale = one.scale;
      place.budget.flops +=
          cost.flops * static_cast<double>(step) / static_cast<double>(cost.steps);
      place.budget.value.add(one.configuration, seed, *at.value);
      if (!at.id || !one.ceiling) continue;
      const double sign = line.accuracy ? 1.0 : -1.0;
      place.budget.shortfall.add(one.configuration, seed, sign * (*one.ceiling - *at.id));
    }
  }
  for (auto& [key, place] : places) {
    place.budget.flops /= place.trials;
    line.budgets.push_back(std::move(place.budget));
  }
  std::stable_sort(line.budgets.begin(), line.budgets.end(),
                   [](const Budget& a, const Budget& b) { return a.flops < b.flops; });
}

/// Why nothing can be fitted to a line.
std::string problem_of(const LawLine& line, const LawOptions& options) {
  const std::vector<std::string> axes = options.axes();
  for (const auto& [scale, numbers] : line.scales) {
    for (std::size_t i = 0; i < scale.size(); ++i) {
      if (!(scale[i] > 0.0)) {
        return fmt::format("{} = {} is not above 0, and a power law needs scales above 0", axes[i],
                           scale[i]);
      }
    }
  }
  return {};
}

}  // namespace

std::string ExactGaps::text() const {
  std::string out;
  const auto add = [&](const char* name, double value) {
    if (!std::isfinite(value)) return;
    // Sums of means may leave -0.
    out += fmt::format("{}{} {:.3f}", out.empty() ? "" : ", ", name,
                       std::abs(value) < 5e-4 ? 0.0 : value);
  };
  add("invariant", invariant);
  add("cue only", cue_only);
  add("unlimited rows", population_erm);
  return out;
}

std::optional<double> LawTrial::shortfall(bool accuracy) const {
  if (!known(id) || !ceiling) return std::nullopt;
  return accuracy ? *ceiling - *id : *id - *ceiling;
}

fits::ScalingData LawLine::data() const {
  struct Sums {
    double value = 0.0;
    double noise = 0.0;
    double count = 0.0;
  };
  using Cells = std::map<std::pair<Scale, std::int64_t>, Sums>;
  const auto add = [](Cells& cells, const LawTrial& one, double value, double noise) {
    Sums& sums = cells[{one.scale, one.trial->spec.seed}];
    sums.value += value;
    // Configurations of one seed are evaluated on the same rows.
    sums.noise += noise;
    sums.count += 1.0;
  };
  Cells gaps;
  Cells shortfalls;
  for (const LawTrial& one : trials) {
    add(gaps, one, one.value, one.noise);
    if (const auto own = one.shortfall(accuracy)) add(shortfalls, one, *own, one.id_noise);
  }
  const auto points = [](const Cells& cells) {
    std::vector<fits::ScalingPoint> out;
    for (const auto& [place, sums] : cells) {
      out.push_back({place.first, place.second, sums.value / sums.count, sums.noise / sums.count});
    }
    return out;
  };
  fits::ScalingData out{points(gaps), points(shortfalls)};
  // A ceiling that some trials lack says nothing of the others.
  if (out.id_shortfall.size() < out.gap.size()) out.id_shortfall.clear();
  return out;
}

std::vector<LawLine> lines_of(const Study& study, const std::string& experiment,
                              const LawOptions& options) {
  const std::vector<std::string> axes = options.axes();
  const ResultsView view(study, experiment, {axes.begin(), axes.end()});
  const std::vector<std::string> environments = view.environments();
  std::vector<LawLine> out;
  for (const ResultsView::Line& line : view.lines_by_environment("erm")) {
    LawLine own;
    own.line = line;
    own.accuracy = view.scored_by_accuracy();
    for (const ResultsView::Row& row : view.rows(line)) {
      auto trial = law_trial(view, row, study.metrics(), options);
      if (!trial) continue;
      own.environment = row.environment;
      own.component = row.trial->spec.environment.name;
      own.trials.push_back(*std::move(trial));
    }
    if (own.trials.empty()) continue;
    balance(own);
    std::stable_sort(own.trials.begin(), own.trials.end(),
                     [](const LawTrial& a, const LawTrial& b) {
                       return std::tie(a.scale, a.configuration, a.trial->spec.seed) <
                              std::tie(b.scale, b.configuration, b.trial->spec.seed);
                     });
    add_scales(own, view.score());
    add_budgets(own, options, view.score());
    own.problem = problem_of(own, options);
    out.push_back(std::move(own));
  }
  return out;
}

}  // namespace spurion::analysis::questions::scaling_law
