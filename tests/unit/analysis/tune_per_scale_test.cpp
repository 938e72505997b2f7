// Hyper-parameters that are chosen at every scale, or once for all of them, and the warning where a
// choice lies at the edge of what was tried.
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "spurion/analysis/table.hpp"
#include "unit/analysis/planted.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

constexpr double kRates[] = {0.001, 0.003, 0.01, 0.03};
constexpr std::int64_t kTunedWidths[] = {16, 64, 256};

/// Four learning rates at three widths. On validation rows the best is 0.003 at width 16, 0.01 at
/// 64 and 0.03 at 256; over all widths 0.01. Out of distribution they have .5, .6, .7 and .8.
PlantedTrials four_rates() {
  PlantedTrials trials;
  trials.set_experiment(
      "[experiment.search]\nconfigurations = 4\nfields = [\"optimizer.learning_rate\"]\n");
  for (std::int64_t seed = 0; seed < 3; ++seed) {
    for (std::int64_t scale = 0; scale < 3; ++scale) {
      for (std::int64_t sample = 0; sample < 4; ++sample) {
        const double off = std::abs(static_cast<double>(sample - scale - 1));
        const double ood = 0.5 + 0.1 * static_cast<double>(sample) + seed_noise(seed);
        TrialResult& trial = trials.add("erm", seed, 0.9, ood);
        trial.spec.model.options = Value::Table{{"width", kTunedWidths[scale]}};
        trial.spec.optimizer = Value::Table{{"learning_rate", kRates[sample]}};
        trial.spec.config_index = sample;
        trial.measurements.push_back({0, 9, "validation", 0.0, "accuracy", 0.9 - 0.02 * off});
      }
    }
  }
  return trials;
}

constexpr const char* kQuestion =
    "kind = \"gap_against_scale\"\naxis = \"model.width\"\nselector = \"training_domain\"\n";

/// The gaps from the smallest to the largest scale, without the noise of the seeds.
std::vector<double> gaps(const analysis::Answer& answer) {
  const double noise = (seed_noise(0) + seed_noise(1) + seed_noise(2)) / 3.0;
  std::vector<double> values;
  for (const analysis::Estimate& gap : answer.charts.front().series.front().y) {
    values.push_back(std::round(1000.0 * (gap.value + noise)) / 1000.0);
  }
  return values;
}

}  // namespace

TEST_CASE("a selector tunes at every scale by itself") {
  const analysis::Answer answer = four_rates().ask(kQuestion);
  CHECK(gaps(answer) == std::vector<double>{0.3, 0.2, 0.1});
  const analysis::Answer said =
      four_rates().ask(std::string(kQuestion) + "tune_per_scale = true\n");
  CHECK(gaps(said) == gaps(answer));
  CHECK(said.sentence == answer.sentence);
}

TEST_CASE("one sample for all scales is that with the best mean score over them") {
  const analysis::Answer answer =
      four_rates().ask(std::string(kQuestion) + "tune_per_scale = false\n");
  CHECK(gaps(answer) == std::vector<double>{0.2, 0.2, 0.2});
  const analysis::Table& table = answer.tables.front();
  CHECK(text_of(table.cell(0, "selected by")) == "training_domain, one sample for all scales");
  CHECK_THAT(table.caption, Contains("one sample for all scales, that with the best mean score"));
  CHECK_THAT(table.name, Contains("one_for_all_scales"));
  CHECK_THAT(answer.sentence, !Contains("Edge of the search"));
}

TEST_CASE("a sample without a score at one scale is not chosen for all") {
  PlantedTrials trials = four_rates();
  for (TrialResult& trial : trials.all()) {
    const bool diverges = trial.spec.config_index == 2 &&
                          *trial.spec.model.options.find("width") == Value(std::int64_t{256});
    if (diverges) trial.status = Status::diverged;
  }
  // 0.003 and 0.03 have the same mean score over the widths, and 0.003 is the first.
  const analysis::Answer answer = trials.ask(std::string(kQuestion) + "tune_per_scale = false\n");
  CHECK(gaps(answer) == std::vector<double>{0.3, 0.3, 0.3});
}

TEST_CASE("a choice at the edge of the search is told with its scale") {
  const std::string sentence = four_rates().ask(kQuestion).sentence;
  CHECK_THAT(sentence, Contains("Edge of the search: the chosen optimizer.learning_rate is the "
                                "largest that was tried for 1 of 3 configurations (model.width = "
                                "256). Better values may lie beyond: widen these ranges."));
  CHECK_THAT(
      four_rates().ask("kind = \"selection\"\n").sentence,
      Contains("Edge of the search of training_domain: the chosen optimizer.learning_rate is "
               "the largest that was tried for 1 of 3 configurations (model.width = 256)"));
  PlantedTrials inside = four_rates();
  for (TrialResult& trial : inside.all()) {
    if (*trial.spec.model.options.find("width") == Value(std::int64_t{256})) {
      trial.spec.model.options = Value::Table{{"width", 32}};
      if (trial.spec.config_index == 2) set_number(trial, "validation", "accuracy", 0.95);
    }
  }
  CHECK_THAT(inside.ask(kQuestion).sentence, !Contains("Edge of the search"));
  // Without a selector nothing is chosen.
  CHECK_THAT(four_rates().ask("kind = \"gap_against_scale\"\naxis = \"model.width\"\n").sentence,
             !Contains("Edge of the search"));
}
