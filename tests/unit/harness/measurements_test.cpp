#include "spurion/measurements.hpp"

#include <cmath>
#include <string>

#include "catch.hpp"
#include "harness/store/measurement_layout.hpp"

using namespace spurion;

namespace {

void add(MeasurementPool& pool, const Measurement& row) {
  pool.add(row.phase, row.step, row.domain, row.shift, row.metric, row.value);
}

bool same(const MeasurementRow& a, const Measurement& b) {
  const bool shifts = a.shift == b.shift || (std::isnan(a.shift) && std::isnan(b.shift));
  return a.phase == b.phase && a.step == b.step && a.domain == b.domain && shifts &&
         a.metric == b.metric && a.value == b.value;
}

}  // namespace

TEST_CASE("measurements give back what was put in, whoever shares their layout") {
  const std::vector<Measurement> plain = {{0, 5, "in_distribution", 0.0, "accuracy", 0.5},
                                          {0, 5, "stream", std::nan(""), "spent", 3.0},
                                          {1, 9, "in_distribution", 0.0, "accuracy", 0.75}};
  std::vector<std::vector<Measurement>> trials = {plain, plain, {plain[0]}, {}, plain};
  trials.push_back({plain[0], plain[1], {2, 9, "in_distribution", 0.0, "accuracy", 0.25}});
  trials.push_back({plain[0], plain[1], plain[2], {1, 9, "test", 0.5, "accuracy", 0.1}});
  trials.push_back(plain);
  MeasurementPool pool;
  std::vector<Measurements> kept;
  double value = 0.0;
  for (auto& trial : trials) {
    for (Measurement& row : trial) {
      row.value = value += 1.0;
      add(pool, row);
    }
    kept.push_back(pool.take());
  }
  // A copy that is changed changes no other.
  Measurements changed = kept[0];
  changed.push_back({3, 9, "in_distribution", 0.0, "accuracy", -1.0});
  changed.set_value(0, -2.0);
  changed.erase(1);
  CHECK(changed.size() == 3);
  CHECK(changed.last("in_distribution", "accuracy") == -1.0);
  CHECK(changed.last("in_distribution", "accuracy", 0) == -2.0);
  CHECK_FALSE(changed.last("stream", "spent"));
  for (std::size_t t = 0; t < trials.size(); ++t) {
    CAPTURE(t);
    const Measurements built = trials[t];
    REQUIRE(kept[t].size() == trials[t].size());
    REQUIRE(built.size() == trials[t].size());
    std::size_t i = 0;
    for (const MeasurementRow row : kept[t]) {
      CHECK(same(row, trials[t][i]));
      CHECK(same(built[i], trials[t][i]));
      ++i;
    }
    for (const char* domain : {"in_distribution", "test", "stream", "nowhere"}) {
      for (const std::int64_t phase : {0, 1, 2}) {
        CHECK(kept[t].last(domain, "accuracy", phase) == built.last(domain, "accuracy", phase));
      }
      CHECK(kept[t].last(domain, "accuracy") == built.last(domain, "accuracy"));
    }
  }
}
