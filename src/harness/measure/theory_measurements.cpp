#include "harness/measure/theory_measurements.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "core/measurement_names.hpp"

namespace spurion::harness {

namespace {

/// Whether an optimiser makes plain steps of one size.
bool plain_descent(const OptimizerOptions& options, std::int64_t replica) {
  return (options.name == "sgd" || options.name == "sgdw") && options.momentum.at(replica) == 0.0 &&
         options.weight_decay.at(replica) == 0.0 && options.clip_norm.at(replica) == 0.0 &&
         options.schedule.at(replica) == "constant" && options.warmup_fraction.at(replica) == 0.0 &&
         options.lr_multipliers.at(replica).empty();
}

bool full_batch(const TrainingOptions& training) {
  return training.batch == 0 || training.batch >= training.rows;
}

bool same_request(const TheoryRequest& a, const TheoryRequest& b) {
  return a.form == b.form && a.directions.is_same(b.directions) && a.fit.kind == b.fit.kind &&
         a.fit.l2 == b.fit.l2 && a.rows == b.rows && a.steps == b.steps &&
         a.learning_rate == b.learning_rate;
}

std::vector<Measurement> measurements_of(const Environment& environment, const Theory& theory,
                                         const std::vector<Domain>& domains) {
  std::vector<Measurement> rows;
  const auto add = [&](const Domain& domain, core::MetricId id, core::MetricId error,
                       const TheoryNumber& number) {
    rows.push_back({0, 0, domain.name, domain.shift, core::stored_name(id), number.value});
    rows.push_back({0, 0, domain.name, domain.shift, core::stored_name(error), number.error});
  };
  const TheoryNumber& test = theory.scores.back();
  TheoryNumber id;
  const auto trained = static_cast<double>(domains.size() - 1);
  for (std::size_t d = 0; d + 1 < domains.size(); ++d) {
    id.value += theory.scores[d].value / trained;
    id.error += theory.scores[d].error / trained;
  }
  const double sign = environment.info().score() == Score::accuracy ? 1.0 : -1.0;
  using Id = core::MetricId;
  add(domains.back(), Id::theory_score, Id::theory_score_error, test);
  add(domains.back(), Id::theory_gap, Id::theory_gap_error,
      {sign * (id.value - test.value), id.error + test.error});
  Domain named;
  named.name = core::stored_domain(core::MeasuredIn::in_distribution);
  add(named, Id::theory_score, Id::theory_score_error, id);
  if (theory.spurious_correlation) {
    named.name = core::stored_domain(core::MeasuredIn::coefficients);
    add(named, Id::theory_spurious_correlation, Id::theory_spurious_correlation_error,
        *theory.spurious_correlation);
  }
  return rows;
}

}  // namespace

std::optional<TheoryRequest> theory_request(const UntrainedPack& pack, std::int64_t replica) {
  const Access granted = pack.regime.grants();
  // Where the ceilings are granted, rows come as the environment makes them.
  if (!pack.offline || !pack.regime.has_training_set() || !granted.exact_ceilings) return {};
  const std::optional<KnownFit> fit = pack.method.known_fit(replica);
  if (!fit) return {};
  TheoryRequest request;
  request.fit = *fit;
  request.rows = pack.training.rows;
  if (fit->kind == KnownFit::Kind::gradient_descent) {
    const OptimizerOptions& optimizer = pack.trainer.optimizer().options();
    if (!full_batch(pack.training) || !plain_descent(optimizer, replica)) return {};
    if (pack.trainer.parameters()[replica].count_nonzero().item<std::int64_t>() > 0) return {};
    request.steps = pack.updates;
    request.learning_rate = optimizer.learning_rate.at(replica);
  }
  const Model& model = pack.trainer.model();
  if (!model.is_affine()) {
    request.directions = model.fixed_directions();
    if (!request.directions.defined()) return {};
    request.form = TheoryRequest::Form::fixed_features;
  }
  return request;
}

const std::vector<Measurement>& predicted(const Environment& environment,
                                          const TheoryRequest& request,
                                          std::vector<PredictedTrial>& known) {
  for (const PredictedTrial& one : known) {
    const bool same_world = one.environment == &environment || one.same_for_all_seeds;
    if (same_world && same_request(one.request, request)) return one.rows;
  }
  std::vector<Domain> domains = environment.train_domains();
  domains.push_back(environment.test_domain());
  PredictedTrial prediction{&environment, request, {}, false};
  if (const auto theory = environment.theory(request, domains)) {
    prediction.rows = measurements_of(environment, *theory, domains);
    prediction.same_for_all_seeds = theory->same_for_all_seeds;
  }
  known.push_back(std::move(prediction));
  return known.back().rows;
}

}  // namespace spurion::harness
