#include "analysis/questions/goodhart/pressure_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "analysis/best_of_n.hpp"
#include "spurion/analysis/trial_fields.hpp"

namespace spurion::analysis::questions::goodhart {

namespace {

using EnvironmentSeed = std::pair<std::string, std::int64_t>;

double weight_of(const TrialSpec& spec, const GoodhartOptions& options) {
  const auto place = options.weight.empty() ? std::nullopt : axis_value(spec, options.weight);
  return place ? place->number : 0.0;
}

/// What is no gain is taken as it is; all else is the difference.
std::vector<double> gain_over(const std::vector<double>& pressed, const std::vector<double>& base) {
  std::vector<double> out = pressed;
  for (std::size_t r = 0; r < out.size(); ++r) {
    if (r == kLearning || r == kDistance || r == kNats) continue;
    out[r] -= base[r];
  }
  return out;
}

/// Reads all trials of a question and makes its lines.
class LineMaker {
 public:
  LineMaker(const Study& study, const std::string& experiment, const GoodhartOptions& options)
      : options_(options),
        experiment_(experiment),
        view_(study, experiment, {options.weight}),
        reader_(study, view_, options) {
    for (const ResultsView::Row& row : view_.rows()) sort_in(row);
  }

  Pressures make() {
    for (const std::string& environment : view_.environments()) {
      add_filter(environment);
      add_losses(environment);
      add_checkpoints(environment);
      add_iterated(environment);
    }
    for (PressureLine& line : out_.lines) {
      line.gains = jackknife_over_seeds(line.numbers.seeds, line.numbers.statistic);
      judge_pressure(line, options_.margin);
    }
    return std::move(out_);
  }

 private:
  struct Pressed {
    const ResultsView::Row* row;
    double weight;
    std::vector<ModelState> states;
  };
  struct Mean {
    std::vector<double> sum;
    double count = 0.0;
  };

  [[nodiscard]] const std::string& or_own(const std::string& named) const {
    return named.empty() ? experiment_ : named;
  }
  [[nodiscard]] bool learned_enough(const std::vector<double>& readings) const {
    return !options_.learned_only || !(readings[kLearning] < 0.0);
  }

  void sort_in(const ResultsView::Row& row) {
    const TrialSpec& spec = row.trial->spec;
    std::vector<ModelState> states = reader_.states(*row.trial);
    if (states.empty()) return;
    const double weight = weight_of(spec, options_);
    const auto keep_if = [&](bool by_proxy, std::vector<Pressed>& kept) {
      if (by_proxy) kept.push_back({&row, weight, std::move(states)});
      out_.others += by_proxy ? 0 : 1;
    };
    if (spec.regime.name == options_.iterated_regime) {
      if (spec.experiment == or_own(options_.iterated_experiment)) {
        keep_if(options_.selects(spec), iterated_);
      }
      return;
    }
    if (weight > 0.0) {
      if (spec.experiment == or_own(options_.penalty_experiment)) {
        keep_if(options_.in_loss(spec), pressed_);
      }
      return;
    }
    if (spec.regime.name != options_.baseline_regime) return;
    if (spec.experiment == or_own(options_.penalty_experiment) && options_.in_loss(spec)) {
      // A penalty of weight 0 is no pressure; it stands in where the candidates lack the seed.
      add_base(spare_, row, states.back().readings);
    }
    if (spec.method.name != options_.baseline_method) return;
    if (spec.experiment == experiment_) add_base(base_, row, states.back().readings);
    if (spec.experiment == or_own(options_.checkpoint_experiment)) {
      free_.push_back({&row, weight, states});
    }
    if (spec.experiment == experiment_) {
      candidates_.push_back({&row, weight, {std::move(states.back())}});
    }
  }
  static void add_base(std::map<EnvironmentSeed, Mean>& all, const ResultsView::Row& row,
                       const std::vector<double>& readings) {
    Mean& mean = all[{row.environment, row.trial->spec.seed}];
    mean.sum.resize(readings.size(), 0.0);
    for (std::size_t r = 0; r < readings.size(); ++r) mean.sum[r] += readings[r];
    mean.count += 1.0;
  }
  /// The readings without pressure of the same environment and seed; none where there is no such
  /// trial.
  [[nodiscard]] std::vector<double> base_of(const ResultsView::Row& row) const {
    const EnvironmentSeed key{row.environment, row.trial->spec.seed};
    for (const auto* all : {&base_, &spare_}) {
      const auto found = all->find(key);
      if (found == all->end()) continue;
      std::vector<double> mean = found->second.sum;
      for (double& one : mean) one /= found->second.count;
      return mean;
    }
    return {};
  }

