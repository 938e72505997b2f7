#include "harness/evaluator.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/work_clock.hpp"
#include "harness/cached_environment.hpp"
#include "harness/ceiling_measures.hpp"
#include "spurion/error.hpp"
#include "spurion/optimal_reliance.hpp"

namespace spurion {

namespace {

/// Rows predicted at once. Part of what a result is: sums are taken chunk by chunk.
constexpr std::int64_t kChunk = 1000;

Tensor mean_of(const std::vector<Tensor>& values) {
  Tensor sum = values.front().clone();
  for (std::size_t i = 1; i < values.size(); ++i) sum += values[i];
  return sum / static_cast<double>(values.size());
}

/// What becomes of predictions when one variable changes and all noise stays as it was.
class VariableUse {
 public:
  VariableUse(const Catalog& catalog, const MetricContext& context, Intervention::Kind kind)
      : flips_(catalog.metrics.at("flip_rate").make({Value()}, context)), kind_(kind) {
    auto accuracy = catalog.metrics.at("accuracy").make({Value()}, context);
    if (accuracy->applies(context)) accuracy_ = std::move(accuracy);
  }
  void add(const Predictions& own, const Tensor& twin_logits) {
    flips_->add({own.logits, twin_logits, own.y, {}});
    if (accuracy_) accuracy_->add({twin_logits, {}, own.y, {}});
  }
  /// "flip_rate", or "twin_shift" for regression.
  [[nodiscard]] std::vector<std::pair<std::string, Tensor>> flips() const {
    return flips_->result();
  }
  /// Accuracy with the variable randomised: drawn anew, or, flipped, itself and its other value
  /// evenly. Undefined for regression.
  [[nodiscard]] Tensor randomised_accuracy(const Tensor& own) const {
    if (!accuracy_) return {};
    const Tensor twin = accuracy_->result().front().second;
    return kind_ == Intervention::Kind::flip ? (own + twin) / 2.0 : twin;
  }

