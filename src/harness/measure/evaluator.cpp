#include "harness/measure/evaluator.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/measurement_names.hpp"
#include "core/work_clock.hpp"
#include "harness/measure/ceiling_measurements.hpp"
#include "harness/measure/domain_scores.hpp"
#include "harness/measure/theory_measurements.hpp"
#include "nouns/border_checks.hpp"
#include "nouns/default_twin.hpp"
#include "nouns/named_domains.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

/// The lower of two values of each replica; one that is not a number, such as that of a group
/// without rows, does not count.
Tensor lowest(const Tensor& a, const Tensor& b) { return a.defined() ? at::fmin(a, b) : b; }

/// Accuracy and loss, where they are known.
MetricValues kept_scores(const MetricValues& values) {
  MetricValues kept;
  for (const core::MetricId id : core::kScoreMetrics) {
    const auto found = values.find(core::stored_name(id));
    if (found != values.end()) kept.insert(*found);
  }
  return kept;
}

}  // namespace

PackEvaluator::PackEvaluator(const Catalog& catalog, const RegimeContext& context,
                             std::vector<Phase> schedule, Options options)
    : context_(&context),
      schedule_(std::move(schedule)),
      options_(std::move(options)),
      scorer_(catalog, context.environments),
      columns_(declared_columns(catalog)),
      info_(&context.environments.front()->info()),
      measurements_(context.environments.size()),
      costs_(context.environments.size()),
      ended_(context.environments.size()) {
  twin_ = nouns::default_twin(*context.environments.front(), info_->cue);
  causal_twin_ = nouns::default_twin(*context.environments.front(), info_->causal);
}

std::int64_t PackEvaluator::held_out_rows(const Domain& domain) const {
  return std::min(options_.evaluation.rows,
                  context_->environments.front()->row_limit(domain, Split::test));
}

bool PackEvaluator::is_measured(const std::string& domain) const {
  if (core::is_measured_domain(domain)) return true;
  const auto train = context_->environments.front()->train_domains();
  return std::any_of(train.begin(), train.end(),
                     [&](const Domain& one) { return one.name == domain; });
}

bool PackEvaluator::averaged(const std::string& metric) const {
  if (const MetricInfo* own = core::own_metric(metric)) return own->averaged;
  const auto declared =
      std::find_if(columns_.begin(), columns_.end(),
                   [&](const MetricInfo& column) { return column.names(metric); });
  return declared != columns_.end() && declared->averaged;
}

void PackEvaluator::store(const ReplicaTrainer& trainer, std::int64_t phase, const Domain& domain,
                          const Values& values) {
  for (const auto& [metric, value] : values) keep(trainer, phase, domain, metric, value);
}

void PackEvaluator::record(const ReplicaTrainer& trainer, std::int64_t phase, const Domain& domain,
                           const std::string& metric, const Tensor& values) {
  nouns::check_record(domain, metric, values, trainer.replicas());
  if (is_measured(domain.name)) {
    throw PluginError(
        fmt::format("it records '{}' of domain '{}', which spurion evaluates itself; use another "
                    "name for the domain",
                    metric, domain.name));
  }
  const auto& rows = measurements_.front();
  for (auto row = rows.rbegin(); row != rows.rend() && row->step == trainer.step(); ++row) {
    if (row->phase != phase || row->domain != domain.name || row->metric != metric) continue;
    throw PluginError(fmt::format("it records '{}' of domain '{}' twice at step {}", metric,
                                  domain.name, trainer.step()));
  }
  keep(trainer, phase, domain, metric, values);
}

void PackEvaluator::keep(const ReplicaTrainer& trainer, std::int64_t phase, const Domain& domain,
                         const std::string& metric, const Tensor& values) {
  const Tensor dense = values.to(at::kCPU, at::kDouble).contiguous();
  for (std::size_t k = 0; k < measurements_.size(); ++k) {
    // The predictions of a frozen replica are no result of its method.
    if (!trainer.active().data_ptr<bool>()[k]) continue;
    const double value = dense.data_ptr<double>()[k];
    // Not a number: has no meaning here (a group without rows). Left out, never reported as 0.
    if (std::isnan(value)) continue;
    measurements_[k].push_back({phase, trainer.step(), domain.name, domain.shift, metric, value});
  }
}

