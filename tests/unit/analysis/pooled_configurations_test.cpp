// What answers say of means over trials that differ in more than their seed.
#include "analysis/pooled_configurations.hpp"

#include <string>

#include "unit/analysis/planted.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

/// Trials of two methods, at two scales, with models of so many depths.
PlantedTrials trials_with_depths(std::int64_t depths) {
  PlantedTrials trials;
  for (std::int64_t seed = 0; seed < 4; ++seed) {
    for (const char* method : {"erm", "v_rex"}) {
      for (const std::int64_t width : {8, 16}) {
        for (std::int64_t depth = 1; depth <= depths; ++depth) {
          const double ood = 0.5 + 0.01 * static_cast<double>(depth) + seed_noise(seed + width);
          TrialResult& trial = trials.add(method, seed, 0.9, ood);
          trial.spec.model.options = Value::Table{{"width", width}, {"depth", depth}};
          trial.measurements.push_back({0, 9, "in_distribution", 0.0, "return", ood});
        }
      }
    }
  }
  return trials;
}

}  // namespace

TEST_CASE("means over configurations say over how many") {
  analysis::PooledConfigurations pooled;
  CHECK(pooled.text().empty());
  pooled.add("8", "shallow");
  pooled.add("8", "shallow");
  pooled.add("16", "shallow");
  CHECK(pooled.text().empty());
  pooled.add("8", "deep");
  CHECK(pooled.text() == "Each point is the mean over 1 to 2 configurations. ");
  pooled.add("16", "deep");
  CHECK(pooled.text() == "Each point is the mean over 2 configurations. ");
  CHECK(pooled.text("It") == "It is the mean over 2 configurations. ");
}

TEST_CASE("answers say how many configurations each of their means is over") {
  // Where the width is an axis, depths alone are averaged; elsewhere widths are too.
  const std::string along = "axis = \"model.width\"\n";
  const std::string questions[] = {
      "kind = \"gap_against_scale\"\n" + along,
      "kind = \"trend\"\nmetric = \"accuracy\"\nclaim = \"rises\"\n" + along,
      "kind = \"gap_grid\"\nsecond_axis = \"model.depth\"\n" + along,
      "kind = \"compare_methods\"\n",
      "kind = \"compare_regimes\"\n",
      "kind = \"leaderboard\"\n",
      "kind = \"compare_policies\"\n",
      "kind = \"selection\"\n",
  };
  const PlantedTrials shallow = trials_with_depths(1);
  const PlantedTrials mixed = trials_with_depths(3);
  for (const std::string& question : questions) {
    CAPTURE(question);
    const bool followed = question.find(along) != std::string::npos;
    const bool grid = question.find("second_axis") != std::string::npos;
    const auto said = [](const std::string& count) {
      return Contains("Each point is the mean over " + count + " configurations.");
    };
    const std::string one = shallow.ask(question).sentence;
    if (followed) {
      CHECK_THAT(one, !Contains("configurations."));
    } else {
      CHECK_THAT(one, said("2"));
    }
    const std::string several = mixed.ask(question).sentence;
    if (grid) {
      CHECK_THAT(several, !Contains("configurations."));
    } else {
      CHECK_THAT(several, said(followed ? "3" : "6"));
    }
  }
}

TEST_CASE("a number beside a published one says over how many configurations it is the mean") {
  const auto ask = [](const std::string& where) {
    return trials_with_depths(1)
        .ask(
            "kind = \"published\"\nrows = [{ label = \"ERM\", domain = \"test\", metric = "
            "\"accuracy\", value = 0.5, spread = 0.05, runs = 10, where = " +
            where + " }]\n")
        .sentence;
  };
  CHECK_THAT(ask("{ method = \"erm\", \"model.width\" = 16 }"), !Contains("configurations"));
  CHECK_THAT(ask("{ method = \"erm\" }"),
             Contains("Our number is the mean over 2 configurations."));
  // Methods are averaged as well where the question does not tell them apart.
  CHECK_THAT(ask("{ \"model.width\" = 16 }"),
             Contains("Our number is the mean over 2 configurations."));
}
