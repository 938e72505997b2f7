// Early stopping where a trial measured a lineage beside its own.
#include <string>

#include "unit/analysis/planted.hpp"

using namespace spurion;
using namespace spurion::tests;

TEST_CASE("early stopping never takes the lineage that is not selected") {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 5; ++seed) {
    TrialResult& trial = trials.add("erm", seed, 0.8, 0.4 + seed_noise(seed), "iterated_selection");
    const Measurements end = trial.measurements;
    trial.measurements.clear();
    const auto put = [&](std::int64_t update, const char* domain, const char* metric,
                         double value) {
      trial.measurements.push_back({0, update, domain, 0.0, metric, value});
    };
    // Updates 3 and 6 are of the reference, 4 and 7 of survivors, as the regime measures them.
    for (const std::int64_t update : {3, 4, 6, 7}) {
      const bool reference = update % 3 == 0;
      put(update, "selection", "generation", reference ? 0.0 : static_cast<double>(update / 3));
      put(update, "validation", "accuracy", reference ? 0.99 : update == 4 ? 0.9 : 0.85);
      put(update, "in_distribution", "accuracy", 0.75);
      put(update, "test", "accuracy", reference ? 0.1 : update == 4 ? 0.7 : 0.6);
    }
    for (const MeasurementRow row : end) trial.measurements.push_back(row);
    put(9, "validation", "accuracy", 0.8);
    put(9, "selection", "generation", 3.0);
  }
  const analysis::Answer early = trials.ask(
      "kind = \"compare_methods\"\nselector = \"training_domain\"\nearly_stopping = true\n");
  CHECK(planted_cell(early.tables.front(), "erm", "OOD").substr(0, 5) == "0.700");
}
