#include <ATen/ATen.h>

#include <algorithm>

#include "harness/measure/cue_truth.hpp"
#include "harness/measure/evaluator.hpp"
#include "harness/measure/probe_scorer.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

const ProbeScorer& PackEvaluator::probes() {
  if (!probes_) {
    const Catalog& catalog = scorer_.catalog();
    probes_ = std::make_shared<const ProbeScorer>(catalog, scorer_, *context_);
  }
  return *probes_;
}

void PackEvaluator::add_probes(const ReplicaTrainer& trainer, const Domain& domain,
                               Values& values) {
  // What becomes of adaptation are other parameters for each stretch of rows.
  if (options_.evaluation.probes.empty() || adapting_) return;
  const std::int64_t rows = held_out_rows(domain);
  values.merge(probes().measure(
      trainer, {domain, Split::test, std::min(options_.evaluation.probe_rows, rows)}));
  values.merge(cue_truth(scorer_, trainer, {domain, Split::test, rows}));
}

Tensor PackEvaluator::probe_reliance(ReplicaTrainer& trainer, const std::string& label) {
  ask_evaluated(trainer);
  const Environment& world = *context_->environments.front();
  Tensor sum;
  const std::vector<Domain> domains = world.train_domains();
  for (const Domain& domain : domains) {
    const std::int64_t rows = std::min(options_.evaluation.probe_rows,
                                       world.validation_rows(domain, held_out_rows(domain)));
    if (rows < 1) {
      throw UsageError("a probe needs validation rows, and domain '" + domain.name + "' has none");
    }
    const Tensor found =
        probes().reliance(trainer, {domain, Split::validation, rows}, label).mean(1);
    sum = sum.defined() ? sum + found : found;
  }
  return sum / static_cast<double>(domains.size());
}

}  // namespace spurion::harness
