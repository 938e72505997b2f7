#include "unit/harness/synthetic_store.hpp"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <sstream>

namespace spurion::tests {

TrialResult synthetic_trial(std::int64_t seed, std::int64_t measurements) {
  static const auto made_by = std::make_shared<const Provenance>(
      Provenance{"0.1.0", "0123456789abcdef", "LibTorch 1.13.1", "AVX2", "cpu", {}, {}});
  TrialResult result;
  result.spec.environment = {"world", Value::Table{{"noise", 0.25}, {"cue", "colour"}}};
  result.spec.model = {"mlp", Value::Table{{"width", 16 + seed % 3}}};
  result.spec.method = {seed % 2 == 0 ? "erm" : "irm_v1", Value::Table{{"l2", 0.001}}};
  result.spec.regime = {"offline", Value()};
  result.spec.training = Value::Table{{"steps", 200}, {"rows", 50}};
  result.spec.seed = seed;
  result.status = seed % 40 == 7 ? Status::diverged : Status::done;
  if (result.status == Status::diverged) result.message = "loss was not finite at step 3";
  result.cost.flops = 1e9 / 3 + static_cast<double>(seed);
  result.cost.steps = 200;
  result.cost.rows_seen = 10000;
  result.cost.seconds = 0.125;
  for (std::int64_t i = 0; i < measurements; ++i) {
    const double x = std::sin(static_cast<double>(100 * seed + i));
    result.measurements.push_back({0, 200, i % 2 == 0 ? "test" : "in_distribution",
                                   0.1 * (i % 2 == 0 ? 9 : 1), i % 4 < 2 ? "accuracy" : "loss",
                                   i == 5 ? std::nan("") : x});
  }
  result.made_by = made_by;
  return result;
}

void set_synthetic_suite(Store& store, std::int64_t trials) {
  Memberships memberships;
  for (std::int64_t seed = 0; seed < trials; ++seed) {
    const std::string id = synthetic_trial(seed).spec.id();
    memberships.emplace_back(id, "grid");
    if (seed % 10 == 0) memberships.emplace_back(id, "shared");
  }
  store.set_suite("made_up", memberships,
                  {{"suite", "name = \"made_up\""},
                   {"suite_name", "made_up"},
                   {"access.erm", "labels only"},
                   {"access.irm_v1", "labels and domains"},
                   {"environment.world", std::string(600, 'w')}});
}

void fill_synthetic_store(Store& store, std::int64_t trials) {
  set_synthetic_suite(store, trials);
  std::vector<TrialResult> results;
  for (std::int64_t seed = 0; seed < trials; ++seed) results.push_back(synthetic_trial(seed));
  store.append(results);
}

void write_synthetic_store(const std::filesystem::path& folder, std::int64_t trials) {
  Store store(folder);
  fill_synthetic_store(store, trials);
}

Reported reported(const std::filesystem::path& folder) {
  const StoredResults results = read_results(folder);
  Reported out;
  out.notes = results.notes;
  for (const auto& [key, value] : results.context) out.context += key + '=' + value + '\n';
  for (const TrialResult& trial : results.trials) {
    std::string line =
        fmt::format("{} {} {} {} {:a} {} {} {} {:a} {} made_by={} measured=", trial.spec.experiment,
                    trial.spec.canonical().canonical_json(), status_name(trial.status),
                    trial.message, trial.cost.flops, trial.cost.steps, trial.cost.rows_seen,
                    trial.cost.labels_used, trial.cost.seconds, trial.cost.replicas,
                    trial.made_by ? trial.made_by->facts() : "unknown");
    for (const Measurement& row : trial.measurements) {
      line += fmt::format(" {}/{}/{}/{:a}/{}={:a}", row.phase, row.step, row.domain, row.shift,
                          row.metric, row.value);
    }
    out.trials.emplace(trial.spec.id() + ' ' + trial.spec.experiment, line);
  }
  return out;
}

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace spurion::tests
