#include "harness/measure/probe_scorer.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "catalog/probe_choice.hpp"
#include "core/measurement_names.hpp"
#include "harness/measure/replica_groups.hpp"
#include "nouns/cue_inputs.hpp"
#include "nouns/cue_scale.hpp"

namespace spurion::harness {

namespace {

/// Rows on the device of a trainer, for all replicas of a group.
ProbeRows probe_rows(const Sample& sample, const Tensor& x, const nouns::CueScale* scale,
                     Device device) {
  ProbeRows rows;
  rows.x = x.to(device);
  rows.y = sample.y.unsqueeze(0).to(device);
  if (scale != nullptr) rows.cues = scale->of(sample).unsqueeze(0).to(device);
  return rows;
}

}  // namespace

ProbeScorer::ProbeScorer(const Catalog& catalog, const PackScorer& scorer,
                         const RegimeContext& context)
    : scorer_(&scorer), context_(&context) {
  const EnvironmentInfo& info = context.environments.front()->info();
  for (catalog::ProbeChoice& choice : catalog::chosen_probes(context.evaluation)) {
    const auto& entry = catalog.probes.at(choice.probe.name);
    Asked asked{choice.label, core::part_of(catalog.probes, choice.probe.name), nullptr};
    core::blamed(asked.part, [&] {
      asked.probe = entry.make({choice.probe.options},
                               ProbeContext{info.task, info.outputs, info.input_shape});
      const ProbeAccess access = asked.probe->access();
      access_.cue_inputs = access_.cue_inputs || access.cue_inputs;
      access_.cue_labels = access_.cue_labels || access.cue_labels;
      access_.training_rows = access_.training_rows || access.training_rows;
    });
    probes_.push_back(std::move(asked));
  }
}

const std::vector<CueInputs>& ProbeScorer::carriers(const Environment& environment) const {
  const auto found = carriers_.find(&environment);
  if (found != carriers_.end()) return found->second;
  std::vector<CueInputs> all;
  for (const std::string& cue : environment.info().every_cue()) {
    all.push_back(nouns::cue_inputs_of(environment, cue));
  }
  return carriers_[&environment] = std::move(all);
}

ProbeMaterial ProbeScorer::material(const ReplicaTrainer& trainer, const Tensor& parameters,
                                    const ReplicaGroup& group, const DomainRowCount& rows) const {
  const Environment& environment = *group.environment;
  const EnvironmentInfo& info = environment.info();
  const Domain domain = scorer_->own(environment, rows.domain);
  ProbeMaterial material;
  material.model = &trainer.model();
  material.parameters = parameters.detach().narrow(0, group.replicas.first, group.replicas.count);
  material.task = info.task;
  material.outputs = info.outputs;
  const Sample proxy = environment.sample(domain, rows.split, {0, rows.count});
  std::optional<nouns::CueScale> scale;
  if (access_.cue_labels) {
    scale.emplace(info, proxy);
    material.cue_values = scale->values();
  }
  const nouns::CueScale* known = scale ? &*scale : nullptr;
  material.proxy =
      probe_rows(proxy, scorer_->shown(proxy.x, group.replicas), known, trainer.device());
  if (access_.training_rows) {
    const std::int64_t count = std::min({context_->evaluation.probe_rows, context_->training.rows,
                                         environment.row_limit(domain, Split::train)});
    const Sample trained = environment.sample(domain, Split::train, {0, count});
    material.training =
        probe_rows(trained, scorer_->shown(trained.x, group.replicas), known, trainer.device());
  }
  if (access_.cue_inputs) material.carriers = carriers(environment);
  return material;
}

std::vector<ProbeMaterial> ProbeScorer::materials(const ReplicaTrainer& trainer,
                                                  const DomainRowCount& rows) const {
  const Evaluated& evaluated = scorer_->evaluated();
  if (evaluated.head || evaluated.members.size() > 1) return {};
  const Tensor& parameters =
      evaluated.members.empty() ? trainer.parameters() : evaluated.members.front();
  std::vector<ProbeMaterial> all;
  for (const ReplicaGroup& group : replica_groups(*scorer_, trainer.replicas())) {
    all.push_back(material(trainer, parameters, group, rows));
  }
  return all;
}

ProbeScorer::Found ProbeScorer::find(const Asked& asked,
                                     const std::vector<ProbeMaterial>& groups) const {
  Found found;
  std::vector<Tensor> each;
  for (const ProbeMaterial& group : groups) {
    const ProbeSubject subject(group);
    each.push_back(
        core::blamed(asked.part, [&] { return measured(*asked.probe, subject).of_cues; }));
    found.flops = subject.flops();
  }
  found.of_cues = at::cat(each);
  return found;
}

MetricValues ProbeScorer::measure(const ReplicaTrainer& trainer, const DomainRowCount& rows) const {
  MetricValues values;
  const std::vector<ProbeMaterial> groups = materials(trainer, rows);
  if (groups.empty()) return values;
  const std::vector<std::string> cues = scorer_->distinct().front()->info().every_cue();
  for (const Asked& asked : probes_) {
    const Found found = find(asked, groups);
    for (std::size_t q = 0; q < cues.size(); ++q) {
      values[core::stored_probe(asked.label, cues[q])] =
          found.of_cues.select(1, static_cast<std::int64_t>(q)).contiguous();
    }
    values[core::stored_name(core::MetricId::probing_flops, asked.label)] =
        at::full({trainer.replicas()}, found.flops, at::kDouble);
  }
  return values;
}

Tensor ProbeScorer::reliance(const ReplicaTrainer& trainer, const DomainRowCount& rows,
                             const std::string& label) const {
  std::vector<std::string> labels;
  for (const Asked& asked : probes_) {
    labels.push_back(asked.label);
    if (asked.label != label) continue;
    const std::vector<ProbeMaterial> groups = materials(trainer, rows);
    if (groups.empty()) break;
    return find(asked, groups).of_cues;
  }
  if (std::find(labels.begin(), labels.end(), label) == labels.end()) {
    throw UsageError(unknown_name_message("probe", label, labels));
  }
  throw UsageError("probes cannot look into an ensemble, or into a head of the method's own");
}

}  // namespace spurion::harness
