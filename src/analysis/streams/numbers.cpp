#include <algorithm>
#include <cmath>
#include <limits>

#include "core/measurement_names.hpp"
#include "spurion/analysis/evaluation_noise.hpp"
#include "spurion/analysis/streams.hpp"

namespace spurion::analysis {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
/// Within this distance of its neutral shift a cue is uninformative.
constexpr double kNeutral = 1e-12;

/// The number of the phase that a domain is, or -1.
std::int64_t phase_of(const std::string& domain) {
  const core::DomainKey key = core::parse_domain(domain);
  return key.in == core::MeasuredIn::phase ? key.number : -1;
}

double& cell(std::vector<std::vector<double>>& matrix, std::int64_t row, std::int64_t column) {
  return matrix[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
}

double mean_defined(const std::vector<double>& values) {
  double sum = 0.0;
  double count = 0.0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    sum += value;
    count += 1.0;
  }
  return count > 0.0 ? sum / count : kNan;
}

/// Regression: expresses cue contributions and flip rates in units of the target on their rows.
void in_units_of_target(StreamNumbers& out, const std::map<std::string, double>& cue_variance) {
  const auto usable = [](double variance) { return variance > 0.0 ? variance : kNan; };
  for (std::size_t on = 0; on < out.variance.size(); ++on) {
    double& variance = out.variance[on];
    variance = usable(std::isnan(variance) ? out.chance[on] : variance);
    for (auto& after : out.cue_contributions) after[on] /= variance;
  }
  for (auto& after : out.flips) {
    for (auto& [cue, rate] : after) {
      const auto found = cue_variance.find(cue);
      const bool known = found != cue_variance.end();
      rate /= std::sqrt(usable(known ? found->second : out.chance.front()));
    }
  }
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The cues that say something in the domains a phase is trained on.
std::vector<std::string> trained_cues(const StreamNumbers& numbers, std::size_t phase) {
  std::vector<std::string> cues = numbers.active[phase];
  if (phase >= numbers.also_trained.size()) return cues;
  for (const std::string& cue : numbers.also_trained[phase]) {
    if (!contains(cues, cue)) cues.push_back(cue);
  }
  return cues;
}

/// Whether a cue said something in training up to a phase.
bool ever_trained(const StreamNumbers& numbers, const std::string& cue, std::int64_t phase) {
  for (std::int64_t before = 0; before <= phase; ++before) {
    if (contains(trained_cues(numbers, static_cast<std::size_t>(before)), cue)) return true;
  }
  return false;
}

/// Reads the numbers of a trial into those of its stream, one stored number after the other.
class NumbersReader {
 public:
  explicit NumbersReader(StreamNumbers& out) : out_(out), score_(core::score_metric(out.accuracy)) {
    const auto count = static_cast<std::size_t>(out.phases);
    out.scores.assign(count, std::vector<double>(count, kNan));
    out.cue_contributions = out.scores;
    out.flips.resize(count);
    out.active.resize(count);
    out.also_trained.resize(count);
    out.bayes.assign(count, kNan);
    out.invariant = out.chance = out.variance = out.control_shift = out.bayes;
    out.cue_shifts.resize(count);
  }

  void add(const MeasurementRow& row) {
    if (row.phase >= out_.phases) return;
    const core::DomainKey domain = core::parse_domain(row.domain);
    const core::MetricKey metric = core::parse_metric(row.metric);
    if (domain.in == core::MeasuredIn::phase) add_of_phase(row, metric, domain.number);
    if (domain.in == core::MeasuredIn::cue) add_of_cue(row, metric, domain.cue);
    if (domain.in == core::MeasuredIn::stream) add_window(row, metric);
  }

  void finish() {
    if (!out_.accuracy) in_units_of_target(out_, cue_variance_);
    // Where there is one cue, it is informative wherever it has a shift.
    for (std::size_t phase = 0; !strengths_ && phase < out_.cue_shifts.size(); ++phase) {
      for (const auto& [cue, shift] : out_.cue_shifts[phase]) out_.active[phase].push_back(cue);
    }
  }

 private:
  void add_of_phase(const MeasurementRow& row, const core::MetricKey& metric, std::int64_t on) {
    const auto place = static_cast<std::size_t>(on);
    if (metric.id == score_) cell(out_.scores, row.phase, on) = row.value;
    const bool informative = std::abs(row.value) > kNeutral;
    switch (metric.id) {
      case core::MetricId::cue_contribution:
        cell(out_.cue_contributions, row.phase, on) = row.value;
        break;
      case core::MetricId::ceiling_bayes:
        out_.bayes[place] = row.value;
        break;
      case core::MetricId::ceiling_invariant:
        out_.invariant[place] = row.value;
        break;
      case core::MetricId::ceiling_chance:
        out_.chance[place] = row.value;
        break;
      case core::MetricId::control_shift_level:
        out_.control_shift[place] = row.value;
        break;
      case core::MetricId::target_variance:
        out_.variance[place] = row.value;
        break;
      case core::MetricId::shift:
        out_.cue_shifts[place][metric.cue] = row.value;
        break;
      case core::MetricId::cue_strength:
        // With several cues a shift alone does not say whether the cue is informative.
        strengths_ = true;
        if (informative) out_.active[place].push_back(metric.cue);
        break;
      case core::MetricId::trained_cue_strength:
        if (informative) out_.also_trained[place].push_back(metric.cue);
        break;
      default:
        break;
    }
  }

  void add_of_cue(const MeasurementRow& row, const core::MetricKey& metric,
                  const std::string& cue) {
    if (metric.id == core::MetricId::target_variance) cue_variance_[cue] = row.value;
    if (metric.id == core::reliance_metric(out_.accuracy)) {
      out_.flips[static_cast<std::size_t>(row.phase)][cue] = row.value;
    }
  }

  void add_window(const MeasurementRow& row, const core::MetricKey& metric) {
    if (metric.id == core::prequential(score_)) {
      StreamWindow window;
      window.phase = row.phase;
      window.step = row.step;
      window.score = row.value;
      out_.windows.push_back(window);
    }
    if (out_.windows.empty() || out_.windows.back().step != row.step) return;
    StreamWindow& window = out_.windows.back();
    if (metric.id == core::MetricId::window_rows) window.rows = row.value;
    if (metric.id == core::MetricId::regret) window.regret = row.value;
    if (metric.id == core::MetricId::invariant_regret) window.invariant_regret = row.value;
  }

  StreamNumbers& out_;
  core::MetricId score_;
  std::map<std::string, double> cue_variance_;
  bool strengths_ = false;
};

}  // namespace

std::optional<StreamNumbers> stream_numbers(const TrialResult& trial) {
  std::int64_t phases = 0;
  bool accuracy = false;
  const std::string& accuracy_name = core::stored_name(core::MetricId::accuracy);
  for (const MeasurementRow row : trial.measurements) {
    phases = std::max(phases, phase_of(row.domain) + 1);
    accuracy = accuracy || row.metric == accuracy_name;
  }
  if (phases < 2) return std::nullopt;
  StreamNumbers out;
  out.seed = trial.spec.seed;
  out.phases = phases;
  out.accuracy = accuracy;
  // Those of the phase that has fewest: numbers may be of any.
  for (std::int64_t phase = 0; phase < phases; ++phase) {
    const EvaluatedRows rows = evaluated_rows(trial, core::stored_phase(phase));
    out.rows = phase == 0 ? rows.rows : std::min(out.rows, rows.rows);
    out.same_rows = out.same_rows || rows.all;
  }
  NumbersReader reader(out);
  for (const MeasurementRow row : trial.measurements) reader.add(row);
  reader.finish();
  return out;
}

bool StreamNumbers::same(std::int64_t phase, std::int64_t other) const {
  const auto a = static_cast<std::size_t>(phase);
  const auto b = static_cast<std::size_t>(other);
  const auto level = [&](std::size_t at) {
    return at < control_shift.size() ? control_shift[at] : kNan;
  };
  const bool same_control = std::isnan(level(a)) ? std::isnan(level(b)) : level(a) == level(b);
  return cue_shifts[a] == cue_shifts[b] && active[a] == active[b] && same_control;
}

bool StreamNumbers::shifts(std::int64_t phase) const {
  return phase > 0 && !same(phase, phase - 1);
}

std::vector<std::string> StreamNumbers::newest(std::int64_t phase) const {
  for (std::int64_t now = phase; now > 0; --now) {
    const auto place = static_cast<std::size_t>(now);
    std::vector<std::string> changed;
    for (const std::string& cue : active[place]) {
      const auto here = cue_shifts[place].find(cue);
      const auto before = cue_shifts[place - 1].find(cue);
      const bool moved = here != cue_shifts[place].end() && before != cue_shifts[place - 1].end() &&
                         here->second != before->second;
      if (moved || !contains(active[place - 1], cue)) changed.push_back(cue);
    }
    if (!changed.empty()) return changed;
  }
  return phase == 0 || active.front().empty() ? trained_cues(*this, 0) : active.front();
}

double StreamNumbers::new_cue_reliance(std::int64_t phase, std::int64_t after) const {
  double worst = kNan;
  if (static_cast<std::size_t>(phase) >= active.size()) return worst;
  const std::vector<std::string> newer = newest(phase);
  for (const auto& [cue, rate] : flips[static_cast<std::size_t>(after)]) {
    if (contains(newer, cue)) worst = std::fmax(worst, rate);
  }
  return worst;
}

double StreamNumbers::old_cue_reliance(std::int64_t phase) const {
  double worst = kNan;
  const std::vector<std::string> newer = newest(phase);
  for (const auto& [cue, rate] : flips[static_cast<std::size_t>(phase)]) {
    if (!contains(newer, cue) && ever_trained(*this, cue, phase)) worst = std::fmax(worst, rate);
  }
  return worst;
}

double StreamNumbers::unseen_cue_reliance(std::int64_t phase) const {
  double worst = kNan;
  for (const auto& [cue, rate] : flips[static_cast<std::size_t>(phase)]) {
    if (!ever_trained(*this, cue, phase)) worst = std::fmax(worst, rate);
  }
  return worst;
}

double StreamNumbers::max_flip_rate(std::int64_t phase) const {
  double worst = kNan;
  for (const auto& [cue, rate] : flips[static_cast<std::size_t>(phase)]) {
    worst = std::fmax(worst, rate);
  }
  return worst;
}

double StreamNumbers::learned_on(std::int64_t phase, std::int64_t after) const {
  const auto on = static_cast<std::size_t>(phase);
  const auto then = static_cast<std::size_t>(after);
  return then < scores.size() ? scale(phase).beyond(scores[then][on]) : kNan;
}

/// Up to which share the larger of two classes counts as no larger than the other.
constexpr double kMostChance = 0.6;

double StreamNumbers::off_chance(std::int64_t after) const {
  double farthest = kNan;
  const auto then = static_cast<std::size_t>(after);
  for (std::size_t on = 0; then < scores.size() && on <= then; ++on) {
    if (std::isnan(scores[then][on])) continue;  // not measured
    const LearningScale own = scale(static_cast<std::int64_t>(on));
    double off = (accuracy ? 1.0 : -1.0) * (scores[then][on] - own.chance) - own.half_way();
    // Of two classes as likely a model may have learned to say the wrong one.
    if (accuracy && own.chance <= kMostChance && own.chance >= 1.0 - kMostChance) {
      off = std::fmax(off, 1.0 - own.chance - scores[then][on] - own.half_way());
    }
    if (std::isnan(own.half_way() + own.chance)) return kNan;
    farthest = std::fmax(farthest, off);
  }
  return farthest;
}

double StreamNumbers::forgetting(std::int64_t phase) const {
  std::vector<double> lost;
  const auto last = static_cast<std::size_t>(phase);
  const double sign = accuracy ? 1.0 : -1.0;
  for (std::size_t on = 0; on < last; ++on) {
    double best = kNan;
    for (std::size_t after = on; after < last; ++after) {
      best = std::fmax(best, sign * scores[after][on]);
    }
    lost.push_back(best - sign * scores[last][on]);
  }
  return mean_defined(lost);
}

double StreamNumbers::backward_transfer(std::int64_t phase) const {
  std::vector<double> gained;
  const auto last = static_cast<std::size_t>(phase);
  const double sign = accuracy ? 1.0 : -1.0;
  for (std::size_t on = 0; on < last; ++on) {
    gained.push_back(sign * (scores[last][on] - scores[on][on]));
  }
  return mean_defined(gained);
}

double StreamNumbers::zero_shot_score(std::int64_t phase) const {
  if (phase == 0) return kNan;
  const auto on = static_cast<std::size_t>(phase);
  return (accuracy ? 1.0 : -1.0) * (scores[on - 1][on] - chance[on]);
}

double StreamNumbers::forward_transfer() const {
  std::vector<double> gained;
  for (std::int64_t phase = 1; phase < phases; ++phase) gained.push_back(zero_shot_score(phase));
  return mean_defined(gained);
}

double StreamNumbers::recovery_rows(std::int64_t phase, double margin) const {
  if (!shifts(phase)) return kNan;
  double rows = 0.0;
  const double unit = accuracy ? 1.0 : variance[static_cast<std::size_t>(phase)];
  for (const StreamWindow& window : windows) {
    if (window.phase != phase) continue;
    if (std::isnan(window.regret)) return kNan;
    rows += window.rows;
    if (window.regret <= margin * unit) break;
  }
  return rows > 0.0 ? rows : kNan;
}

double StreamNumbers::recovery_rows(double margin) const {
  std::vector<double> rows;
  for (std::int64_t phase = 1; phase < phases; ++phase) {
    rows.push_back(recovery_rows(phase, margin));
  }
  return mean_defined(rows);
}

double StreamNumbers::max_regret(std::int64_t phase) const {
  double worst = kNan;
  for (const StreamWindow& window : windows) {
    if (window.phase == phase) worst = std::fmax(worst, window.regret);
  }
  return worst;
}

double StreamNumbers::max_regret() const {
  double worst = kNan;
  for (const StreamWindow& window : windows) worst = std::fmax(worst, window.regret);
  return worst;
}

double StreamNumbers::dynamic_regret() const {
  if (windows.empty()) return kNan;
  double sum = 0.0;
  for (const StreamWindow& window : windows) sum += window.regret * window.rows;
  return sum;
}

double StreamNumbers::relearning_change(std::int64_t phase) const {
  for (std::int64_t early = 1; early + 1 < phase; ++early) {
    bool others_between = false;
    for (std::int64_t between = early + 1; between < phase; ++between) {
      others_between = others_between || !same(between, phase);
    }
    if (!same(early, phase) || !others_between) continue;
    const auto late = static_cast<std::size_t>(phase);
    const auto first = static_cast<std::size_t>(early);
    return (accuracy ? 1.0 : -1.0) * (scores[late][late] - scores[first][first]);
  }
  return kNan;
}

double StreamNumbers::relearning_change() const {
  for (std::int64_t phase = phases - 1; phase > 1; --phase) {
    const double change = relearning_change(phase);
    if (!std::isnan(change)) return change;
  }
  return kNan;
}

}  // namespace spurion::analysis