  void add_line(PressureKind kind, const std::string& what, const std::string& environment,
                PressureNumbers numbers) {
    if (numbers.places.empty() || numbers.seeds.empty()) return;
    PressureLine line;
    line.kind = kind;
    line.environment = environment;
    line.name = pressure_name(kind);
    if (!what.empty()) line.name += fmt::format(" ({})", what);
    if (view_.environments().size() > 1) line.name += ", " + environment;
    line.numbers = std::move(numbers);
    out_.lines.push_back(std::move(line));
  }

  void add_filter(const std::string& environment) {
    std::vector<Candidate> candidates;
    std::map<std::string, std::size_t> strata;
    for (const Pressed& one : candidates_) {
      if (one.row->environment != environment) continue;
      const std::vector<double>& readings = one.states.back().readings;
      if (!learned_enough(readings)) {
        ++out_.unlearned;
        continue;
      }
      const std::size_t stratum =
          strata.emplace(one.row->configuration, strata.size()).first->second;
      candidates.push_back({stratum, one.row->trial->spec.seed, readings});
    }
    add_line(PressureKind::filter, "", environment,
             filter_numbers(std::move(candidates), reader_.width()));
  }

  void add_losses(const std::string& environment) {
    std::set<std::string> methods;
    for (const Pressed& one : pressed_) {
      if (one.row->environment == environment) methods.insert(one.row->method);
    }
    for (const std::string& method : methods) {
      std::set<double> weights;
      for (const Pressed& one : pressed_) {
        if (one.row->environment == environment && one.row->method == method) {
          weights.insert(one.weight);
        }
      }
      std::vector<PressurePlace> places;
      for (const double weight : weights) places.push_back({weight});
      std::vector<PairedGains> models;
      for (const Pressed& one : pressed_) {
        if (one.row->environment != environment || one.row->method != method) continue;
        const std::vector<double> base = base_of(*one.row);
        if (base.empty()) {
          ++out_.unpaired;
          continue;
        }
        PairedGains model{one.row->trial->spec.seed,
                          std::vector<std::vector<double>>(places.size())};
        const auto place = std::distance(weights.begin(), weights.find(one.weight));
        model.gains[static_cast<std::size_t>(place)] = gain_over(one.states.back().readings, base);
        models.push_back(std::move(model));
      }
      add_line(PressureKind::loss, method, environment,
               paired_numbers(std::move(models), std::move(places), reader_.width()));
    }
  }

  /// The best of the last m checkpoints of each training; equal ones count alike.
  void add_checkpoints(const std::string& environment) {
    std::size_t fewest = 0;
    for (const Pressed& one : free_) {
      if (one.row->environment != environment || one.states.size() < 2) continue;
      fewest = fewest == 0 ? one.states.size() : std::min(fewest, one.states.size());
    }
    if (fewest < 2) return;
    std::vector<PressurePlace> places;
    for (const std::int64_t m : selection_sizes(static_cast<std::int64_t>(fewest))) {
      if (m > 1) places.push_back({static_cast<double>(m), selection_nats(m)});
    }
    std::vector<PairedGains> models;
    for (const Pressed& one : free_) {
      if (one.row->environment != environment || one.states.size() < fewest) continue;
      const std::vector<double>& last = one.states.back().readings;
      PairedGains model{one.row->trial->spec.seed, {}};
      for (const PressurePlace& place : places) {
        model.gains.push_back(
            gain_over(best_of_last(one.states, static_cast<std::size_t>(place.amount)), last));
      }
      models.push_back(std::move(model));
    }
    add_line(PressureKind::checkpoints, "", environment,
             paired_numbers(std::move(models), std::move(places), reader_.width()));
  }
  [[nodiscard]] std::vector<double> best_of_last(const std::vector<ModelState>& states,
                                                 std::size_t count) const {
    std::vector<double> best = states.back().readings;
    double equal = 1.0;
    for (std::size_t back = 2; back <= count; ++back) {
      const std::vector<double>& readings = states[states.size() - back].readings;
      if (!learned_enough(readings) || readings[kProxy] < best[kProxy]) continue;
      if (readings[kProxy] > best[kProxy]) {
        best = readings;
        equal = 1.0;
        continue;
      }
      equal += 1.0;
      for (std::size_t r = 0; r < best.size(); ++r) best[r] += (readings[r] - best[r]) / equal;
    }
    return best;
  }

