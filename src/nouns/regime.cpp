#include "spurion/regime.hpp"

#include <algorithm>

#include "spurion/error.hpp"

namespace spurion {

std::int64_t Regime::batch_domains(const Environment& environment) const {
  return static_cast<std::int64_t>(environment.train_domains().size());
}

Ceilings phase_ceilings(const Environment& environment, const Phase& phase) {
  Ceilings ceilings = environment.ceilings(phase.domain);
  if (phase.intervention.kind == Intervention::Kind::none) return ceilings;
  SPURION_CHECK(phase.intervention.kind == Intervention::Kind::resample &&
                    phase.intervention.variables == environment.info().every_cue(),
                "the only intervention of a phase is on every cue");
  ceilings.bayes = ceilings.invariant;
  ceilings.spurious_only = {ceilings.chance, ceilings.bayes.exactness, 0.0};
  ceilings.population_erm.reset();
  return ceilings;
}

void Evaluator::set_reference(const ReferenceModel& /*reference*/) {}

Tensor Evaluator::probe_reliance(ReplicaTrainer& /*trainer*/, const std::string& label) {
  throw UsageError("no probe '" + label + "' is measured here: write it in evaluation.probes");
}

std::int64_t Regime::updates(const Environment& /*environment*/, std::int64_t steps) const {
  return steps;
}

std::int64_t Regime::minibatch_rows(const Environment& environment,
                                    const TrainingOptions& training) const {
  const std::int64_t rows = training.rows * pooled_sets(environment);
  return training.batch == 0 ? rows : std::min(training.batch, rows);
}

std::vector<Phase> Regime::schedule(const Environment& /*environment*/) const { return {}; }

std::optional<Adaptation> Regime::adaptation(std::int64_t /*phase*/) const { return std::nullopt; }

}  // namespace spurion