 private:
  std::unique_ptr<Metric> flips_;
  std::unique_ptr<Metric> accuracy_;
  Intervention::Kind kind_;
};

const OptimalReliance* optimal_reliance(const Environment& environment) {
  const auto* cached = dynamic_cast<const CachedEnvironment*>(&environment);
  return dynamic_cast<const OptimalReliance*>(cached != nullptr ? &cached->inner() : &environment);
}

}  // namespace

PackEvaluator::PackEvaluator(const Catalog& catalog, const RegimeContext& context,
                             std::vector<Phase> schedule, Options options)
    : catalog_(&catalog),
      context_(&context),
      schedule_(std::move(schedule)),
      options_(std::move(options)),
      info_(&context.environments.front()->info()),
      measurements_(context.environments.size()),
      costs_(context.environments.size()) {
  for (const auto& environment : context.environments) {
    const auto found = std::find(distinct_.begin(), distinct_.end(), environment.get());
    source_.push_back(static_cast<std::size_t>(found - distinct_.begin()));
    if (found == distinct_.end()) distinct_.push_back(environment.get());
  }
  twin_ = usual_twin(*context.environments.front(), info_->cue);
  causal_twin_ = usual_twin(*context.environments.front(), info_->causal);
}

Domain PackEvaluator::own(const Environment& environment, const Domain& domain) const {
  if (!domain.cue_shifts.empty() && domain.name != "test") {
    for (const Domain& candidate : environment.train_domains()) {
      if (candidate.name == domain.name) return candidate;
    }
    return environment.at_cues(domain.cue_shifts);
  }
  // Parameters of a domain may depend on the data seed, so each environment gives its own.
  if (domain.name == "test") return environment.test_domain();
  for (const Domain& candidate : environment.train_domains()) {
    if (candidate.name == domain.name) return candidate;
  }
  if (domain.key == context_->environments.front()->train_domains().front().key) {
    return environment.train_domains().front();
  }
  return environment.at(domain.shift);
}

std::vector<Sample> PackEvaluator::samples(const Domain& domain, Purpose purpose,
                                           std::int64_t count,
                                           const Intervention& intervention) const {
  std::vector<Sample> each;
  for (const Environment* environment : distinct_) {
    each.push_back(
        environment->sample(own(*environment, domain), purpose, {0, count}, intervention));
  }
  return each;
}

Tensor PackEvaluator::gather(const std::vector<Sample>& samples, Tensor Sample::*member,
                             RowRange range) const {
  if (!(samples.front().*member).defined()) return {};
  const auto chunk = [&](std::size_t index) {
    return (samples[index].*member).narrow(0, range.first, range.count);
  };
  if (samples.size() == 1) return chunk(0).unsqueeze(0);
  std::vector<Tensor> each;
  for (const std::size_t index : source_) each.push_back(chunk(index));
  return at::stack(each);
}

Tensor PackEvaluator::predict(const Trainee& trainee, const std::vector<Sample>& samples,
                              RowRange range) const {
  const Tensor parameters = trainee.parameters().detach();
  std::vector<Tensor> logits;
  for (std::size_t first = 0; first < source_.size();) {
    std::size_t last = first + 1;
    while (last < source_.size() && source_[last] == source_[first]) ++last;
    const Tensor x = samples[source_[first]].x.narrow(0, range.first, range.count).unsqueeze(0);
    const Tensor own = parameters.narrow(0, static_cast<std::int64_t>(first),
                                         static_cast<std::int64_t>(last - first));
    // Metrics are worked out in host memory.
    logits.push_back(trainee.model().forward_anywhere(own, x.to(own.device())).logits.to(at::kCPU));
    first = last;
  }
  return logits.size() == 1 ? logits.front() : at::cat(logits);
}

PackEvaluator::Values PackEvaluator::score(Trainee& trainee, const Domain& domain, Purpose purpose,
                                           std::int64_t count, const Intervention& intervention,
                                           const Intervention& twin_action,
                                           const Intervention& causal_twin_action) {
  const at::NoGradGuard no_grad;
  const MetricContext context{info_->task, trainee.replicas(), info_->groups};
  std::vector<std::unique_ptr<Metric>> metrics;
  for (const std::string& name : catalog_->metrics.names()) {
    auto metric = catalog_->metrics.at(name).make({Value()}, context);
    if (metric->applies(context)) metrics.push_back(std::move(metric));
  }
  const bool twins = twin_action.kind != Intervention::Kind::none;
  const std::vector<Sample> factual = samples(domain, purpose, count, intervention);
  const std::vector<Sample> twin =
      twins ? samples(domain, purpose, count, twin_action) : std::vector<Sample>();
  const bool uses = causal_twin_action.kind != Intervention::Kind::none;
  const std::vector<Sample> causal_twin =
      uses ? samples(domain, purpose, count, causal_twin_action) : std::vector<Sample>();
  std::optional<VariableUse> cue_use;
  std::optional<VariableUse> causal_use;
  if (uses && twins) cue_use.emplace(*catalog_, context, twin_action.kind);
  if (uses) causal_use.emplace(*catalog_, context, causal_twin_action.kind);
  for (std::int64_t first = 0; first < count; first += kChunk) {
    const RowRange range{first, std::min(kChunk, count - first)};
    Predictions chunk;
    chunk.logits = predict(trainee, factual, range);
    chunk.y = gather(factual, &Sample::y, range);
    chunk.group = gather(factual, &Sample::group, range);
    if (twins) chunk.twin_logits = predict(trainee, twin, range);
    for (const auto& metric : metrics) metric->add(chunk);
    if (cue_use) cue_use->add(chunk, chunk.twin_logits);
    if (causal_use) causal_use->add(chunk, predict(trainee, causal_twin, range));
  }
  Values values;
  for (const auto& metric : metrics) {
    for (const auto& [name, value] : metric->result()) values[name] = value;
  }
  if (!causal_use) return values;
  for (const auto& [name, value] : causal_use->flips()) values["causal_" + name] = value;
  if (const auto own = values.find("accuracy"); own != values.end()) {
    const Tensor accuracy = own->second;
    if (cue_use) values["cue_randomised_accuracy"] = cue_use->randomised_accuracy(accuracy);
    values["causal_randomised_accuracy"] = causal_use->randomised_accuracy(accuracy);
  }
  return values;
}

std::int64_t PackEvaluator::held_out_rows(const Domain& domain) const {
  return std::min(options_.evaluation.rows,
                  context_->environments.front()->row_limit(domain, Purpose::test));
}

void PackEvaluator::store(const Trainee& trainee, std::int64_t phase, const Domain& domain,
                          const Values& values) {
  for (const auto& [metric, value] : values) record(trainee, phase, domain, metric, value);
}

void PackEvaluator::record(const Trainee& trainee, std::int64_t phase, const Domain& domain,
                           const std::string& metric, const Tensor& values) {
  const Tensor dense = values.to(at::kCPU, at::kDouble).contiguous();
  for (std::size_t k = 0; k < measurements_.size(); ++k) {
    // What a frozen replica predicts says nothing about its method.
    if (!trainee.active().data_ptr<bool>()[k]) continue;
    const double value = dense.data_ptr<double>()[k];
    // Not a number: has no meaning here (a group without rows). Left out, never reported as 0.
    if (std::isnan(value)) continue;
    measurements_[k].push_back({phase, trainee.step(), domain.name, domain.shift, metric, value});
  }
}

void PackEvaluator::count_update(const Trainee& trainee, std::int64_t rows,
                                 const std::vector<std::int64_t>& new_labels) {
  const auto replicas = static_cast<double>(costs_.size());
  double flops = static_cast<double>(rows) * options_.step_flops_per_row;
  std::int64_t in_gradient = rows;
  if (options_.counted != nullptr) {
    const CountingModel::Counted counted = options_.counted->take();
    flops = counted.flops / replicas;
    in_gradient = std::llround(counted.rows / replicas);
  }
  for (std::size_t k = 0; k < costs_.size(); ++k) {
    if (!trainee.active().data_ptr<bool>()[k]) continue;
    Cost& cost = costs_[k];
    ++cost.steps;
    cost.rows_seen += in_gradient;
    cost.labels_used += new_labels[k];
    cost.flops += flops;
  }
  if (options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed)) {
    throw Interrupted("stopped");
  }
  if (options_.progress) options_.progress(trainee.step());
}

