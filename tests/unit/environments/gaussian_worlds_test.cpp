#include <ATen/ATen.h>

#include <cmath>
#include <string>
#include <vector>

#include "catch.hpp"
#include "environments/confounded/confounded_ceilings.hpp"
#include "environments/shared/numerics/normal.hpp"
#include "environments/shared/numerics/quadrature.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::confounded_ceilings;
using environments::ConfoundedLaw;
using tests::kTest;
using tests::synthetic_world;

Tensor signs(const Sample& rows) { return rows.y.to(at::kFloat).mul(2).sub(1).unsqueeze(1); }

TEST_CASE("Gaussian worlds: rows are addressable") {
  CHECK(tests::rows_are_addressable("anti_causal", {}));
  CHECK(tests::rows_are_addressable("anti_causal", {{"shift", "label"}}));
  CHECK(tests::rows_are_addressable("confounded", {}));
  CHECK(tests::rows_are_addressable("confounded", {{"shift", "covariate"}}));
  CHECK(tests::rows_are_addressable("selection_bias", {}));
  CHECK(tests::rows_are_addressable("easy_to_hard", {}));
}

TEST_CASE("Gaussian worlds: interventions on the cue change the cue alone") {
  for (const std::string name : {"anti_causal", "selection_bias", "easy_to_hard", "confounded"}) {
    CAPTURE(name);
    const auto world = synthetic_world(name);
    const Domain domain = world->train_domains().front();
    const Sample rows = world->sample(domain, kTest, {0, 200});
    const Sample flipped = world->sample(domain, kTest, {0, 200}, Intervention::flip("cue"));
    const Sample aligned = world->sample(domain, kTest, {0, 200}, Intervention::align("cue"));
    CHECK(at::equal(flipped.spurious, -rows.spurious));
    CHECK(at::equal(aligned.spurious, rows.spurious.abs() * signs(rows)));
    CHECK(at::equal(flipped.y, rows.y));
    CHECK(at::equal(flipped.causal, rows.causal));
    // x = (core, 2 cue, noise)
    CHECK(at::equal(rows.x.select(1, 5), rows.spurious.select(1, 0) * 2));
    CHECK(at::equal(flipped.x.narrow(1, 0, 5), rows.x.narrow(1, 0, 5)));
    CHECK(at::equal(flipped.x.narrow(1, 6, 10), rows.x.narrow(1, 6, 10)));
    const Tensor sum = rows.x.narrow(1, 0, 5).sum(1, true) / std::sqrt(5.0);
    CHECK(at::allclose(sum, rows.causal, 1e-4, 1e-5));
  }
}

TEST_CASE("confounded: the label follows its cause, the cue does not") {
  const auto world = synthetic_world("confounded", {{"hidden_effect", 0.01}});
  const Domain domain = world->at(0.5);
  const Sample rows = world->sample(domain, kTest, {0, 400});
  const Sample twin = world->sample(domain, kTest, {0, 400}, Intervention::flip("core"));
  CHECK(at::equal(twin.spurious, rows.spurious));
  CHECK(at::equal(twin.causal, -rows.causal));
  CHECK(twin.y.ne(rows.y).to(at::kFloat).mean().item<float>() > 0.6F);
  CHECK_FALSE(world->supports(Intervention::align("core")));
}

TEST_CASE("anti_causal: each kind of shift moves one thing") {
  const auto label = synthetic_world("anti_causal", {{"shift", "label"}});
  const Sample often = label->sample(label->at(0.9), kTest, {0, 4000});
  const Sample seldom = label->sample(label->at(0.1), kTest, {0, 4000});
  CHECK(often.y.to(at::kFloat).mean().item<double>() == Approx(0.9).margin(0.02));
  CHECK(seldom.y.to(at::kFloat).mean().item<double>() == Approx(0.1).margin(0.02));
  // The cue given the label stays: 1.75 y + N(0, 1).
  CHECK((often.spurious * signs(often)).mean().item<double>() == Approx(1.75).margin(0.07));
  CHECK((seldom.spurious * signs(seldom)).mean().item<double>() == Approx(1.75).margin(0.07));
  // No feature misleads here, and none is claimed to.
  CHECK_FALSE(label->info().misleads_erm.has_value());
  CHECK(synthetic_world("anti_causal")->info().misleads_erm == true);
  CHECK_THROWS_AS(synthetic_world("anti_causal", {{"train_priors", Value::List{0.01}}}),
                  UsageError);
}

