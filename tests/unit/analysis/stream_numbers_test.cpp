#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "spurion/analysis/streams.hpp"

using namespace spurion;
using namespace spurion::analysis;

namespace {

/// Two cues by turns, the third never: phases a, b, a; numbers made up to be told apart.
TrialResult recurring_trial() {
  TrialResult trial;
  const auto add = [&](std::int64_t phase, std::int64_t step, const std::string& domain,
                       const std::string& metric, double value) {
    trial.measurements.push_back({phase, step, domain, 0.0, metric, value});
  };
  const double offsets[3][3] = {{-0.4, 0, 0}, {0, -0.4, 0}, {-0.4, 0, 0}};
  const char* cues[] = {"a", "b", "c"};
  for (int phase = 0; phase < 3; ++phase) {
    const std::string domain = "phase_" + std::to_string(phase);
    for (int cue = 0; cue < 3; ++cue) {
      add(0, 0, domain, std::string("shift_") + cues[cue], 0.5 + offsets[phase][cue]);
      add(0, 0, domain, std::string("cue_strength_") + cues[cue], offsets[phase][cue]);
    }
    add(0, 0, domain, "ceiling_bayes", 0.9);
    add(0, 0, domain, "ceiling_chance", 0.5);
  }
  const double scores[3][3] = {{0.90, 0.55, 0.90}, {0.60, 0.85, 0.60}, {0.80, 0.70, 0.80}};
  const double flips[3][3] = {{0.8, 0.0, 0.1}, {0.3, 0.7, 0.2}, {0.6, 0.4, 0.1}};
  for (int after = 0; after < 3; ++after) {
    for (int on = 0; on < 3; ++on) {
      add(after, 10 * (after + 1), "phase_" + std::to_string(on), "accuracy", scores[after][on]);
      add(after, 10, std::string("cue_") + cues[on], "flip_rate", flips[after][on]);
    }
  }
  add(2, 30, "phase_2", "cue_contribution", 0.3);
  add(0, 10, "phase_2", "cue_contribution", 0.35);
  // Two windows of 100 rows in each later phase.
  const double windows[2][2] = {{0.6, 0.88}, {0.7, 0.75}};
  for (int phase = 1; phase < 3; ++phase) {
    for (int window = 0; window < 2; ++window) {
      const std::int64_t step = 10 * phase + 5 * (window + 1);
      add(phase, step, "stream", "prequential_accuracy", windows[phase - 1][window]);
      add(phase, step, "stream", "window_rows", 100.0);
      add(phase, step, "stream", "regret", 0.9 - windows[phase - 1][window]);
    }
  }
  return trial;
}

}  // namespace

TEST_CASE("measures of a stream are what their formulas say") {
  const auto numbers = stream_numbers(recurring_trial());
  REQUIRE(numbers);
  const StreamNumbers& s = *numbers;
  CHECK(s.phases == 3);
  CHECK(s.newest(0) == std::vector<std::string>{"a"});
  CHECK(s.newest(1) == std::vector<std::string>{"b"});
  CHECK(s.newest(2) == std::vector<std::string>{"a"});
  CHECK(s.shifts(1));
  CHECK(s.new_cue_reliance(1) == 0.7);
  CHECK(s.old_cue_reliance(1) == 0.3);
  CHECK(std::isnan(s.old_cue_reliance(0)));
  CHECK(s.unseen_cue_reliance(1) == 0.2);
  CHECK(s.max_flip_rate(2) == 0.6);
  // Best before the last phase minus last: on phase 0 .90 - .80, on phase 1 .85 - .70.
  CHECK(s.forgetting() == Approx(0.125));
  CHECK(s.backward_transfer() == Approx((0.80 - 0.90 + 0.70 - 0.85) / 2));
  CHECK(s.forward_transfer() == Approx((0.55 - 0.5 + 0.60 - 0.5) / 2));
  CHECK(s.dynamic_regret() == Approx(100.0 * (0.3 + 0.02 + 0.2 + 0.15)));
  CHECK(s.max_regret() == Approx(0.3));
  CHECK(s.recovery_rows(0.05) == Approx(200.0));  // 200 after the first shift, never after the next
  CHECK(s.recovery_rows(0.25) == Approx(150.0));  // 200 and 100
  CHECK(s.cue_contributions[2][2] == 0.3);
}