void PackEvaluator::count_update(const ReplicaTrainer& trainer, const UpdateCounts& counts) {
  nouns::check_counts(counts, trainer.replicas());
  const auto replicas = static_cast<double>(costs_.size());
  double flops = static_cast<double>(counts.rows) * options_.step_flops_per_row;
  std::int64_t in_gradient = counts.rows;
  if (options_.counted != nullptr) {
    const CountingModel::Counted counted = options_.counted->take();
    flops = counted.flops / replicas;
    in_gradient = std::llround(counted.rows / replicas);
  }
  for (std::size_t k = 0; k < costs_.size(); ++k) {
    if (!trainer.active().data_ptr<bool>()[k]) continue;
    Cost& cost = costs_[k];
    ++cost.steps;
    cost.rows_seen +=
        in_gradient - (counts.zero_weight_rows.empty() ? 0 : counts.zero_weight_rows[k]);
    cost.labels_used += counts.new_labels[k];
    cost.flops += flops + (counts.flops.empty() ? 0.0 : counts.flops[k]);
  }
  if (options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed)) {
    if (stopping_ || context_->checkpoint == nullptr) throw Interrupted("stopped");
    stopping_ = true;
  }
  if (options_.progress) options_.progress(trainer.step());
}

void PackEvaluator::measure(ReplicaTrainer& trainer, std::int64_t phase, EvaluationScope scope) {
  if (stopping_) throw Interrupted("stopped");
  const core::ActivityScope timed(core::Activity::evaluation);
  if (phase < 0) throw PluginError(fmt::format("it evaluates phase {}", phase));
  measured_at_ = trainer.step();
  ask_evaluated(trainer);
  ask_reference(trainer);
  adapting_ = options_.adaptation ? options_.adaptation(trainer, phase) : std::nullopt;
  measure_now(trainer, phase, scope);
  adapting_.reset();
  adapted_to_.clear();
  scorer_.set_adapted({});
}

void PackEvaluator::measure_now(ReplicaTrainer& trainer, std::int64_t phase,
                                EvaluationScope scope) {
  Values id;
  measure_train_domains(trainer, phase, scope, id);
  measure_test_domain(trainer, phase, scope, id);
  measure_acting(trainer, phase, scope);
  // Off streams a selection may stop training at any update that was measured.
  if (scope != EvaluationScope::full) {
    if (schedule_.empty()) measure_validation(trainer, phase);
    return;
  }
  measure_each_cue(trainer, phase, id);
  // After a stream selection is made once all is over.
  if (phase + 1 >= static_cast<std::int64_t>(schedule_.size())) measure_validation(trainer, phase);
  measure_shift_curve(trainer, phase);
  measure_phases(trainer, phase);
  measure_coefficients(trainer, phase);
}

void PackEvaluator::ask_evaluated(const ReplicaTrainer& trainer) {
  if (!options_.evaluated) return;
  const at::NoGradGuard no_grad;
  scorer_.set_evaluated(options_.evaluated(trainer));
}

void PackEvaluator::add_shortcut_bias(const Domain& domain, Values& values) const {
  const auto found = values.find(core::stored_name(core::MetricId::flip_rate));
  if (found == values.end()) return;
  std::vector<double> optimal;
  for (const Environment* environment : scorer_.distinct()) {
    const Domain own = scorer_.own(*environment, domain);
    const std::optional<double> rate = environment->optimal_flip_rate(own);
    if (!rate) return;
    optimal.push_back(*rate);
  }
  Tensor bias = found->second.clone();
  for (std::size_t k = 0; k < costs_.size(); ++k) {
    bias[static_cast<std::int64_t>(k)] -= optimal[scorer_.source(k)];
  }
  values[core::stored_name(core::MetricId::shortcut_bias)] = bias;
}

