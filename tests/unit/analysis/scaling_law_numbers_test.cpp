// What a scaling law says of the asymptote and of the training of streams.
#include <string>

#include "catch.hpp"
#include "unit/analysis/planted_law.hpp"

namespace spurion::tests::scaling_law {

using Catch::Contains;

TEST_CASE("the interval of g_inf has no value that a gap cannot have") {
  for (const double sign : {1.0, -1.0}) {
    const auto answer =
        planted([=](double width) { return sign * 0.13 * std::log2(width / 4.0); }).ask(kAsk);
    const std::string g_inf = planted_cell(table_of(answer, "_verdicts"), "erm", "g_inf");
    // "1.000 [0.987, 1.000]"
    const std::size_t bracket = g_inf.find('[');
    const std::size_t comma = g_inf.find(',');
    INFO(g_inf);
    REQUIRE(comma != std::string::npos);
    CHECK(std::stod(g_inf.substr(bracket + 1)) >= -1.0);
    CHECK(std::stod(g_inf.substr(comma + 1)) <= 1.0);
  }
}

TEST_CASE("a stream is trained enough if its last phase is at its ceiling") {
  PlantedTrials trials;
  Planted line;
  line.gap = plateau;
  plant(trials, line);
  const auto at_ceiling = [&](double last) {
    for (TrialResult& trial : trials.all()) {
      trial.spec.regime.name = "continual";
      const auto add = [&](std::int64_t phase, const std::string& domain, const std::string& metric,
                           double value) {
        trial.measurements.push_back({phase, 9 * phase, domain, 0.0, metric, value});
      };
      for (const char* on : {"phase_0", "phase_1"}) {
        add(0, on, "ceiling_bayes", 0.9);
        add(0, on, "ceiling_invariant", 0.75);
        add(0, on, "ceiling_chance", 0.5);
        add(0, on, "accuracy", on == std::string("phase_0") ? 0.9 : 0.2);
        add(0, on, "cue_contribution", 0.4);
      }
      add(1, "phase_0", "accuracy", 0.2);
      add(1, "phase_1", "accuracy", last);
      add(1, "phase_1", "cue_contribution", 0.4);
      // The cue was reversed: in the train domains it leads astray now.
      add(1, "in_distribution", "accuracy", 0.2);
    }
    return trials.ask(kAsk);
  };
  const auto short_of = [](const analysis::Answer& answer) {
    const analysis::Table& table = table_of(answer, "_verdicts");
    return text_of(table.cell(0, "ID shortfall"));
  };
  CHECK_THAT(short_of(at_ceiling(0.9)), Contains("0.000"));
  CHECK(verdict_of(at_ceiling(0.9)) == "plateaus");
  CHECK(verdict_of(at_ceiling(0.8)) == "under-trained");
}

}  // namespace spurion::tests::scaling_law
