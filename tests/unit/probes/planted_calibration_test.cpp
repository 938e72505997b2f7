// What each probe says of models whose reliance is planted, from 0 to 1, held against what an
// intervention finds: its calibration curve, and the probe that is blind.
#include <ATen/ATen.h>

#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "analysis/questions/authenticity/calibration.hpp"
#include "conformance/planted_model.hpp"
#include "spurion/catalog.hpp"
#include "spurion/value.hpp"
#include "unit/analysis/planted.hpp"

using namespace spurion;
using namespace spurion::tests;
using namespace spurion::analysis::questions::authenticity;

namespace {

constexpr std::int64_t kPlantedRows = 80;

/// Reliances from 0 to 1 in so many steps.
std::vector<double> reliances(int steps) {
  std::vector<double> all;
  for (int i = 0; i <= steps; ++i) all.push_back(static_cast<double>(i) / steps);
  return all;
}

/// Models of these reliances with rows of a seed.
ProbeMaterial planted(const Model& model, const std::vector<double>& reliance, std::uint64_t seed) {
  ProbeMaterial material =
      conformance::planted_material(model, conformance::planted_parameters(reliance), kPlantedRows);
  material.proxy = conformance::planted_rows(kPlantedRows, 2 * seed + 1);
  material.training = conformance::planted_rows(kPlantedRows, 2 * seed + 2);
  return material;
}

/// What a probe finds in each model.
std::vector<double> said_of(const Catalog& catalog, const std::string& name,
                            const ProbeMaterial& material) {
  const auto probe =
      probe_of(catalog, Value::Table{{"name", name}}, ProbeContext{Task::binary, 1, {4}});
  const Tensor found =
      measured(*probe, ProbeSubject(material)).of_cues.select(1, 0).to(at::kCPU).contiguous();
  return {found.data_ptr<double>(), found.data_ptr<double>() + found.numel()};
}

/// The output change: inputs of the cue are negated, and nothing else.
std::vector<double> truth_of(const ProbeMaterial& material) {
  const auto probabilities = [&](const Tensor& x) {
    return material.model->forward(material.parameters, x).logits.sigmoid().to(at::kDouble);
  };
  Tensor turned = material.proxy.x.clone();
  turned.narrow(2, 2, 2).neg_();
  const Tensor change =
      (probabilities(material.proxy.x) - probabilities(turned)).abs().mean({1, 2}).contiguous();
  return {change.data_ptr<double>(), change.data_ptr<double>() + change.numel()};
}

/// A class that derives from `Probe` past `ProbeOf`, which decides what a probe is handed.
class Unbound : public Probe {};
static_assert(!std::is_default_constructible_v<Unbound>,
              "a probe is handed sights by ProbeOf alone");
static_assert(!std::is_convertible_v<ProbeSubject, ProxyRows>, "a sight is asked for by name");

}  // namespace

TEST_CASE("calibration curves of planted models: all probes are authentic but the blind one") {
  const Catalog catalog = builtin_catalog();
  const conformance::PlantedModel model;
  PlantedTrials trials;
  std::map<std::string, ProbedModels> curves;
  const std::vector<double> planted_reliances = reliances(20);
  for (std::int64_t seed = 0; seed < 12; ++seed) {
    const ProbeMaterial material =
        planted(model, planted_reliances, static_cast<std::uint64_t>(seed));
    const std::vector<double> truth = truth_of(material);
    std::map<std::string, std::vector<double>> said;
    for (const std::string& name : catalog.probes.names()) {
      said[name] = said_of(catalog, name, material);
    }
    for (std::size_t k = 0; k < planted_reliances.size(); ++k) {
      TrialResult& trial = trials.add("erm", seed, 0.9, 0.5);
      trial.spec.model.options = Value::Table{{"reliance", planted_reliances[k]}};
      const auto put = [&](const std::string& metric, double value) {
        trial.measurements.push_back({0, 9, "in_distribution", 0.0, metric, value});
      };
      put("output_change_cue", truth[k]);
      for (const auto& [name, values] : said) {
        put("probe_" + name + "_on_cue", values[k]);
        ProbedModels& curve = curves[name];
        curve.probe.push_back(values[k]);
        curve.truth.push_back(truth[k]);
        curve.seeds.push_back(seed);
      }
    }
  }
  const analysis::Answer answer = trials.ask("kind = \"authenticity\"\n");
  REQUIRE(answer.tables.front().rows.size() == catalog.probes.names().size());
  for (const std::string& name : catalog.probes.names()) {
    const std::string stored = "probe_" + name + "_on_cue";
    CAPTURE(name, planted_cell(answer.tables.front(), stored, "rank agreement"));
    const ProbedModels& models = curves.at(name);
    const Calibration calibration = calibration_of(models);
    const std::vector<CalibrationBin> bins = calibration_bins(models);
    CAPTURE(calibration.slope.value, calibration.bias.value, bins.size());
    const bool blind =
        probe_of(catalog, Value::Table{{"name", name}}, ProbeContext{Task::binary, 1, {4}})
            ->evidence() == Evidence::presence;
    CHECK(planted_cell(answer.tables.front(), stored, "authenticity") ==
          (blind ? "blind to the cue" : "authentic"));
    // Where a probe says more, the truth is more; of the blind one it is the same everywhere.
    if (blind) continue;
    CHECK(calibration.slope.low > 0.0);
    CHECK(bins.back().truth.value > bins.front().truth.value + 0.5);
    for (std::size_t i = 1; i < bins.size(); ++i) {
      CHECK(bins[i].truth.value > bins[i - 1].truth.value - 0.05);
    }
  }
}
