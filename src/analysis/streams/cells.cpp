#include "analysis/streams/cells.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <utility>

#include "analysis/configuration_notes.hpp"
#include "analysis/configurations.hpp"
#include "analysis/variant_names.hpp"
#include "core/measurement_names.hpp"
#include "spurion/analysis/results_view.hpp"

namespace spurion::analysis {

namespace {

/// The option that names how the stream moves; it is shown without its name.
constexpr const char* kTrajectory = "trajectory";

/// What else of a trial varies, without what a cell is named by.
std::string rest_of(const TrialSpec& spec, const std::set<std::string>& apart) {
  Value canonical = canonical_without_seed(spec);
  for (const char* key : {"environment", "regime", "method"}) canonical.as_table().erase(key);
  for (const std::string& option : apart) erase_option(canonical, option);
  return canonical.canonical_json();
}

/// ", model = mlp, training.rows = 500": what of model, optimiser and training is not the same in
/// all trials of a group, but for what is `apart`.
class ConfigurationNames {
 public:
  ConfigurationNames(const std::vector<const TrialResult*>& group,
                     const std::set<std::string>& apart) {
    for (const TrialResult* trial : group) models_.insert(trial->spec.model.name);
    for (const std::string& option : differing_options(group)) {
      const std::string section = option.substr(0, option.find('.'));
      const bool named = section == "model" || section == "optimizer" || section == "training";
      if (named && apart.count(option) == 0) differing_.insert(option);
    }
  }
  [[nodiscard]] std::string operator()(const TrialSpec& spec) const {
    std::string text = models_.size() > 1 ? ", " + spec.model.name : std::string();
    for (const std::string& option : differing_) {
      const Value* value = option_of(spec, option);
      if (value != nullptr) text += fmt::format(", {} = {}", option, value->canonical_json());
    }
    return text;
  }

 private:
  std::set<std::string> models_;
  std::set<std::string> differing_;
};

}  // namespace

/// The rate that rows leave most unsure.
constexpr double kMostUnsure = 0.5;

RowNoise row_noise(const StreamNumbers& trial, OnRows kind, double value) {
  if (!trial.accuracy) return {};
  double windows = 0.0;
  switch (kind) {
    case OnRows::rate:
      return rate_noise(value, trial.rows, trial.same_rows);
    case OnRows::paired:
      return paired_noise(value, trial.rows, trial.same_rows);
    case OnRows::score_less_exact:
      return rate_noise(kMostUnsure, trial.rows, trial.same_rows);
    case OnRows::stream:
      for (const StreamWindow& window : trial.windows) windows += window.rows;
      return rate_noise(value, windows);
    case OnRows::none:
      break;
  }
  return {};
}

std::string show_defined(const Estimate& estimate, int digits) {
  return estimate.count == 0 ? "-" : show(estimate, digits);
}

namespace {

/// The trials of these experiments. A trial that several of them share is one trial.
std::vector<const TrialResult*> distinct_trials(const Study& study,
                                                const std::set<std::string>& experiments) {
  std::vector<const TrialResult*> trials;
  std::set<std::string> seen;
  for (const std::string& experiment : experiments) {
    for (const TrialResult* trial : study.trials(experiment)) {
      if (experiments.size() > 1 && !seen.insert(trial->spec.id()).second) continue;
      trials.push_back(trial);
    }
  }
  return trials;
}

}  // namespace

TrialCells cells_of(const Study& study, const std::set<std::string>& experiments,
                    const std::set<std::string>& scaled, const std::string& axis) {
  TrialCells out;
  const std::vector<const TrialResult*> trials = distinct_trials(study, experiments);
  std::set<std::string> apart = scaled;
  for (const std::string& experiment : experiments) {
    const std::set<std::string>& searched = study.searched_options(experiment);
    apart.insert(searched.begin(), searched.end());
  }
  // What shapes the stream is part of the environment, not of the regime.
  std::set<std::string> stream;
  for (const TrialResult* trial : trials) {
    const std::set<std::string>& options = study.stream_options(trial->spec.regime.name);
    stream.insert(options.begin(), options.end());
  }
  const auto named = [&](const std::string& section, bool of_stream) {
    return [&, section, of_stream](const std::string& option) {
      const bool shapes = section == "regime" && stream.count(option) != 0;
      return option != kTrajectory && apart.count(section + "." + option) == 0 &&
             shapes == of_stream;
    };
  };
  const VariantNames environments(trials, &TrialSpec::environment, named("environment", false));
  const VariantNames regimes(trials, &TrialSpec::regime, named("regime", false));
  const VariantNames streams(trials, &TrialSpec::regime, named("regime", true));
  const VariantNames methods(trials, &TrialSpec::method, named("method", false));
  out.note = shared_options_note(trials, "erm", apart);
  struct Group {
    std::vector<const TrialResult*> trials;
    std::vector<StreamNumbers> numbers;  ///< of each
  };
  std::map<CellKey, Group> groups;
  for (const TrialResult* trial : trials) {
    out.fates[regimes(trial->spec) + ", " + methods(trial->spec)].add(*trial);
    if (trial->status != Status::done) continue;
    std::optional<StreamNumbers> numbers = stream_numbers(*trial);
    if (!numbers) {
      ++out.offline;
      continue;
    }
    const TrialSpec& spec = trial->spec;
    CellKey key;
    key.world = environments(spec);
    if (const Value* trajectory = spec.regime.options.find(kTrajectory)) {
      key.world += ", " + trajectory->as_string();
    }
    key.world += streams.options(spec);
    key.regime = regimes(spec);
    key.method = methods(spec);
    if (!axis.empty()) {
      const auto scale = axis_value(*trial, axis);
      if (!scale) continue;
      key.scale = scale->number;
    }
    groups[key].trials.push_back(trial);
    groups[key].numbers.push_back(*std::move(numbers));
  }
  for (auto& [group, members] : groups) {
    // Trials of several models or lengths are not averaged into one verdict.
    const ConfigurationNames configurations(members.trials, apart);
    for (std::size_t i = 0; i < members.trials.size(); ++i) {
      const TrialResult* trial = members.trials[i];
      CellKey key = group;
      key.world += configurations(trial->spec);
      StreamCell& cell = out.cells[key];
      cell.strata[rest_of(trial->spec, apart)].push_back(std::move(members.numbers[i]));
      cell.environment = environments(trial->spec);
      cell.spent += number(*trial, core::stored_domain(core::MeasuredIn::stream),
                           core::stored_name(core::MetricId::spent))
                        .value_or(std::nan(""));
      cell.cost.steps += trial->cost.steps;
      cell.cost.rows_seen += trial->cost.rows_seen;
      cell.cost.labels_used += trial->cost.labels_used;
      cell.cost.flops += trial->cost.flops;
      ++cell.trials;
    }
  }
  return out;
}

}  // namespace spurion::analysis
