#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <utility>

#include "conformance/planted_model.hpp"
#include "conformance/schema_checks.hpp"
#include "conformance/tensors.hpp"

namespace spurion {
namespace conformance {
namespace {

constexpr std::int64_t kLookedAt = 80;  // rows

/// What a planted reliance of 0 may at most look like, and one of 1 at least.
constexpr double kLow = 0.25;
constexpr double kHigh = 0.6;
/// By how much a probe may fall where the planted reliance rises.
constexpr double kWobble = 0.02;

struct ProbeSubjectOfCheck {
  const Catalog* catalog;
  std::string name;
  Value options;  ///< normalised

  [[nodiscard]] std::unique_ptr<Probe> make(std::int64_t outputs) const {
    const Task task = outputs == 1 ? Task::binary : Task::multiclass;
    return catalog->probes.at(name).make({options}, ProbeContext{task, outputs, {4}});
  }
};

std::vector<double> planted_values() { return {0.0, 0.25, 0.5, 0.75, 1.0}; }

/// What a probe finds in models with these reliances, [K].
Tensor found(const ProbeSubjectOfCheck& subject, ProbeMaterial material) {
  const auto probe = subject.make(material.outputs);
  return measured(*probe, ProbeSubject(std::move(material))).of_cues.select(1, 0).contiguous();
}

ProbeMaterial material_of(const Model& model, const std::vector<double>& reliance,
                          std::int64_t outputs = 1) {
  return planted_material(model, planted_parameters(reliance, outputs), kLookedAt);
}

/// Replica k alone.
ProbeMaterial replica_of(const ProbeMaterial& all, std::int64_t k) {
  ProbeMaterial one = all;
  one.parameters = all.parameters.narrow(0, k, 1).clone();
  return one;
}

void check_shapes(const ProbeSubjectOfCheck& subject) {
  for (const std::int64_t outputs : {1, 3}) {
    const PlantedModel model(outputs);
    const auto probe = subject.make(outputs);
    check_probe(*probe, ProbeContext{outputs == 1 ? Task::binary : Task::multiclass, outputs, {4}},
                model, "planted");
    const ProbeSubject looked(material_of(model, planted_values(), outputs));
    const Reliance reliance = measured(*probe, looked);
    require(reliance.of_cues.size(0) == 5 && reliance.of_cues.size(1) == 1,
            "its reliance is not [K, Q]");
    require(!reliance.of_cues.isnan().any().item<bool>(), "it cannot tell in any row");
    if (reliance.rows.defined()) {
      require(reliance.rows.size(1) == kLookedAt, "its reliance by row is not [K, B, Q]");
    }
    require(looked.flops() > 0.0, "it makes no pass of the model");
  }
}

void check_replicas(const ProbeSubjectOfCheck& subject) {
  for (const std::int64_t outputs : {1, 3}) {
    const PlantedModel model(outputs);
    const ProbeMaterial all = material_of(model, planted_values(), outputs);
    const Tensor together = found(subject, all);
    require_same_bits("its reliance, asked twice", together, found(subject, all));
    for (std::int64_t k = 0; k < together.size(0); ++k) {
      require_same_bits(fmt::format("its reliance in replica {} alone and among five", k),
                        found(subject, replica_of(all, k)), together.narrow(0, k, 1));
    }
    // Rows that all replicas share may come once.
    ProbeMaterial repeated = all;
    for (ProbeRows* rows : {&repeated.proxy, &repeated.training}) {
      rows->x = rows->x.repeat({5, 1, 1});
      rows->y = rows->y.repeat({5, 1});
      rows->cues = rows->cues.repeat({5, 1, 1});
    }
    require_same_bits("its reliance with rows given once or for each replica", together,
                      found(subject, repeated));
  }
}

void check_planted(const ProbeSubjectOfCheck& subject) {
  const PlantedModel model;
  const Tensor reliance = found(subject, material_of(model, planted_values()));
  const double* values = reliance.data_ptr<double>();
  const double rise = values[4] - values[0];
  if (subject.make(1)->evidence() == Evidence::presence) {
    require(
        std::abs(rise) < kHigh - kLow,
        fmt::format("it says that it finds the presence of a cue alone, and rises by {:.3f} with "
                    "its use",
                    rise));
    return;
  }
  require(values[0] <= kLow,
          fmt::format("of a model that does not use the cue it says {:.3f}", values[0]));
  require(values[4] >= kHigh,
          fmt::format("of a model that uses the cue alone it says {:.3f}", values[4]));
  for (int i = 1; i < 5; ++i) {
    require(values[i] >= values[i - 1] - kWobble,
            fmt::format("it falls from {:.3f} to {:.3f} while the planted reliance rises",
                        values[i - 1], values[i]));
  }
}

/// A probe that says the same whatever the weights, or whatever the labels of the cue, shows
/// nothing of the model (Adebayo et al. 2018).
void check_controls(const ProbeSubjectOfCheck& subject) {
  const PlantedModel model;
  const ProbeAccess access = subject.make(1)->access();
  ProbeMaterial relies = material_of(model, {1.0});
  const double planted = found(subject, relies).item<double>();
  if (subject.make(1)->evidence() == Evidence::use) {
    constexpr std::int64_t kRandomModels = 8;
    std::vector<RandomKey> keys;
    for (std::int64_t k = 0; k < kRandomModels; ++k) {
      keys.push_back(RandomKey(7).child(static_cast<std::uint64_t>(k)));
    }
    const Tensor random =
        found(subject, planted_material(model, model.initialise(keys), kLookedAt));
    const double mean = random.nansum().item<double>() / static_cast<double>(kRandomModels);
    require(
        mean < planted,
        fmt::format("of random weights it says {:.3f}, of a model that uses the cue alone {:.3f}",
                    mean, planted));
  }
  if (!access.cue_labels) return;
  ProbeMaterial dealt = relies;
  for (ProbeRows* rows : {&dealt.proxy, &dealt.training}) {
    // Half of the rows of each label and each true value have each dealt value.
    rows->cues = rows->cues.clone();
    for (std::int64_t i = 0; i < kLookedAt; ++i) rows->cues[0][i][0] = (i / 20) % 2;
  }
  const double shown = found(subject, dealt).item<double>();
  require(
      std::isnan(shown) || shown < planted,
      fmt::format("with the labels of the cue dealt at random it says {:.3f}, with the true ones "
                  "{:.3f}",
                  shown, planted));
}

void check_access(const ProbeSubjectOfCheck& subject) {
  const PlantedModel model;
  const auto probe = subject.make(1);
  const ProbeAccess access = probe->access();
  const ProbeMaterial all = material_of(model, {0.3, 0.8});
  const Tensor with = found(subject, all);
  // What is not declared is not there, and nobody misses it.
  ProbeMaterial bare = all;
  if (!access.labels) bare.proxy.y = Tensor();
  if (!access.cue_labels) {
    bare.proxy.cues = Tensor();
    bare.cue_values.clear();
  }
  if (!access.cue_inputs) bare.carriers.clear();
  if (!access.training_rows) bare.training = ProbeRows();
  require_same_bits("its reliance without what it does not declare", with, found(subject, bare));
}

void check_penalty(const ProbeSubjectOfCheck& subject) {
  const PlantedModel model;
  const auto probe = subject.make(1);
  if (!probe->has_penalty()) skip("it has no penalty");
  ProbeMaterial material = material_of(model, {0.2, 0.5, 0.8});
  const Tensor reliance = found(subject, material);
  material.parameters = material.parameters.clone().requires_grad_(true);
  material.graph = true;
  const at::AutoGradMode recorded(true);
  const Tensor penalty = probe->penalty(ProbeSubject(material));
  require(penalty.dim() == 1 && penalty.size(0) == 3, "its penalty is not [K]");
  require(at::allclose(penalty.detach().to(at::kDouble), reliance, 1e-4, 1e-4),
          "its penalty is not its reliance");
  const Tensor gradient =
      torch::autograd::grad({penalty.sum()}, {material.parameters}, {}, false, false, true)[0];
  require(gradient.defined() && gradient.isfinite().all().item<bool>(),
          "its penalty has no finite gradient by the parameters");
  require(gradient.select(1, 1).gt(0).all().item<bool>(),
          "less weight on the cue does not lower its penalty");
}

}  // namespace
}  // namespace conformance

std::vector<ConformanceResult> check_probe(const Catalog& catalog, const std::string& name,
                                           const Value& options) {
  using namespace conformance;
  const OneThread one_thread;
  const auto& entry = catalog.probes.at(name);
  Checker checker({"probe", name, options});
  if (options.as_table().empty()) check_entry(checker, entry.info, entry.schema);
  ProbeSubjectOfCheck subject{&catalog, name, {}};
  const bool made = checker.check("can be made", [&] {
    subject.options = normalised(entry.schema, options, name);
    require(subject.make(1) != nullptr, "it makes nothing");
  });
  if (!made) return checker.take();
  checker.check("shares of each cue, float64 [K, Q]", [&] { check_shapes(subject); });
  checker.check("5 replicas equal 5 times 1, bit for bit", [&] { check_replicas(subject); });
  checker.check("planted reliance is found, or its use not claimed",
                [&] { check_planted(subject); });
  checker.check("random weights and random cues show less", [&] { check_controls(subject); });
  checker.check("it needs no more than it declares", [&] { check_access(subject); });
  checker.check("the penalty is the number, differentiated", [&] { check_penalty(subject); });
  return checker.take();
}

}  // namespace spurion