TEST_CASE("cues of any domain that phase 0 is trained on were paired with the label") {
  TrialResult trial = recurring_trial();
  for (const auto& [cue, offset] :
       {std::pair("a", -0.4), std::pair("b", 0.0), std::pair("c", -0.4)}) {
    trial.measurements.push_back(
        {0, 0, "phase_0", 0.0, std::string("trained_cue_strength_") + cue, offset});
  }
  const auto numbers = stream_numbers(trial);
  REQUIRE(numbers);
  const StreamNumbers& s = *numbers;
  CHECK(s.newest(0) == std::vector<std::string>{"a", "c"});
  CHECK(s.newest(1) == std::vector<std::string>{"b"});
  CHECK(s.new_cue_reliance(0) == 0.8);
  CHECK(s.unseen_cue_reliance(0) == 0.0);  // b
  CHECK(std::isnan(s.old_cue_reliance(0)));
  CHECK(s.old_cue_reliance(1) == 0.3);  // a and c
  CHECK(std::isnan(s.unseen_cue_reliance(1)));
  // Where phases are alike is a matter of what they are measured in.
  CHECK(s.same(0, 2));
  CHECK(s.shifts(1));
}

TEST_CASE("measures are known after each phase, not only at the end") {
  const auto numbers = stream_numbers(recurring_trial());
  REQUIRE(numbers);
  const StreamNumbers& s = *numbers;
  CHECK(std::isnan(s.forgetting(0)));
  CHECK(s.forgetting(1) == Approx(0.90 - 0.60));
  CHECK(s.forgetting(2) == s.forgetting());
  CHECK(s.backward_transfer(1) == Approx(0.60 - 0.90));
  CHECK(std::isnan(s.zero_shot_score(0)));
  CHECK(s.zero_shot_score(1) == Approx(0.55 - 0.5));
  CHECK(s.zero_shot_score(2) == Approx(0.60 - 0.5));
  CHECK(s.recovery_rows(1, 0.05) == 200.0);  // within in the second window
  CHECK(s.recovery_rows(2, 0.05) == 200.0);  // never within: its whole length
  CHECK(s.recovery_rows(2, 0.25) == 100.0);
  CHECK(std::isnan(s.recovery_rows(0, 0.05)));
  CHECK(s.max_regret(1) == Approx(0.3));
  CHECK(s.max_regret(2) == Approx(0.2));
  CHECK(std::isnan(s.max_regret(0)));
}

TEST_CASE("where no ceiling is known there is no regret and no recovery") {
  TrialResult trial = recurring_trial();
  auto& rows = trial.measurements;
  for (std::size_t i = rows.size(); i-- > 0;) {
    if (rows[i].phase == 2 && rows[i].metric == "regret") rows.erase(i);
  }
  const auto numbers = stream_numbers(trial);
  REQUIRE(numbers);
  CHECK(std::isnan(numbers->recovery_rows(2, 0.05)));
  CHECK(std::isnan(numbers->max_regret(2)));
  CHECK(std::isnan(numbers->dynamic_regret()));
  CHECK(numbers->recovery_rows(0.05) == Approx(200.0));  // of the shift that is known
  CHECK(numbers->max_regret() == Approx(0.3));
}

namespace {

/// A regression of two phases whose target varies by 4 and 100, with the same flips after each.
TrialResult regression_trial() {
  TrialResult trial;
  const auto add = [&](std::int64_t phase, const std::string& domain, const std::string& metric,
                       double value) {
    trial.measurements.push_back({phase, 10, domain, 0.0, metric, value});
  };
  add(0, "phase_0", "ceiling_chance", 4.4);
  add(0, "phase_1", "ceiling_chance", 110.0);
  for (std::int64_t after = 0; after < 2; ++after) {
    add(after, "phase_0", "loss", 1.0);
    add(after, "phase_1", "loss", 20.0);
    add(after, "phase_0", "cue_contribution", 2.0);
    add(after, "phase_1", "cue_contribution", 25.0);
    add(after, "cue_z", "counterfactual_rms_change", 6.0);
  }
  return trial;
}

}  // namespace

TEST_CASE(
    "flip rates and cue contributions of a regression are in the target's variance on their own "
    "rows") {
  TrialResult trial = regression_trial();
  const auto add = [&](const std::string& domain, double value) {
    trial.measurements.push_back({0, 0, domain, 0.0, "target_variance", value});
  };
  add("phase_0", 4.0);
  add("phase_1", 100.0);
  add("cue_z", 9.0);
  // Whatever the ceilings say: under some drifts they are not known.
  for (const bool known : {true, false}) {
    if (!known) trial.measurements.erase(1);
    const auto numbers = stream_numbers(trial);
    REQUIRE(numbers);
    CHECK_FALSE(numbers->accuracy);
    CHECK(numbers->flips[0].at("z") == Approx(6.0 / 3.0));
    CHECK(numbers->flips[1].at("z") == Approx(6.0 / 3.0));
    CHECK(numbers->cue_contributions[0][0] == Approx(0.5));
    CHECK(numbers->cue_contributions[1][1] == Approx(0.25));
    CHECK(numbers->variance == std::vector<double>{4.0, 100.0});
  }
}

