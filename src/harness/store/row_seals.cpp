#include "harness/store/store_content.hpp"

namespace spurion::harness {

Digest seal_of(const ContextRow& row) {
  return Seal("context").add(row.key).add(row.value).add(row.owner).finish();
}

Digest seal_of(const StoredMembership& row, const MembershipGroup& group) {
  return Seal("membership")
      .add(row.trial)
      .add(group.suite)
      .add(group.experiment)
      .add(static_cast<std::int64_t>(row.former ? 1 : 0))
      .finish();
}

Digest seal_of(const StoredTrial& trial, const TrialResult& result, std::string_view spec,
               std::string_view numbers) {
  return Seal("trial")
      .add(trial.number)
      .add(trial.id.text())
      .add(spec)
      .add(status_name(result.status))
      .add(result.message)
      .add(result.cost.flops)
      .add(result.cost.steps)
      .add(result.cost.rows_seen)
      .add(result.cost.labels_used)
      .add(result.cost.seconds)
      .add(result.cost.replicas)
      .add(trial.provenance)
      .add(trial.layout)
      .add(numbers)
      .finish();
}

Digest seal_of(const std::string& part, const Tally& tally) {
  return Seal("tally").add(part).add(tally.rows).add(tally.sum).finish();
}

Digest provenance_key(const std::string& facts) { return Seal("provenance").add(facts).finish(); }

}  // namespace spurion::harness
