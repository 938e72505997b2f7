#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/failure.hpp"
#include "harness/measure/pack_scorer.hpp"
#include "spurion/catalog.hpp"
#include "spurion/probe.hpp"
#include "spurion/regime.hpp"

namespace spurion::harness {

struct ReplicaGroup;

/// The probes that the trials of a pack ask for. They look at the parameters of what is evaluated;
/// where that is an ensemble, or has a head of the method's own, they find nothing.
class ProbeScorer {
 public:
  ProbeScorer(const Catalog& catalog, const PackScorer& scorer, const RegimeContext& context);

  /// Whether there are any.
  [[nodiscard]] bool any() const { return !probes_.empty(); }
  /// The numbers of every probe on so many first rows of a domain, float64 [K].
  [[nodiscard]] MetricValues measure(const ReplicaTrainer& trainer,
                                     const DomainRowCount& rows) const;
  /// The reliance on each cue, float64 [K, Q], that the probe with this label finds. Throws
  /// `UsageError` for an unknown label.
  [[nodiscard]] Tensor reliance(const ReplicaTrainer& trainer, const DomainRowCount& rows,
                                const std::string& label) const;

 private:
  struct Asked {
    std::string label;
    core::Part part;
    std::unique_ptr<Probe> probe;
  };
  /// What one probe finds of all replicas.
  struct Found {
    Tensor of_cues;  ///< float64 [K, Q]
    double flops = 0.0;
  };
  [[nodiscard]] Found find(const Asked& asked, const std::vector<ProbeMaterial>& groups) const;
  /// The replicas of each environment, to be looked into; none where there are no parameters.
  [[nodiscard]] std::vector<ProbeMaterial> materials(const ReplicaTrainer& trainer,
                                                     const DomainRowCount& rows) const;
  [[nodiscard]] ProbeMaterial material(const ReplicaTrainer& trainer, const Tensor& parameters,
                                       const ReplicaGroup& group, const DomainRowCount& rows) const;
  /// The inputs of every cue of an environment.
  [[nodiscard]] const std::vector<CueInputs>& carriers(const Environment& environment) const;

  const PackScorer* scorer_;
  const RegimeContext* context_;
  std::vector<Asked> probes_;
  ProbeAccess access_;  // of all of them
  mutable std::map<const Environment*, std::vector<CueInputs>> carriers_;
};

}  // namespace spurion::harness
