#include "spurion/analysis/results_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>

#include "analysis/adapted_trials.hpp"
#include "analysis/by_layout.hpp"
#include "analysis/configuration_notes.hpp"
#include "analysis/configurations.hpp"
#include "analysis/domain_noise.hpp"
#include "analysis/natural_order.hpp"
#include "analysis/paired_test.hpp"
#include "analysis/trial_numbers.hpp"
#include "analysis/variant_names.hpp"
#include "core/counted.hpp"
#include "core/measurement_names.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

bool is_variant_of(const std::string& name, const std::string& component) {
  return name == component || name.rfind(component + " (", 0) == 0;
}

/// A model that was scored on train domains alone has no test domain.
bool has_accuracy(const TrialResult& trial) {
  return number(trial, core::stored_domain(core::MeasuredIn::test),
                core::stored_name(core::MetricId::accuracy)) ||
         number(trial, core::stored_domain(core::MeasuredIn::in_distribution),
                core::stored_name(core::MetricId::accuracy));
}

}  // namespace

ResultsView::ResultsView(const Study& study, const std::string& experiment,
                         const std::set<std::string>& axes, Tasks tasks) {
  const std::vector<const TrialResult*>& trials = study.trials(experiment);
  bool accuracy = false;
  ByLayout<bool> accurate;  // trials that have an accuracy
  for (const TrialResult* trial : trials) {
    accuracy = accuracy || accurate.of(*trial, has_accuracy);
    draws_ = draws_ || trial->spec.config_index > 0;
  }
  if (!accuracy) score_ = core::stored_name(core::MetricId::loss);
  unnamed_ = study.searched_options(experiment);
  for (const std::string& axis : axes) {
    unnamed_.insert(axis_option(axis));
    if (!is_cost_axis(axis)) continue;
    // What makes a trial cost more is its place on the axis, and no configuration of its own.
    for (const std::string& option : differing_options(trials)) {
      if (option.rfind("model.", 0) == 0 || option.rfind("training.", 0) == 0) {
        unnamed_.insert(option);
      }
    }
  }
  const auto named = [&](const char* section) {
    return [this, section](const std::string& option) {
      return unnamed_.count(section + ("." + option)) == 0;
    };
  };
  const VariantNames methods(trials, &TrialSpec::method, named("method"));
  const VariantNames regimes(trials, &TrialSpec::regime, named("regime"));
  const VariantNames environments(trials, &TrialSpec::environment, named("environment"));
  struct Placed {
    const TrialResult* trial;
    const GroupKey* names;
    std::size_t configuration;
  };
  std::vector<Placed> placed;
  placed.reserve(trials.size());
  std::optional<Configurations> configurations(unnamed_);
  auto last = groups_.end();  // neighbours often share it
  for (const TrialResult* trial : trials) {
    const bool done = trial->status == Status::done;
    if (done && tasks == Tasks::one && accuracy && !accurate.of(*trial, has_accuracy)) {
      ++of_another_task_;
      continue;
    }
    GroupKey names(methods(trial->spec), regimes(trial->spec), environments(trial->spec));
    if (last == groups_.end() || last->first != names) {
      last = groups_.try_emplace(std::move(names)).first;
    }
    last->second.fates.add(*trial);
    if (!done) continue;
    last->second.rows.push_back(placed.size());
    placed.push_back({trial, &last->first, configurations->of(trial->spec)});
  }
  const std::vector<std::size_t> ranks = configurations->ranks();
  configurations.reset();
  configurations_.reserve(ranks.size());
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    configurations_.push_back(fmt::format("{:08}", rank));
  }
  rows_.reserve(placed.size());
  ranks_.reserve(placed.size());
  for (const Placed& one : placed) {
    const auto& [method, regime, environment] = *one.names;
    const std::size_t rank = ranks[one.configuration];
    ranks_.push_back(static_cast<std::uint32_t>(rank));
    rows_.push_back({one.trial, method, regime, environment, configurations_[rank]});
  }
  for (auto& [key, group] : groups_) group.ordered = by_configuration(group.rows);
  draws_ = draws_ && has_several_samples();
}

std::vector<std::size_t> ResultsView::by_configuration(std::vector<std::size_t> places) const {
  struct Ordered {
    std::uint32_t rank;
    std::int64_t seed;
    std::size_t place;
  };
  std::vector<Ordered> ordered;
  ordered.reserve(places.size());
  for (const std::size_t place : places) {
    ordered.push_back({ranks_[place], rows_[place].trial->spec.seed, place});
  }
  std::stable_sort(ordered.begin(), ordered.end(), [](const Ordered& a, const Ordered& b) {
    return std::tie(a.rank, a.seed) < std::tie(b.rank, b.seed);
  });
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = ordered[i].place;
  return places;
}

bool ResultsView::has_several_samples() const {
  for (const auto& [key, group] : groups_) {
    for (std::size_t i = 1; i < group.ordered.size(); ++i) {
      const std::size_t one = group.ordered[i - 1];
      const std::size_t next = group.ordered[i];
      if (ranks_[one] != ranks_[next]) continue;
      const TrialSpec& first = rows_[one].trial->spec;
      const TrialSpec& second = rows_[next].trial->spec;
      if (first.seed == second.seed && first.config_index != second.config_index) return true;
    }
  }
  return false;
}

