#include "environments/shared/finite_process.hpp"

#include <algorithm>
#include <vector>

#include "catch.hpp"
#include "environments/shared/ceilings/action_ceilings.hpp"
#include "spurion/error.hpp"

namespace spurion {
namespace {

using environments::CueActionTable;
using environments::FinitePolicy;
using environments::FiniteProcess;
using environments::Outcome;

constexpr std::int64_t kLeft = 0;
constexpr std::int64_t kRight = 1;

/// States 0, 1, 2 in a row. Right leads one on with probability 0.8, else it stays; from state 2 it
/// ends the episode with reward 10. Left ends it at once with reward 3. Every step costs 1.
FiniteProcess hand_chain() {
  return {3, 2, [](std::int64_t state, std::int64_t action, std::vector<Outcome>& outcomes) {
            if (action == kLeft) {
              outcomes.push_back({FiniteProcess::kOver, 1.0, 2.0});
              return;
            }
            const bool last = state == 2;
            outcomes.push_back(
                {last ? FiniteProcess::kOver : state + 1, 0.8, last ? 10.0 - 1.0 : -1.0});
            outcomes.push_back({state, 0.2, -1.0});
          }};
}

TEST_CASE("a finite process is solved as by hand") {
  const FiniteProcess process = hand_chain();
  // Without a discount: state 2 is worth (0.8 * 10 - 1) / 0.8, and each step to the left
  // of it costs 1 / 0.8 more.
  const auto endless = environments::solve(process, {});
  CHECK(endless.values[2] == Approx(8.75).epsilon(1e-12));
  CHECK(endless.values[1] == Approx(7.5).epsilon(1e-12));
  CHECK(endless.values[0] == Approx(6.25).epsilon(1e-12));
  CHECK(endless.actions == std::vector<std::int64_t>{kRight, kRight, kRight});
  // Discounted: v(2) = (7 + 0.2 g v(2)), v(1) = -1 + g (0.8 v(2) + 0.2 v(1)).
  const double g = 0.5;
  const double v2 = 7.0 / (1.0 - 0.2 * g);
  const double v1 = (-1.0 + 0.8 * g * v2) / (1.0 - 0.2 * g);
  const double v0 = std::max(2.0, (-1.0 + 0.8 * g * v1) / (1.0 - 0.2 * g));
  const auto discounted = environments::solve(process, {0, g});
  CHECK(discounted.values[2] == Approx(v2).epsilon(1e-12));
  CHECK(discounted.values[1] == Approx(std::max(2.0, v1)).epsilon(1e-12));
  CHECK(discounted.values[0] == Approx(v0).epsilon(1e-12));
  CHECK(discounted.actions[0] == kLeft);
  // Two steps: from state 0 the end cannot be reached, from state 1 with probability 0.64.
  const auto short_run = environments::solve(process, {2, 1.0});
  CHECK(short_run.values[0] == Approx(2.0).epsilon(1e-12));
  CHECK(short_run.values[1] == Approx(-1.0 + 0.8 * 7.0 + 0.2 * 2.0).epsilon(1e-12));
  CHECK(short_run.values[2] == Approx(7.0 + 0.2 * 7.0).epsilon(1e-12));
  CHECK(short_run.actions.size() == 6);
  CHECK(short_run.actions[3] == kLeft);
  CHECK(short_run.actions[5] == kRight);
}

TEST_CASE("policies of a finite process are evaluated and followed as by hand") {
  const FiniteProcess process = hand_chain();
  const FinitePolicy right = environments::deterministic_policy({kRight, kRight, kRight}, 2);
  CHECK(environments::evaluate(process, right, {})[0] == Approx(6.25).epsilon(1e-12));
  CHECK(environments::evaluate(process, right, {1, 1.0})[0] == Approx(-1.0).epsilon(1e-12));
  const FinitePolicy coin = environments::uniform_policy(process);
  // One step of a coin in state 2: half of 2, half of 7.
  CHECK(environments::evaluate(process, coin, {1, 1.0})[2] == Approx(4.5).epsilon(1e-12));
  // A policy that goes right first and leaves then.
  FinitePolicy timed = right;
  const FinitePolicy left = environments::deterministic_policy({kLeft, kLeft, kLeft}, 2);
  timed.probability.insert(timed.probability.end(), left.probability.begin(),
                           left.probability.end());
  CHECK(environments::evaluate(process, timed, {2, 0.5})[0] == Approx(-1.0 + 0.5 * 2.0));
  CHECK_THROWS_AS(environments::evaluate(process, timed, {3, 1.0}), LogicError);

  const auto where = environments::occupancy(process, right, {1.0, 0.0, 0.0}, 4);
  CHECK(where[0] == std::vector<double>{1.0, 0.0, 0.0});
  CHECK(where[2][0] == Approx(0.04));
  CHECK(where[2][1] == Approx(0.32));
  CHECK(where[2][2] == Approx(0.64));
  // After three steps the episode is over with probability 0.8^3.
  CHECK(where[3][0] + where[3][1] + where[3][2] == Approx(1.0 - 0.512));
  CHECK(environments::expected_value({0.25, 0.0, 0.75}, {4.0, 9.0, 8.0}) == Approx(7.0));
}

TEST_CASE("a finite process refuses what is no process") {
  const auto of = [](std::vector<Outcome> outcomes) {
    return FiniteProcess(
        2, 1, [&](std::int64_t, std::int64_t, std::vector<Outcome>& out) { out = outcomes; });
  };
  CHECK_THROWS_AS(of({{0, 0.5, 0.0}}), LogicError);
  CHECK_THROWS_AS(of({{2, 1.0, 0.0}}), LogicError);
  CHECK_THROWS_AS(of({{0, 1.0, 0.0}, {1, 0.0, 0.0}}), LogicError);
}

TEST_CASE("a table of cues and actions scores the best predictor from the cue") {
  CueActionTable train(2);
  train.add({0.0F}, 0, 0.4);
  train.add({0.0F}, 1, 0.1);
  train.add({1.0F}, 1, 0.3);
  train.add({1.0F}, 0, 0.2);
  CHECK(train.best_constant() == Approx(0.6));
  CHECK(train.accuracy_of(train) == Approx(0.7));
  CueActionTable test(2);
  test.add({0.0F}, 1, 3.0);
  test.add({1.0F}, 1, 2.0);
  test.add({2.0F}, 0, 5.0);
  // Wrong beside 0, right beside 1; beside 2 it takes what is most frequent in training.
  CHECK(test.accuracy_of(train) == Approx(0.7));
  // A tie is half right.
  CueActionTable tie(2);
  tie.add({0.0F}, 0, 1.0);
  tie.add({0.0F}, 1, 1.0);
  CHECK(test.accuracy_of(tie) == Approx(0.5));
  // Counts of 100 rows: 48 and 52 are a tie, 30 and 70 are not.
  const auto counted = [&](double first, double row) {
    CueActionTable counts(2);
    counts.add({0.0F}, 0, first);
    counts.add({0.0F}, 1, 1.0 - first);
    return test.counted_accuracy_of(counts, row);
  };
  CHECK(counted(0.48, 0.01).tied > 0.0);
  CHECK(counted(0.48, 0.01).value == Approx(counted(0.52, 0.01).value));
  CHECK(counted(0.3, 0.01).tied == 0.0);
  CHECK(counted(0.48, 0.0).value == test.accuracy_of([] {
    CueActionTable exact(2);
    exact.add({0.0F}, 0, 0.48);
    exact.add({0.0F}, 1, 0.52);
    return exact;
  }()));
  CueActionTable pooled(2);
  pooled.add(train, 0.5);
  pooled.add(test, 0.5);
  CHECK(pooled.best_constant() == Approx(0.55));
}

}  // namespace
}  // namespace spurion