void PackEvaluator::measure_train_domains(ReplicaTrainer& trainer, std::int64_t phase,
                                          EvaluationScope scope, Values& id) {
  const Intervention causal_twin =
      scope == EvaluationScope::full ? causal_twin_ : Intervention::none();
  std::vector<Values> each;
  const std::vector<Domain> domains = context_->environments.front()->train_domains();
  for (const Domain& domain : domains) {
    Values values = score(trainer, {domain, Split::test, held_out_rows(domain)},
                          {Intervention::none(), twin_, causal_twin});
    add_shortcut_bias(domain, values);
    add_reference(trainer, {domain, Split::test, held_out_rows(domain)}, values);
    add_probes(trainer, domain, values);
    const std::int64_t training_rows =
        std::min(options_.evaluation.training_rows, options_.training.rows);
    if (training_rows > 0) {
      const Values seen = score(trainer, {domain, Split::train, training_rows}, {});
      for (const core::MetricId metric : core::kScoreMetrics) {
        if (const auto found = seen.find(core::stored_name(metric)); found != seen.end()) {
          values[core::stored_name(core::on_training_rows(metric))] = found->second;
        }
      }
    }
    store(trainer, phase, domain, values);
    each.push_back(std::move(values));
  }
  id = mean_over_domains(each, [this](const std::string& name) { return averaged(name); });
  const auto loss = id.find(core::stored_name(
      options_.evaluation.training_rows > 0 ? core::MetricId::train_loss : core::MetricId::loss));
  // Whether the training diverged is judged by the trained model.
  if (!adapting_) last_loss_ = loss != id.end() ? loss->second : Tensor();
  Domain average;
  average.name = core::stored_domain(core::MeasuredIn::in_distribution);
  store(trainer, phase, average, id);
}

void PackEvaluator::measure_test_domain(ReplicaTrainer& trainer, std::int64_t phase,
                                        EvaluationScope scope, const Values& id) {
  const Domain domain = context_->environments.front()->test_domain();
  Values values = score(trainer, {domain, Split::test, held_out_rows(domain)},
                        {Intervention::none(), twin_,
                         scope == EvaluationScope::full ? causal_twin_ : Intervention::none()});
  add_reference(trainer, {domain, Split::test, held_out_rows(domain)}, values);
  add_gap(info_->score(), id, values);
  std::vector<const Environment*> environments;
  for (const auto& environment : context_->environments) environments.push_back(environment.get());
  add_confusion(environments, values);
  store(trainer, phase, domain, values);
}

void PackEvaluator::measure_validation(ReplicaTrainer& trainer, std::int64_t phase) {
  const Environment& environment = *context_->environments.front();
  const auto measure_mean = [&](const std::vector<Domain>& domains, core::MeasuredIn in) {
    std::vector<Values> each;
    Tensor worst;
    for (const Domain& domain : domains) {
      const std::int64_t rows = std::min(
          options_.evaluation.rows, environment.validation_rows(domain, held_out_rows(domain)));
      if (rows < 1) return;
      const Values all = score(trainer, {domain, Split::validation, rows}, {});
      const auto group = all.find(core::stored_name(core::MetricId::worst_group_accuracy));
      if (group != all.end()) worst = lowest(worst, group->second);
      Values scores = kept_scores(all);
      scores[core::stored_name(core::MetricId::rows)] =
          at::full({trainer.replicas()}, static_cast<double>(rows), at::kDouble);
      each.push_back(std::move(scores));
    }
    Domain average;
    average.name = core::stored_domain(in);
    Values values = mean_over_domains(each, [](const std::string&) { return true; });
    if (worst.defined()) values[core::stored_name(core::MetricId::worst_group_accuracy)] = worst;
    store(trainer, phase, average, values);
  };
  measure_mean(environment.train_domains(), core::MeasuredIn::validation);
  measure_mean({environment.test_domain()}, core::MeasuredIn::validation_test);
}

void PackEvaluator::measure_each_cue(ReplicaTrainer& trainer, std::int64_t phase,
                                     const Values& id) {
  const Environment& environment = *context_->environments.front();
  const std::vector<Domain> domains = nouns::one_cue_domains(environment);
  for (std::size_t c = 0; c < domains.size(); ++c) {
    const Domain& domain = domains[c];
    Values values =
        score(trainer, {domain, Split::test, held_out_rows(domain)},
              {Intervention::none(), nouns::default_twin(environment, info_->cues[c].name)});
    add_gap(info_->score(), id, values);
    store(trainer, phase, domain, values);
  }
}