  /// What the best of each round gained over the lineage that is never selected, which has 0 nats,
  /// is measured before it and was trained as often; none of a round without it. Over the run
  /// without pressure where no such lineage is stored.
  [[nodiscard]] std::vector<std::vector<double>> gains_of_rounds(const Pressed& one) const {
    const auto unselected = [](const ModelState& state) { return state.readings[kNats] == 0.0; };
    const bool twins = std::any_of(one.states.begin(), one.states.end(), unselected);
    const std::vector<double> free = twins ? std::vector<double>() : base_of(*one.row);
    std::vector<std::vector<double>> gains;
    if (!twins && free.empty()) return gains;
    const std::vector<double>* base = twins ? nullptr : &free;
    for (const ModelState& state : one.states) {
      if (twins && unselected(state)) {
        base = &state.readings;
        continue;
      }
      gains.push_back(base == nullptr ? std::vector<double>() : gain_over(state.readings, *base));
      if (twins) base = nullptr;
    }
    return gains;
  }

  void add_iterated(const std::string& environment) {
    std::map<std::string, std::vector<const Pressed*>> methods;
    for (const Pressed& one : iterated_) {
      if (one.row->environment == environment) {
        methods[fmt::format("{}, {}", one.row->method, one.row->regime)].push_back(&one);
      }
    }
    for (const auto& [method, trials] : methods) {
      std::size_t most = 0;
      std::vector<PairedGains> models;
      for (const Pressed* one : trials) {
        PairedGains model{one->row->trial->spec.seed, gains_of_rounds(*one)};
        if (model.gains.empty()) {
          ++out_.unpaired;
          continue;
        }
        most = std::max(most, model.gains.size());
        models.push_back(std::move(model));
      }
      std::vector<PressurePlace> places;
      for (std::size_t i = 1; i <= most; ++i) places.push_back({static_cast<double>(i)});
      for (PairedGains& model : models) model.gains.resize(most);
      add_line(PressureKind::iterated, methods.size() > 1 ? method : "", environment,
               paired_numbers(std::move(models), std::move(places), reader_.width()));
    }
  }

  const GoodhartOptions& options_;
  const std::string& experiment_;
  ResultsView view_;
  StateReader reader_;
  std::vector<Pressed> candidates_;  ///< their last states
  std::vector<Pressed> free_;        ///< with all states
  std::vector<Pressed> pressed_;
  std::vector<Pressed> iterated_;
  std::map<EnvironmentSeed, Mean> base_;
  std::map<EnvironmentSeed, Mean> spare_;
  Pressures out_;
};

}  // namespace

Study joined_study(const Study& study, const std::string& experiment,
                   const GoodhartOptions& options) {
  std::set<std::string> others = {options.penalty_experiment, options.checkpoint_experiment,
                                  options.iterated_experiment};
  others.erase("");
  others.erase(experiment);
  if (others.empty()) return study;
  std::vector<const TrialResult*> all = study.trials(experiment);
  for (const std::string& other : others) {
    const std::vector<const TrialResult*>& more = study.trials(other);
    all.insert(all.end(), more.begin(), more.end());
  }
  return study.with({{experiment, std::move(all)}});
}

Pressures pressures_of(const Study& study, const std::string& experiment,
                       const GoodhartOptions& options) {
  return LineMaker(joined_study(study, experiment, options), experiment, options).make();
}

}  // namespace spurion::analysis::questions::goodhart