TEST_CASE("anti_causal: the ceilings of two normals known in closed form") {
  // One train domain: the best rule is linear, and its accuracy Phi of a distance.
  const auto world = synthetic_world(
      "anti_causal",
      {{"train_strengths", Value::List{2.0}}, {"core_dimensions", 1}, {"separation", 1.0}});
  const Ceilings here = world->ceilings(world->at(2.0));
  const auto phi = [](double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); };
  CHECK(here.bayes.value == Approx(phi(std::sqrt(5.0))).margin(1e-10));
  CHECK(here.invariant.value == Approx(phi(1.0)).margin(1e-12));
  CHECK(here.spurious_only.value == Approx(phi(2.0)).margin(1e-10));
  const Ceilings there = world->ceilings(world->at(-1.0));
  // s + 2 t has mean 1 - 2 and variance 5.
  CHECK(there.population_erm->value == Approx(phi(-1.0 / std::sqrt(5.0))).margin(1e-10));
  CHECK(there.spurious_only.value == Approx(phi(-1.0)).margin(1e-10));
  CHECK(there.population_erm->error_bound < 1e-9);
}

TEST_CASE("confounded: integrals and closed forms of the same ceiling agree") {
  const ConfoundedLaw train{2.0, 3.0, 0.9, 0.0};
  const ConfoundedLaw centred{2.0, 3.0, -0.5, 0.0};
  const ConfoundedLaw nearly{2.0, 3.0, -0.5, 1e-9};
  const Ceilings exact = confounded_ceilings(centred, {train});
  const Ceilings integral = confounded_ceilings(nearly, {train});
  CHECK(exact.bayes.exactness == Exactness::closed_form);
  CHECK(integral.bayes.exactness == Exactness::quadrature);
  CHECK(exact.bayes.value == Approx(integral.bayes.value).margin(1e-8));
  CHECK(exact.invariant.value == Approx(integral.invariant.value).margin(1e-8));
  CHECK(exact.population_erm->value == Approx(integral.population_erm->value).margin(1e-8));
  // The cue alone is a linear rule too: 1/2 + arcsin(b r / sqrt(14)) / pi.
  CHECK(exact.spurious_only.value ==
        Approx(0.5 + std::asin(-1.5 / std::sqrt(14.0)) / 3.14159265358979).margin(1e-10));
  // Where only the cause's distribution moves, the pooled predictor is Bayes everywhere.
  const ConfoundedLaw low{2.0, 3.0, 0.9, -1.0};
  const ConfoundedLaw high{2.0, 3.0, 0.9, 2.0};
  const Ceilings covariate = confounded_ceilings(high, {low, train});
  CHECK(covariate.population_erm->value == Approx(covariate.bayes.value).margin(1e-12));
  // Three cue mechanisms pooled have no linear rule: no figure is given.
  CHECK_FALSE(confounded_ceilings(centred, {train, centred, {2.0, 3.0, 0.1, 0.0}}).population_erm);
}

TEST_CASE("selection_bias: without selection the cue says nothing, and the dial is symmetric") {
  const auto world = synthetic_world("selection_bias");
  const Ceilings none = world->ceilings(world->at(0.0));
  CHECK(none.bayes.value == Approx(none.invariant.value).margin(1e-9));
  CHECK(none.spurious_only.value == Approx(0.5).margin(1e-9));
  const Ceilings plus = world->ceilings(world->at(4.0));
  const Ceilings minus = world->ceilings(world->at(-4.0));
  CHECK(plus.bayes.value == Approx(minus.bayes.value).margin(1e-9));
  // Of kept rows the cue has the label's sign with probability 1/2 + arctan(k) / pi.
  CHECK(plus.spurious_only.value == Approx(0.5 + std::atan(4.0) / 3.14159265358979).margin(1e-9));
}

