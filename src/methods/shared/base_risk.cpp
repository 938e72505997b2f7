#include "methods/shared/base_risk.hpp"

#include <ATen/ATen.h>

#include "spurion/losses.hpp"

namespace spurion::methods {

BaseRisk::BaseRisk(const BaseRiskOptions& options, const MethodContext& context)
    : weight_(per_replica_tensor(options.penalty_weight, context)),
      l2_(per_replica_tensor(options.l2, context)),
      replayed_(options.penalty_replayed) {
  if (options.penalty == "none") return;
  penalty_.emplace(options.penalty, per_replica_tensor(options.penalty_step, context));
  if (options.penalty_over == "phases") {
    phases_.emplace(options.penalty_memory, options.penalty_phases, context);
  }
}

Access BaseRisk::needs() const {
  Access access;
  access.domain_labels = penalty_ && !phases_;
  return access;
}

void BaseRisk::begin_phase(std::int64_t phase) {
  if (phases_) phases_->begin_phase(phase);
}

Tensor BaseRisk::operator()(const Output& output, const Batch& batch, ReplicaTrainer& trainer) {
  const Tensor risk = domain_risks(output, batch).mean(1) + l2_penalty(l2_, trainer.parameters());
  return penalty_ ? risk + weight_ * penalty(output, batch, trainer) : risk;
}

Tensor BaseRisk::added(const Output& output, const Batch& batch, ReplicaTrainer& trainer) {
  const Tensor l2 = l2_penalty(l2_, trainer.parameters());
  return penalty_ ? l2 + weight_ * penalty(output, batch, trainer) : l2;
}

Tensor BaseRisk::penalty(const Output& output, const Batch& batch, ReplicaTrainer& trainer) {
  std::vector<PenalisedRows> rows;
  if (!phases_) {
    rows.push_back({output, batch});
  } else {
    rows.push_back({output, as_one_domain(batch)});
    const std::vector<Batch> past = phases_->draw(replayed_, trainer.step());
    if (!past.empty()) {
      Tensor x = past.front().x;
      for (std::size_t i = 1; i < past.size(); ++i) x = joined_rows(x, past[i].x);
      const Output all = trainer.forward(x);
      for (std::size_t i = 0; i < past.size(); ++i) {
        rows.push_back(
            {output_rows(all, static_cast<std::int64_t>(i) * replayed_, replayed_), past[i]});
      }
    }
  }
  const Tensor value = (*penalty_)(rows, trainer);
  if (phases_) phases_->add(batch);
  return value;
}

double BaseRisk::memory_bytes(const MemorySizes& sizes) const {
  if (!phases_) return 0.0;
  return phases_->bytes(sizes) +
         static_cast<double>(phases_->past()) * RowMemory::drawn_bytes(sizes, replayed_);
}

void BaseRisk::visit_state(StateVisitor& visit) {
  if (penalty_) {
    StateVisitor own = visit.inside("penalty");
    penalty_->visit_state(own);
  }
  if (phases_) {
    StateVisitor own = visit.inside("phases");
    phases_->visit_state(own);
  }
}

}  // namespace spurion::methods