std::vector<const ResultsView::Group*> ResultsView::groups(const Line& line) const {
  std::vector<const Group*> own;
  for (auto one = groups_.lower_bound({line.method, line.regime, line.environment});
       one != groups_.end(); ++one) {
    const auto& [method, regime, environment] = one->first;
    if (method != line.method || regime != line.regime) break;
    if (!line.environment.empty() && environment != line.environment) break;
    own.push_back(&one->second);
  }
  return own;
}

std::vector<std::reference_wrapper<const ResultsView::Row>> ResultsView::rows(
    const Line& line) const {
  std::vector<std::size_t> places;
  const std::vector<const Group*> own = groups(line);
  for (const Group* group : own) {
    places.insert(places.end(), group->rows.begin(), group->rows.end());
  }
  if (own.size() > 1) std::sort(places.begin(), places.end());
  return rows_at(places);
}

std::vector<std::reference_wrapper<const ResultsView::Row>> ResultsView::ordered_rows(
    const Line& line) const {
  const std::vector<const Group*> own = groups(line);
  if (own.size() == 1) return rows_at(own.front()->ordered);
  std::vector<std::size_t> places;
  for (const Group* group : own) {
    places.insert(places.end(), group->rows.begin(), group->rows.end());
  }
  std::sort(places.begin(), places.end());
  return rows_at(by_configuration(std::move(places)));
}

std::vector<std::reference_wrapper<const ResultsView::Row>> ResultsView::rows_at(
    const std::vector<std::size_t>& places) const {
  std::vector<std::reference_wrapper<const Row>> rows;
  rows.reserve(places.size());
  for (const std::size_t place : places) rows.emplace_back(rows_[place]);
  return rows;
}

TrialFates ResultsView::fates(const Line& line) const {
  TrialFates sum;
  for (const Group* group : groups(line)) sum.add(group->fates);
  return sum;
}

std::string ResultsView::fates_text(const std::vector<Line>& lines) const {
  std::string text;
  for (const Line& line : lines) {
    const std::string name =
        line.environment.empty() ? line.name : fmt::format("{} in {}", line.name, line.environment);
    text += fates(line).sentence(name);
  }
  return text;
}

std::vector<std::string> ResultsView::methods(const std::string& first) const {
  std::set<std::string, NaturalOrder> names;
  for (const auto& [key, group] : groups_) names.insert(std::get<0>(key));
  std::vector<std::string> ordered(names.begin(), names.end());
  std::stable_partition(ordered.begin(), ordered.end(),
                        [&](const std::string& name) { return is_variant_of(name, first); });
  return ordered;
}

std::vector<std::string> ResultsView::regimes() const {
  std::set<std::string, NaturalOrder> names;
  for (const auto& [key, group] : groups_) names.insert(std::get<1>(key));
  std::vector<std::string> ordered(names.begin(), names.end());
  for (const char* regime : {"online", "continual", "offline"}) {
    std::stable_partition(ordered.begin(), ordered.end(),
                          [&](const std::string& name) { return is_variant_of(name, regime); });
  }
  return ordered;
}

std::vector<ResultsView::Line> ResultsView::lines(const std::string& first) const {
  std::set<std::pair<std::string, std::string>> pairs;
  for (const auto& [key, group] : groups_) pairs.emplace(std::get<0>(key), std::get<1>(key));
  const std::vector<std::string> all_methods = methods(first);
  const std::vector<std::string> all_regimes = regimes();
  std::vector<Line> ordered;
  for (const std::string& regime : all_regimes) {
    for (const std::string& method : all_methods) {
      if (pairs.count({method, regime}) == 0) continue;
      const std::string name = all_regimes.size() == 1   ? method
                               : all_methods.size() == 1 ? regime
                                                         : fmt::format("{}, {}", regime, method);
      ordered.push_back({method, regime, name, {}});
    }
  }
  return ordered;
}

SeedCells ResultsView::numbers(const Line& line, const std::string& domain,
                               const std::string& metric) const {
  const auto own = ordered_rows(line);
  SeedCells cells;
  cells.reserve(own.size());
  NumberFinder number_of(domain, metric);
  DomainNoise noise_of(domain, metric);
  for (const Row& row : own) {
    const auto value = number_of(*row.trial);
    if (!value) continue;
    cells.add(row.configuration, row.trial->spec.seed, *value, noise_of(*row.trial, *value));
  }
  return cells;
}

SeedCells ResultsView::learning(const Line& line) const {
  const auto own = ordered_rows(line);
  SeedCells cells;
  cells.reserve(own.size());
  LearningFinder learning_of(score_);
  for (const Row& row : own) learning_of.add(cells, row.configuration, *row.trial);
  return cells;
}