void PackEvaluator::measure(Trainee& trainee, std::int64_t phase, Detail detail) {
  const core::ActivityScope scope(core::Activity::evaluation);
  Values id;
  measure_train_domains(trainee, phase, detail, id);
  measure_test_domain(trainee, phase, detail, id);
  if (detail != Detail::full) return;
  measure_each_cue(trainee, phase, id);
  measure_dial(trainee, phase);
  measure_phases(trainee, phase);
  if (const ParameterBlock* weights = trainee.model().linear_weights()) {
    const Tensor values = trainee.parameters()
                              .detach()
                              .narrow(1, weights->offset, element_count(weights->shape))
                              .to(at::kCPU);
    std::map<std::string, Tensor> errors;
    for (std::size_t k = 0; k < source_.size(); ++k) {
      const auto row = static_cast<std::int64_t>(k);
      for (const auto& [name, error] :
           context_->environments[k]->coefficient_errors(values.narrow(0, row, 1))) {
        auto& all = errors[name];
        if (!all.defined()) all = at::zeros({trainee.replicas()}, at::kDouble);
        all[row] = error[0].to(at::kDouble);
      }
    }
    Domain coefficients;
    coefficients.name = "coefficients";
    store(trainee, phase, coefficients, errors);
  }
}

void PackEvaluator::add_shortcut_bias(const Domain& domain, Values& values) const {
  const auto found = values.find("flip_rate");
  if (found == values.end()) return;
  std::vector<double> optimal;
  for (const Environment* environment : distinct_) {
    const OptimalReliance* reliance = optimal_reliance(*environment);
    if (reliance == nullptr) return;
    optimal.push_back(reliance->optimal_flip_rate(own(*environment, domain)));
  }
  Tensor bias = found->second.clone();
  for (std::size_t k = 0; k < source_.size(); ++k) {
    bias[static_cast<std::int64_t>(k)] -= optimal[source_[k]];
  }
  values["shortcut_bias"] = bias;
}

void PackEvaluator::measure_train_domains(Trainee& trainee, std::int64_t phase, Detail detail,
                                          Values& id) {
  const Intervention causal_twin = detail == Detail::full ? causal_twin_ : Intervention::none();
  std::map<std::string, std::vector<Tensor>> collected;
  for (const Domain& domain : context_->environments.front()->train_domains()) {
    Values values = score(trainee, domain, Purpose::test, held_out_rows(domain),
                          Intervention::none(), twin_, causal_twin);
    add_shortcut_bias(domain, values);
    const std::int64_t training_rows =
        std::min(options_.evaluation.training_rows, options_.training.rows);
    if (training_rows > 0) {
      const Values seen = score(trainee, domain, Purpose::train, training_rows,
                                Intervention::none(), Intervention::none());
      for (const char* name : {"accuracy", "loss"}) {
        if (const auto found = seen.find(name); found != seen.end()) {
          values[std::string("train_") + name] = found->second;
        }
      }
    }
    for (const char* name :
         {"accuracy", "loss", "train_accuracy", "train_loss", "flip_rate", "causal_flip_rate",
          "cue_randomised_accuracy", "causal_randomised_accuracy", "shortcut_bias"}) {
      if (values.count(name) != 0) collected[name].push_back(values[name]);
    }
    store(trainee, phase, domain, values);
  }
  for (const auto& [name, each] : collected) id[name] = mean_of(each);
  Domain average;
  average.name = "id";
  store(trainee, phase, average, id);
}