void PackEvaluator::measure_shift_curve(ReplicaTrainer& trainer, std::int64_t phase) {
  const ShiftAxis& axis = info_->shift_axis;
  const Environment& first = *context_->environments.front();
  const auto point = [&](double shift) {
    Domain domain = first.at(shift);
    domain.name = nouns::shift_name(shift);
    return domain;
  };
  // One predictor for all shifts is needed for the twins below.
  if (!axis.mixture || adapting_) {
    for (const double shift : axis.points) {
      const Domain domain = point(shift);
      store(trainer, phase, domain,
            kept_scores(score(trainer, {domain, Split::test, held_out_rows(domain)}, {})));
    }
    return;
  }
  // The score of a fixed predictor is affine in the shift: two arms of twins give the whole curve.
  const Domain base = first.at(axis.low);
  const std::int64_t count = held_out_rows(base);
  const Values zero =
      kept_scores(score(trainer, {base, Split::test, count}, {axis.mixture->at_zero}));
  const Values one =
      kept_scores(score(trainer, {base, Split::test, count}, {axis.mixture->at_one}));
  for (const double shift : axis.points) {
    Values values;
    for (const auto& [name, value] : zero) {
      values[name] = value * (1.0 - shift) + one.at(name) * shift;
    }
    store(trainer, phase, point(shift), values);
  }
}

std::vector<Measurement> PackEvaluator::short_domains(const Environment& environment,
                                                      const std::vector<Phase>& schedule) const {
  std::vector<Measurement> rows;
  const auto add = [&](const Domain& domain, const std::string& name) {
    const std::int64_t count = held_out_rows(domain);
    if (count >= options_.evaluation.rows) return;
    rows.push_back({0, 0, name, domain.shift, core::stored_name(core::MetricId::evaluated_rows),
                    static_cast<double>(count)});
  };
  for (const Domain& domain : nouns::named_domains(environment)) add(domain, domain.name);
  const ShiftAxis& axis = info_->shift_axis;
  for (const double shift : axis.points) {
    // Where twins give the shift, they are those of the rows at its low end.
    add(environment.at(axis.mixture ? axis.low : shift), nouns::shift_name(shift));
  }
  for (const Phase& phase : schedule) add(phase.domain, phase.domain.name);
  return rows;
}

void PackEvaluator::record_ceilings() {
  const core::ActivityScope scope(core::Activity::evaluation);
  // Some ceilings are integrals: once for each environment, not for each replica.
  std::vector<std::vector<Measurement>> each;
  for (const Environment* environment : scorer_.distinct()) {
    // Parameters of a domain may depend on the data seed, so each environment gives its own.
    std::vector<Phase> phases = schedule_;
    for (Phase& phase : phases) {
      const std::string name = phase.domain.name;
      phase.domain = scorer_.own(*environment, phase.domain);
      phase.domain.name = name;
      for (Domain& domain : phase.trained_on) domain = scorer_.own(*environment, domain);
    }
    each.push_back(ceilings_of(*environment, phases));
    const std::vector<Measurement> few = short_domains(*environment, schedule_);
    each.back().insert(each.back().end(), few.begin(), few.end());
    const std::vector<Measurement> returns = acting_references(*environment);
    each.back().insert(each.back().end(), returns.begin(), returns.end());
    if (phases.empty()) continue;
    for (const auto& rows : {cue_shifts(phases), target_variances(*environment, phases)}) {
      each.back().insert(each.back().end(), rows.begin(), rows.end());
    }
  }
  for (std::size_t k = 0; k < costs_.size(); ++k) {
    const auto& rows = each[scorer_.source(k)];
    measurements_[k].insert(measurements_[k].end(), rows.begin(), rows.end());
  }
  record_theory();
}

void PackEvaluator::record_theory() {
  if (!options_.theory) return;
  // Replicas of one environment often have the same fit.
  std::vector<PredictedTrial> known;
  for (std::size_t k = 0; k < measurements_.size(); ++k) {
    const std::optional<TheoryRequest> request = options_.theory(static_cast<std::int64_t>(k));
    if (!request) continue;
    const Environment& environment = *scorer_.distinct()[scorer_.source(k)];
    const std::vector<Measurement>& rows = predicted(environment, *request, known);
    measurements_[k].insert(measurements_[k].end(), rows.begin(), rows.end());
  }
}

}  // namespace spurion::harness