TEST_CASE(
    "stores that lack the target's variance take that of phase 0, the contributions that of their "
    "phase") {
  TrialResult trial = regression_trial();
  auto numbers = stream_numbers(trial);
  REQUIRE(numbers);
  CHECK(numbers->flips[0].at("z") == Approx(6.0 / std::sqrt(4.4)));
  CHECK(numbers->flips[1].at("z") == numbers->flips[0].at("z"));
  CHECK(numbers->cue_contributions[1][1] == Approx(25.0 / 110.0));
  trial.measurements.erase(1);
  numbers = stream_numbers(trial);
  REQUIRE(numbers);
  CHECK(numbers->flips[1].at("z") == Approx(6.0 / std::sqrt(4.4)));
  CHECK(std::isnan(numbers->cue_contributions[1][1]));
}

TEST_CASE("a control_shift of something else is a shift too") {
  TrialResult trial = recurring_trial();
  auto numbers = stream_numbers(trial);
  REQUIRE(numbers);
  numbers->cue_shifts.assign(3, {{"a", 0.1}});
  numbers->active.assign(3, {"a"});
  CHECK_FALSE(numbers->shifts(2));
  trial.measurements.push_back({0, 0, "phase_2", 0.0, "control_shift_level", 0.25});
  numbers = stream_numbers(trial);
  REQUIRE(numbers);
  numbers->cue_shifts.assign(3, {{"a", 0.1}});
  numbers->active.assign(3, {"a"});
  CHECK_FALSE(numbers->shifts(1));
  CHECK(numbers->shifts(2));
}

TEST_CASE("the same phase met late and early is compared, others are not") {
  TrialResult trial = recurring_trial();
  auto numbers = stream_numbers(trial);
  REQUIRE(numbers);
  // Phases 1 and 2 differ in their cues; phase 0 does not count, it is where training began.
  CHECK(std::isnan(numbers->relearning_change()));
}

TEST_CASE("a phase met again after others is compared with its first time") {
  auto numbers = stream_numbers(recurring_trial());
  REQUIRE(numbers);
  StreamNumbers& s = *numbers;
  // Five phases, of which the second and the last agree.
  s.phases = 5;
  s.scores.assign(5, std::vector<double>(5, 0.5));
  s.scores[1][1] = 0.9;
  s.scores[4][4] = 0.7;
  s.cue_shifts = {{{"a", 0.1}}, {{"a", 0.9}}, {{"a", 0.1}}, {{"a", 0.1}}, {{"a", 0.9}}};
  s.active.assign(5, {"a"});
  CHECK(s.relearning_change() == Approx(-0.2));
  // Without others between it is the same phase going on.
  s.cue_shifts = {{{"a", 0.1}}, {{"a", 0.9}}, {{"a", 0.9}}, {{"a", 0.9}}, {{"a", 0.9}}};
  CHECK(std::isnan(s.relearning_change()));
}

TEST_CASE("one seed of a configuration is no verdict") {
  std::vector<std::vector<StreamNumbers>> strata(1);
  StreamNumbers trial;
  trial.phases = 2;
  trial.cue_contributions = {{0.3, -0.3}, {0.0, 0.4}};
  trial.flips = {{{"cue", 0.8}}, {{"cue", 0.8}}};
  strata[0].push_back(trial);
  CHECK(stream_verdict(strata, -1, 0.1, "one").outcome == StreamOutcome::undecided);
  // Another draw of hyper-parameters is no other seed.
  strata[0].push_back(trial);
  CHECK(stream_verdict(strata, -1, 0.1, "same").outcome == StreamOutcome::undecided);
  trial.seed = 1;
  strata[0].push_back(trial);
  // Nor do two show a spread that coincide, unless it is known how well their rows tell them.
  CHECK(stream_verdict(strata, -1, 0.1, "two").outcome == StreamOutcome::undecided);
  for (StreamNumbers& one : strata[0]) one.rows = 2000.0;
  CHECK(stream_verdict(strata, -1, 0.1, "two").outcome == StreamOutcome::replaced);
}

TEST_CASE("a trial without phases is no stream") {
  TrialResult trial;
  trial.measurements.push_back({0, 0, "test", 0.9, "accuracy", 0.5});
  CHECK_FALSE(stream_numbers(trial));
}