void PackEvaluator::measure_test_domain(Trainee& trainee, std::int64_t phase, Detail detail,
                                        const Values& id) {
  const Domain domain = context_->environments.front()->test_domain();
  Values values = score(trainee, domain, Purpose::test, held_out_rows(domain), Intervention::none(),
                        twin_, detail == Detail::full ? causal_twin_ : Intervention::none());
  const bool accuracy = info_->score() == Score::accuracy;
  const char* name = accuracy ? "accuracy" : "loss";
  const Tensor ood = values.at(name);
  values["gap"] = accuracy ? id.at(name) - ood : ood - id.at(name);
  Tensor confusion = at::full({trainee.replicas()}, std::nan(""), at::kDouble);
  bool defined = false;
  for (std::size_t k = 0; k < source_.size(); ++k) {
    const auto row = static_cast<std::int64_t>(k);
    const auto index = confusion_index(*context_->environments[k], ood[row].item<double>());
    if (!index) continue;
    confusion[row] = *index;
    defined = true;
  }
  if (defined) values["confusion_index"] = confusion;
  store(trainee, phase, domain, values);
}

void PackEvaluator::measure_each_cue(Trainee& trainee, std::int64_t phase, const Values& id) {
  const Environment& environment = *context_->environments.front();
  if (info_->cues.empty()) return;
  const std::vector<double> shifted = environment.test_domain().cue_shifts;
  std::vector<double> usual(shifted.size(), 0.0);
  const std::vector<Domain> train = environment.train_domains();
  for (const Domain& domain : train) {
    for (std::size_t c = 0; c < usual.size(); ++c) {
      usual[c] += domain.cue_shifts[c] / static_cast<double>(train.size());
    }
  }
  for (std::size_t c = 0; c < usual.size(); ++c) {
    std::vector<double> shifts = usual;
    shifts[c] = shifted[c];
    Domain domain = environment.at_cues(shifts);
    domain.name = "test_" + info_->cues[c].name;
    domain.shift = shifted[c];
    Values values = score(trainee, domain, Purpose::test, held_out_rows(domain),
                          Intervention::none(), usual_twin(environment, info_->cues[c].name));
    const bool accuracy = info_->score() == Score::accuracy;
    const Tensor& own = values.at(accuracy ? "accuracy" : "loss");
    values["gap"] = accuracy ? id.at("accuracy") - own : own - id.at("loss");
    store(trainee, phase, domain, values);
  }
}

void PackEvaluator::measure_dial(Trainee& trainee, std::int64_t phase) {
  const DialInfo& dial = info_->dial;
  const Environment& first = *context_->environments.front();
  const auto point = [&](double shift) {
    Domain domain = first.at(shift);
    domain.name = dial_name(shift);
    return domain;
  };
  const auto keep = [](const Values& values) {
    Values kept;
    for (const char* name : {"accuracy", "loss"}) {
      if (const auto found = values.find(name); found != values.end()) kept.insert(*found);
    }
    return kept;
  };
  if (!dial.mixture) {
    for (const double shift : dial.points) {
      const Domain domain = point(shift);
      store(trainee, phase, domain,
            keep(score(trainee, domain, Purpose::test, held_out_rows(domain), Intervention::none(),
                       Intervention::none())));
    }
    return;
  }
  // The score of a fixed predictor is affine in the dial: two arms of twins give the whole curve.
  const Domain base = first.at(dial.low);
  const std::int64_t count = held_out_rows(base);
  const Values zero =
      keep(score(trainee, base, Purpose::test, count, dial.mixture->at_zero, Intervention::none()));
  const Values one =
      keep(score(trainee, base, Purpose::test, count, dial.mixture->at_one, Intervention::none()));
  for (const double shift : dial.points) {
    Values values;
    for (const auto& [name, value] : zero) {
      values[name] = value * (1.0 - shift) + one.at(name) * shift;
    }
    store(trainee, phase, point(shift), values);
  }
}

void PackEvaluator::record_ceilings() {
  const core::ActivityScope scope(core::Activity::evaluation);
  // Some ceilings are integrals: once for each environment, not for each replica.
  std::vector<std::vector<Measurement>> each;
  for (const Environment* environment : distinct_) {
    // Parameters of a domain may depend on the data seed, so each environment gives its own.
    std::vector<Phase> phases = schedule_;
    for (Phase& phase : phases) {
      const std::string name = phase.domain.name;
      phase.domain = own(*environment, phase.domain);
      phase.domain.name = name;
    }
    each.push_back(ceilings_of(*environment, phases));
    const std::vector<Measurement> positions = cue_positions(phases);
    each.back().insert(each.back().end(), positions.begin(), positions.end());
  }
  for (std::size_t k = 0; k < source_.size(); ++k) {
    const auto& rows = each[source_[k]];
    measurements_[k].insert(measurements_[k].end(), rows.begin(), rows.end());
  }
}

}  // namespace spurion