SeedCells ResultsView::flips(const Line& line) const {
  const auto own = ordered_rows(line);
  SeedCells cells;
  cells.reserve(own.size());
  FlipFinder flip_of;
  DomainNoise noise_of(core::stored_domain(core::MeasuredIn::test),
                       core::stored_name(core::MetricId::flip_rate));
  for (const Row& row : own) {
    const auto flip = flip_of(*row.trial);
    if (!flip) continue;
    cells.add(row.configuration, row.trial->spec.seed, *flip, noise_of(*row.trial, *flip));
  }
  return cells;
}

std::vector<std::string> ResultsView::environments() const {
  std::set<std::string, NaturalOrder> names;
  for (const auto& [key, group] : groups_) names.insert(std::get<2>(key));
  return {names.begin(), names.end()};
}

std::vector<ResultsView::Line> ResultsView::lines_by_environment(const std::string& first) const {
  const std::vector<Line> plain = lines(first);
  const std::vector<std::string> worlds = environments();
  if (worlds.size() < 2) return plain;
  std::vector<Line> each;
  for (const std::string& world : worlds) {
    for (Line line : plain) {
      line.environment = world;
      if (fates(line).all() > 0) each.push_back(std::move(line));
    }
  }
  return each;
}

std::vector<ResultsView::Line> ResultsView::regime_lines() const {
  std::vector<Line> all = lines();
  if (all.size() == 1) all.front().name = all.front().regime;
  return all;
}

std::string ResultsView::note(bool environments, const std::string& first) const {
  // The seeds and draws of a configuration differ in nothing else: one of them tells.
  std::vector<const TrialResult*> trials;
  for (const auto& [key, group] : groups_) {
    std::optional<std::uint32_t> last;
    for (const std::size_t place : group.ordered) {
      if (last == ranks_[place]) continue;
      last = ranks_[place];
      trials.push_back(rows_[place].trial);
    }
  }
  std::string text = averaged_note(trials, unnamed_, environments);
  text += shared_options_note(trials, first, unnamed_);
  if (draws_) text += " Hyper-parameter configurations of a seed are averaged.";
  ByLayout<bool> adapted;
  if (std::any_of(trials.begin(), trials.end(),
                  [&](const TrialResult* trial) { return adapted.of(*trial, was_adapted); })) {
    text +=
        " Trials that adapt at test time: numbers are those after the adaptation to unlabelled "
        "rows of each domain.";
  }
  if (of_another_task_ > 0) {
    text += fmt::format(" {} {} left out: use an experiment of its own for regression.",
                        core::counted(of_another_task_, "regression trial"),
                        core::is_or_are(of_another_task_));
  }
  return text;
}

bool ResultsView::scored_by_accuracy() const {
  return score_ == core::stored_name(core::MetricId::accuracy);
}

std::string ResultsView::score_text() const {
  return scored_by_accuracy() ? "accuracy" : "mean squared error";
}

std::optional<double> number(const TrialResult& trial, const std::string& domain,
                             const std::string& metric, std::optional<std::int64_t> phase) {
  return trial.measurements.last(domain, metric, phase);
}

std::optional<double> max_flip_rate(const TrialResult& trial, std::optional<std::int64_t> phase) {
  std::int64_t last = 0;
  for (const MeasurementRow row : trial.measurements) last = std::max(last, row.phase);
  const std::int64_t at = phase.value_or(last);
  const std::string& flip_rate = core::stored_name(core::MetricId::flip_rate);
  // A stream measures each cue on rows on which the others are uninformative.
  std::optional<double> alone;
  std::optional<double> shifted;
  for (const MeasurementRow row : trial.measurements) {
    if (row.metric != flip_rate || row.phase != at) continue;
    const core::MeasuredIn in = core::parse_domain(row.domain).in;
    const bool by_itself = in == core::MeasuredIn::cue;
    if (!by_itself && in != core::MeasuredIn::test && in != core::MeasuredIn::test_cue) continue;
    std::optional<double>& worst = by_itself ? alone : shifted;
    worst = std::max(worst.value_or(row.value), row.value);
  }
  return alone ? alone : shifted;
}

Range range_of(const MetricInfo& metric, bool accuracy) {
  const MetricRange& range = metric.range_of(accuracy);
  return {range.low, range.high};
}

Range range_of(const std::string& metric, bool accuracy) {
  const MetricInfo* own = core::own_metric(metric);
  return own == nullptr ? Range{} : range_of(*own, accuracy);
}

std::string show(double value, int digits) { return fmt::format("{:.{}f}", value, digits); }

std::string show_p(double p) {
  if (p < 0.0001) return "p < .0001";
  return fmt::format("p = {:.{}f}", p, digits_of_p(p, p < 0.01 ? 4 : 3));
}

std::string show(const Estimate& estimate, int digits) {
  if (std::isnan(estimate.value)) return "no number";
  // An interval around one seed's number would be made up.
  if (estimate.seeds == 1) return fmt::format("{} (one seed)", show(estimate.value, digits));
  return fmt::format("{:.{}f} [{:.{}f}, {:.{}f}]", estimate.value, digits, estimate.low, digits,
                     estimate.high, digits);
}

}  // namespace spurion::analysis