namespace {

/// Trials whose numbers differ by a little noise.
std::vector<std::vector<StreamNumbers>> trials(double flip_before, double flip_after,
                                               double contribution_before,
                                               double contribution_after) {
  std::vector<std::vector<StreamNumbers>> strata(1);
  for (int seed = 0; seed < 5; ++seed) {
    const double noise = 0.01 * (seed - 2);
    StreamNumbers trial;
    trial.seed = seed;
    trial.phases = 2;
    trial.rows = 2000.0;
    trial.scores.assign(2, {0.8, 0.8});
    trial.cue_contributions = {{0.3, contribution_before + noise},
                               {0.0, contribution_after + noise}};
    trial.flips = {{{"cue", flip_before + noise}}, {{"cue", flip_after - noise}}};
    strata[0].push_back(trial);
  }
  return strata;
}

StreamOutcome outcome(double flip_before, double flip_after, double contribution_before,
                      double contribution_after) {
  return stream_verdict(trials(flip_before, flip_after, contribution_before, contribution_after),
                        -1, 0.1, "t")
      .outcome;
}

}  // namespace

TEST_CASE("verdicts follow flip rates and the cue contribution") {
  CHECK(outcome(0.8, 0.03, -0.3, 0.0) == StreamOutcome::resolved);
  CHECK(outcome(0.8, 0.8, -0.3, 0.35) == StreamOutcome::replaced);
  CHECK(outcome(0.8, 0.8, -0.3, -0.3) == StreamOutcome::unchanged);
  CHECK(outcome(0.8, 0.8, 0.3, 0.3) == StreamOutcome::unchanged);
  CHECK(outcome(0.03, 0.03, 0.0, 0.0) == StreamOutcome::not_confused);
  CHECK(outcome(0.8, 0.4, -0.3, 0.05) == StreamOutcome::undecided);
  CHECK(outcome(0.8, 0.1, -0.3, 0.0) == StreamOutcome::undecided);  // the interval holds the margin
}

namespace {

/// Two cues; the first is what phase 0 has, the second says something in phase 1 alone; in phase 2
/// neither does.
StreamOutcome outcome_of(const std::vector<std::map<std::string, double>>& flips,
                         double cue_contribution, bool shifts = true) {
  std::vector<std::vector<StreamNumbers>> strata(1);
  for (int seed = 0; seed < 5; ++seed) {
    const double noise = 0.01 * (seed - 2);
    StreamNumbers trial;
    trial.seed = seed;
    trial.phases = static_cast<std::int64_t>(flips.size());
    trial.rows = 2000.0;
    const std::vector<double> still(flips.size(), 0.0);
    trial.cue_contributions.assign(flips.size(), still);
    trial.cue_contributions.back().back() = cue_contribution + noise;
    trial.active = {{"a"}, {"b"}, {}};
    trial.cue_shifts = {
        {{"a", 0.1}, {"b", 0.5}}, {{"a", 0.5}, {"b", 0.1}}, {{"a", 0.5}, {"b", 0.5}}};
    if (!shifts) {
      trial.active.assign(3, {"a"});
      trial.cue_shifts.assign(3, {{"a", 0.1}, {"b", 0.5}});
    }
    trial.active.resize(flips.size());
    trial.cue_shifts.resize(flips.size());
    trial.control_shift.assign(flips.size(), std::nan(""));
    trial.flips = flips;
    for (auto& phase : trial.flips) {
      for (auto& [cue, rate] : phase) rate += noise * (cue == "a" ? 1.0 : -1.0);
    }
    strata[0].push_back(std::move(trial));
  }
  return stream_verdict(strata, -1, 0.1, "cues").outcome;
}

}  // namespace

TEST_CASE("one cue for another is no standstill, though the worst flip rate stands still") {
  const std::map<std::string, double> first = {{"a", 0.95}, {"b", 0.02}};
  const std::map<std::string, double> second = {{"a", 0.02}, {"b", 0.95}};
  // Where neither says anything no score is owed to it, but the predictions follow it.
  CHECK(outcome_of({first, second, second}, 0.0) == StreamOutcome::replaced);
  CHECK(outcome_of({first, first, first}, 0.0) == StreamOutcome::unchanged);
  CHECK(outcome_of({first, {{"a", 0.02}, {"b", 0.02}}, {{"a", 0.02}, {"b", 0.02}}}, 0.0) ==
        StreamOutcome::resolved);
}

TEST_CASE("where nothing was followed, or nothing shifted, nothing is replaced") {
  const std::map<std::string, double> none = {{"a", 0.03}, {"b", 0.03}};
  CHECK(outcome_of({none, {{"a", 0.03}, {"b", 0.8}}}, 0.4) == StreamOutcome::adopted);
  CHECK(outcome_of({{{"a", 0.3}, {"b", 0.03}}, {{"a", 0.8}, {"b", 0.03}}}, 0.4, false) ==
        StreamOutcome::adopted);
  CHECK(outcome_of({{{"a", 0.8}, {"b", 0.03}}, {{"a", 0.3}, {"b", 0.8}}}, 0.4) ==
        StreamOutcome::replaced);
}