TEST_CASE("easy_to_hard: shift_curves and classes") {
  const auto world = synthetic_world("easy_to_hard");
  const Sample easy = world->sample(world->at(0.0), kTest, {0, 2000});
  const Sample hard = world->sample(world->at(1.0), kTest, {0, 2000});
  CHECK(easy.group.max().item<std::int64_t>() == 1);
  CHECK(hard.group.min().item<std::int64_t>() == 2);
  CHECK((easy.spurious * signs(easy)).mean().item<double>() == Approx(0.98).margin(0.02));
  CHECK(std::abs((hard.spurious * signs(hard)).mean().item<double>()) < 0.1);
  // Mean distance 1.8 .. 1.0 on easy rows, 1.0 .. 0.2 on hard ones.
  CHECK((easy.causal * signs(easy)).mean().item<double>() == Approx(1.4).margin(0.1));
  CHECK((hard.causal * signs(hard)).mean().item<double>() == Approx(0.6).margin(0.1));
  const Ceilings ends = world->ceilings(world->at(1.0));
  CHECK(ends.bayes.value == Approx(ends.invariant.value).margin(1e-8));
  CHECK(ends.spurious_only.value == 0.5);
  CHECK(world->ceilings(world->at(0.0)).bayes.value > 0.99);
  CHECK_THROWS_AS(synthetic_world("easy_to_hard", {{"hardest", 3.0}}), UsageError);
}

TEST_CASE("easy_to_hard: extreme options have finite ceilings") {
  for (const double disagreement : {0.0, 1.0}) {
    for (const double hardest : {0.0, 10.0}) {
      const auto world = synthetic_world("easy_to_hard", {{"easy_disagreement", disagreement},
                                                          {"hard_disagreement", 1.0 - disagreement},
                                                          {"easiest", 10.0},
                                                          {"hardest", hardest},
                                                          {"train_hard", Value::List{0.0, 1.0}}});
      for (const double shift : world->info().shift_axis.points) {
        const Ceilings all = world->ceilings(world->at(shift));
        CHECK(std::isfinite(all.bayes.value));
        CHECK(all.bayes.value >= all.invariant.value - 1e-8);
        CHECK(all.bayes.value >= all.population_erm->value - 1e-8);
      }
    }
  }
}

TEST_CASE("quadrature: known integrals within their bounds") {
  using namespace environments;
  const Integral bell = integrate(normal_density, -9.0, 9.0);
  CHECK(std::abs(bell.value - 1.0) <= bell.error_bound);
  const Integral step = integrate([](double x) { return x > 0.3 ? 2.0 : 1.0; }, 0.0, 1.0, {0.3});
  CHECK(std::abs(step.value - 1.7) <= step.error_bound);
  // Pieces of any width, and a climb no panel would see.
  const Integral narrow = integrate([](double x) { return std::sqrt(x); }, 0.0, 0.1);
  CHECK(std::abs(narrow.value - std::pow(0.1, 1.5) / 1.5) <= narrow.error_bound);
  const auto climb = [](double x) { return normal_cdf((x - 0.3) / 1e-4); };
  const Integral steep = integrate(climb, 0.0, 1.0, steep_at({0.3}));
  CHECK(std::abs(steep.value - 0.7) <= steep.error_bound);
  CHECK(steep.error_bound < 1e-11);
  const auto pieces = sign_pieces([](double x) { return (x - 1.0) * (x + 2.01); }, -3.0, 3.0);
  REQUIRE(pieces.changes.size() == 2);
  CHECK(pieces.changes[0] == Approx(-2.01).margin(1e-12));
  CHECK(pieces.changes[1] == 1.0);  // a point of the grid
  CHECK(pieces.signs == std::vector<int>{1, -1, 1});
  CHECK(pieces.sign_at(0.0) == -1);
  CHECK(pieces.sign_at(2.0) == 1);
  // Zeros are no signs of their own, unless there is nothing else.
  const auto flat = [](double x) { return std::abs(x) < 1.0 ? 0.0 : x; };
  CHECK(sign_pieces(flat, -3.0, 3.0).signs == std::vector<int>{-1, 1});
  CHECK(sign_pieces(flat, -0.5, 0.5).signs == std::vector<int>{0});
  CHECK(sign_pieces(flat, -0.5, 3.0).signs == std::vector<int>{1});
  CHECK(log_normal_cdf(0.0) == Approx(std::log(0.5)));
  // Both formulas at their border; and far beyond what a double holds.
  CHECK(log_normal_cdf(-30.0 - 1e-9) == Approx(log_normal_cdf(-30.0 + 1e-9)).epsilon(1e-9));
  CHECK(log_normal_cdf(-100.0) == Approx(-5005.524208694205).epsilon(1e-12));
}

}  // namespace
}  // namespace spurion
