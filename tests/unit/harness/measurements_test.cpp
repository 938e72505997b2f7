#include "spurion/measurements.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "catch.hpp"
#include "harness/store/measurement_layout.hpp"
#include "spurion/error.hpp"

using namespace spurion;

namespace {

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

bool same(const MeasurementRow& a, const Measurement& b) {
  return a.phase == b.phase && a.step == b.step && a.domain == b.domain && same(a.shift, b.shift) &&
         a.metric == b.metric && same(a.value, b.value);
}

}  // namespace

TEST_CASE("measurements that were packed give back what was put in, whoever shares their layout") {
  const std::vector<Measurement> plain = {{0, 5, "in_distribution", 0.0, "accuracy", 0.5},
                                          {0, 5, "stream", std::nan(""), "spent", 3.0},
                                          {1, 9, "in_distribution", 0.0, "accuracy", 0.75}};
  std::vector<std::vector<Measurement>> trials = {plain, plain, {plain[0]}, {}, plain};
  trials.push_back({plain[0], plain[1], {2, 9, "in_distribution", 0.0, "accuracy", 0.25}});
  trials.push_back({plain[0], plain[1], plain[2], {1, 9, "test", 0.5, "accuracy", 0.1}});
  trials.push_back(plain);
  harness::MeasurementLayouts layouts;
  std::vector<Measurements> kept;
  double value = 0.0;
  for (auto& trial : trials) {
    for (Measurement& row : trial) {
      row.value = value += 1.0 / 3.0;
    }
    const harness::PackedMeasurements one = harness::packed(trial);
    layouts.add(one.layout(), one.rows);
    const auto read = layouts.read(one.layout(), one.values);
    REQUIRE(read);
    kept.push_back(*read);
  }
  CHECK(kept[0].layout() == kept[1].layout());
  CHECK(kept[0].layout() == kept.back().layout());
  CHECK(kept[0].layout() != kept[2].layout());
  CHECK(kept[3].layout() == nullptr);
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

TEST_CASE("trials read together keep their own numbers, whatever they have in common") {
  // Three settings in turns, each with numbers of its own that do not change, and a few that do.
  std::vector<Measurement> plain;
  for (int i = 0; i < 40; ++i) plain.push_back({0, i, "test", 0.5, "accuracy", 0.0});
  harness::MeasurementLayouts layouts;
  const harness::PackedMeasurements shape = harness::packed(plain);
  layouts.add(shape.layout(), shape.rows);
  std::vector<std::vector<Measurement>> trials;
  std::vector<Measurements> kept;
  for (int t = 0; t < 60; ++t) {
    std::vector<Measurement> rows = plain;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto place = static_cast<double>(i);
      rows[i].value = i % 4 == 3 ? place + t / 7.0 : place + t % 3 / 3.0;
    }
    if (t % 3 == 1) rows[0].value = std::nan("");  // the same in each of them
    if (t == 50) rows[4].value = -1.0;             // once another
    if (t > 55) {
      for (Measurement& row : rows) row.value = std::sin(row.value * (t + 2.0));
    }
    kept.push_back(layouts.read(shape.layout(), harness::packed(rows).values).value());
    trials.push_back(rows);
  }
  for (std::size_t t = 0; t < trials.size(); ++t) {
    CAPTURE(t);
    REQUIRE(kept[t].size() == trials[t].size());
    for (std::size_t i = 0; i < trials[t].size(); ++i) CHECK(same(kept[t][i], trials[t][i]));
  }
  // A change to one is a change to no other.
  const Measurements before = kept[31];
  kept[30].set_value(2, 100.0);
  kept[31].erase(0);
  kept[32].push_back({1, 0, "test", 0.5, "accuracy", 7.0});
  kept[33].clear();
  CHECK(kept[30].value(2) == 100.0);
  CHECK(same(kept[30][3], trials[30][3]));
  CHECK(kept[31].size() == 39);
  CHECK(same(kept[31][0], trials[31][1]));
  CHECK(same(before[2], trials[31][2]));
  CHECK(kept[32].back().value == 7.0);
  CHECK(kept[33].empty());
  CHECK(same(kept[36][2], trials[36][2]));
}

TEST_CASE("packed measurements are JSON, in which what is not finite is null or left out") {
  const double infinite = std::numeric_limits<double>::infinity();
  const harness::PackedMeasurements one =
      harness::packed({{0, 5, "id", -0.0, "a\"b", 0.1},
                       {1, 6, "stream", std::nan(""), "loss", infinite},
                       {1, 7, "test", 0.5, "loss", -0.0}});
  CHECK(one.rows == R"([[0,5,"id","a\"b",0.0],[1,6,"stream","loss"],[1,7,"test","loss",0.5]])");
  CHECK(one.values == "[0.1,null,0]");
  harness::MeasurementLayouts layouts;
  layouts.add(one.layout(), one.rows);
  CHECK(std::isnan(layouts.read(one.layout(), one.values)->value(1)));
  CHECK(std::isnan((*layouts.read(one.layout(), one.values))[1].shift));
  for (const char* values :
       {"", "[]", "[1,2]", "[1,2,3,4]", "[1,2,x]", "[1,2,3", "[1,,3]", "1,2,3"}) {
    INFO(values);
    CHECK_FALSE(layouts.read(one.layout(), values));
  }
  CHECK_FALSE(layouts.read(harness::layout_key("other"), one.values));
  for (const char* rows : {"{}", "[1]", "[[0,1,2,3]]", "[[0,1,\"a\"]]", "[[0.5,1,\"a\",\"b\"]]"}) {
    INFO(rows);
    CHECK_THROWS_AS(layouts.add(harness::layout_key(rows), rows), UsageError);
  }
}
