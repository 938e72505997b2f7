#include "conformance/regime_probe.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "conformance/checker.hpp"

namespace spurion::conformance {

void ProbeMethod::begin_phase(ReplicaTrainer& /*trainer*/, std::int64_t phase) {
  seen_->phases.push_back(phase);
}

void ProbeMethod::step(ReplicaTrainer& trainer, const Batch& batch) {
  const std::int64_t rows = batch.domains * batch.rows_per_domain;
  require(batch.domains == domains_,
          fmt::format("a batch has {} domains, batch_domains() says {}", batch.domains, domains_));
  require(batch.x.size(1) == rows,
          fmt::format("x of a batch has {} rows, expected {} x {}", batch.x.size(1), batch.domains,
                      batch.rows_per_domain));
  require(batch.y.dim() == 3 && batch.y.size(1) == batch.domains &&
              batch.y.size(2) == batch.rows_per_domain,
          "y of a batch is not [K, E, B]");
  require(!batch.group.defined() || granted_.group_labels,
          "a batch shows group labels that the regime does not grant");
  ++seen_->updates;
  seen_->rows += rows;
  const Tensor flat = batch.x[0].flatten(1).contiguous();
  for (std::int64_t row = 0; row < rows; ++row) {
    seen_->distinct.emplace(reinterpret_cast<const char*>(flat.data_ptr<float>()) +
                                static_cast<std::size_t>(row) * flat.size(1) * sizeof(float),
                            static_cast<std::size_t>(flat.size(1)) * sizeof(float));
  }
  trainer.step_from_losses(domain_risks(trainer.forward(batch.x), batch).mean(1));
}

void ProbeEvaluator::measure(ReplicaTrainer& /*trainer*/, std::int64_t phase,
                             EvaluationScope scope) {
  if (scope != EvaluationScope::full) return;
  ++told_->full_measurements;
  told_->last_full_at = told_->updates;
  told_->phases.insert(phase);
}

void ProbeEvaluator::record(const ReplicaTrainer& trainer, std::int64_t /*phase*/,
                            const Domain& domain, const std::string& metric, const Tensor& values) {
  require(!metric.empty() && !domain.name.empty(), "a recorded number has no name");
  require(values.dim() == 1 && values.size(0) == trainer.replicas() &&
              values.scalar_type() == at::kDouble,
          fmt::format("recorded '{}' is not float64 [K]", metric));
}

void ProbeEvaluator::count_update(const ReplicaTrainer& trainer, const UpdateCounts& counts) {
  const auto replicas = static_cast<std::size_t>(trainer.replicas());
  require(counts.new_labels.size() == replicas, "labels are not counted for every replica");
  require(counts.zero_weight_rows.empty() || counts.zero_weight_rows.size() == replicas,
          "rows without weight are not counted for every replica");
  ++told_->updates;
  told_->rows += counts.rows;
  told_->labels += counts.new_labels.front();
}

}  // namespace spurion::conformance
