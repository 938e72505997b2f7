// What ceilings say at the edges: ties, what training never shows, options at which a world has no
// point to make.
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "environments/shared/ceilings/erm_failure_claim.hpp"
#include "environments/shared/ceilings/tie_rules.hpp"
#include "nouns/control_shift.hpp"
#include "nouns/control_shift_environment.hpp"
#include "unit/environments/image_worlds.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::first_is_better;
using environments::sign_of_normal_leads;
using environments::without_opposites;
using tests::image_world;
using tests::synthetic_world;

Value::List numbers(const std::vector<double>& values) {
  return Value::List(values.begin(), values.end());
}

/// Any built-in world that needs no installed images.
std::unique_ptr<Environment> any_world(const std::string& name, Value::Table options = {}) {
  const std::string images = "_images";
  const bool shows_images = name.size() > images.size() &&
                            name.compare(name.size() - images.size(), images.size(), images) == 0;
  return shows_images ? image_world(name, std::move(options))
                      : synthetic_world(name, std::move(options));
}

auto tight(double value) { return Approx(value).epsilon(0).margin(1e-12); }

TEST_CASE("a tie is one whatever the last bits say") {
  CHECK(first_is_better(0.1 + 0.2, 0.3) == 0.5);
  CHECK(first_is_better(0.3, 0.1 + 0.2) == 0.5);
  CHECK(first_is_better(0.0, 0.0) == 0.5);
  CHECK(first_is_better(1e-300, 0.0) == 1.0);
  CHECK(first_is_better(0.0, 1e-300) == 0.0);
  CHECK(first_is_better(0.3 + 1e-9, 0.3) == 1.0);
  CHECK(first_is_better(-1e-16) == 0.5);
  CHECK(first_is_better(-1e-9) == 0.0);
  CHECK(without_opposites({1.0, -2.0, 0.0, -1.0, 2.0, 0.1 + 0.2, -0.3}).empty());
  CHECK(without_opposites({1.0, -2.0, 1.0, -1.0}) == std::vector<double>{1.0, -2.0});
}

TEST_CASE("the sign of a sum of normal leads survives where all are 1") {
  CHECK(sign_of_normal_leads({3.0, -2.0}) > 0.0);
  CHECK(sign_of_normal_leads({30.0, -20.0}) > 0.0);
  CHECK(sign_of_normal_leads({-300.0, 200.0}) < 0.0);
  CHECK(sign_of_normal_leads({0.03, -0.02}) > 0.0);
  CHECK(sign_of_normal_leads({30.0, -20.0, 1.0, -1.0}) > 0.0);
  // Phi(-20) outweighs twice Phi(-30).
  CHECK(sign_of_normal_leads({30.0, 30.0, -20.0, -40.0}) > 0.0);
  CHECK(sign_of_normal_leads({30.0, 30.0, -20.0}) > 0.0);
  CHECK(sign_of_normal_leads({30.0, -20.0, -21.0}) < 0.0);
  CHECK(sign_of_normal_leads({2.0, -2.0, 7.0, -7.0}) == 0.0);
}

TEST_CASE("worlds with a two-valued cue: at a tie in training the cue alone guesses") {
  struct World {
    const char* name;
    const char* option;
  };
  for (const World& world :
       {World{"two_bit", "betas"}, World{"simplicity_slabs", "train_shifts"},
        World{"control_unlearnable", "train_disagreement"}, World{"distant_tokens", "train_shifts"},
        World{"textured_shapes", "train_shifts"}, World{"latent_rule", "train_shifts"},
        World{"xor_shortcut", "train_shifts"}, World{"boolean_staircase", "train_shifts"}}) {
    for (const std::vector<double>& shifts : std::vector<std::vector<double>>{
             {0.1, 0.7, 0.7}, {0.3, 0.4, 0.8}, {0.0, 0.6, 0.7, 0.7}, {0.1, 0.5, 0.7, 0.7}}) {
      CAPTURE(world.name, shifts);
      const auto made = synthetic_world(world.name, {{world.option, numbers(shifts)}});
      const double guess = std::string(world.name) == "latent_rule"
                               ? 0.5 * ((0.5 + 0.125) + 0.125)  // a step either way
                               : 0.5;
      for (const double shift : {0.0, 0.1, 0.9}) {
        CHECK(made->ceilings(made->at(shift)).spurious_only.value == tight(guess));
      }
    }
  }
  const Value::List even = numbers({0.0, 0.6, 0.7, 0.7});
  const auto coloured = image_world("coloured_images", {{"train_shifts", even}});
  CHECK(coloured->ceilings(coloured->at(0.1)).spurious_only.value == tight(0.5));
  const auto halves = image_world("cue_images", {{"train_shifts", even}, {"classes", "halves"}});
  CHECK(halves->ceilings(halves->at(0.1)).spurious_only.value == tight(0.5));
  const auto easy = synthetic_world("easy_to_hard", {{"train_hard", numbers({0.1, 0.7, 0.7})},
                                                     {"easy_disagreement", 0.0},
                                                     {"hard_disagreement", 1.0}});
  CHECK(easy->ceilings(easy->at(0.1)).spurious_only.value == tight(0.5));
  const auto memory =
      synthetic_world("explicit_memorisation", {{"disagreement", numbers({0.1, 0.7, 0.7})}});
  CHECK(memory->ceilings(memory->at(0.1)).spurious_only.value == tight(0.5));
}

TEST_CASE("two_shortcuts: one cue decides where the other's ties with it are broken by nothing") {
  // Cells of disagreeing cues have equally many rows of both labels in the pool.
  const auto world = synthetic_world("two_shortcuts", {{"background", numbers({0.05, 0.15, 0.3})},
                                                       {"companion", numbers({0.3, 0.05, 0.15})}});
  const auto train = world->train_domains();
  CHECK(world->ceilings(train[0]).spurious_only.value == tight(0.825));
  CHECK(world->ceilings(train[1]).spurious_only.value == tight(0.9));
}

TEST_CASE("cues on the real line: opposite train domains leave nothing to follow") {
  const Value::List opposite = numbers({1.0, -1.0, 2.0, -2.0});
  const auto effect = synthetic_world("anti_causal", {{"train_strengths", opposite}});
  CHECK(effect->ceilings(effect->at(-1.0)).spurious_only.value == tight(0.5));
  CHECK_FALSE(effect->info().misleads_erm.has_value());
  const auto labels =
      synthetic_world("anti_causal", {{"shift", "label"},
                                      {"train_strengths", numbers({0.1, 0.2, -0.3})},
                                      {"train_priors", numbers({0.1, 0.7, 0.7})}});
  CHECK(labels->ceilings(labels->at(0.9)).spurious_only.value == tight(0.5));
  const auto kept = synthetic_world("selection_bias", {{"train_selection", opposite}});
  CHECK(kept->ceilings(kept->at(-1.0)).spurious_only.value == tight(0.5));
  const auto hidden = synthetic_world("confounded", {{"train_correlations", numbers({0.5, -0.5})}});
  CHECK(hidden->ceilings(hidden->at(0.9)).spurious_only.value == tight(0.5));
}

TEST_CASE("cues on the real line: the tails are decided too") {
  const auto kept = synthetic_world("selection_bias", {{"train_selection", numbers({3.0, -2.0})}});
  const double pi = std::acos(-1.0);
  CHECK(kept->ceilings(kept->at(3.0)).spurious_only.value == tight(0.5 + std::atan(3.0) / pi));
  const auto strong =
      synthetic_world("selection_bias", {{"train_selection", numbers({-10.0, 9.5})}});
  CHECK(strong->ceilings(strong->at(3.0)).spurious_only.value == tight(0.5 - std::atan(3.0) / pi));
  // Both leads are 1 to a double from t = 1/2 on.
  const auto hidden = synthetic_world("confounded", {{"train_correlations", numbers({1.0, -0.999})},
                                                     {"hidden_effect", 100.0},
                                                     {"causal_effect", 1.0}});
  const double r = 90.0 / std::sqrt(1.0 + 1.0 + 1e4);
  CHECK(hidden->ceilings(hidden->at(0.9)).spurious_only.value ==
        Approx(0.5 + std::asin(r) / pi).margin(1e-9));
}

TEST_CASE("quadrature: the bound holds where the core says next to nothing") {
  const auto world = synthetic_world("anti_causal", {{"shift", "label"},
                                                     {"separation", 0.001},
                                                     {"core_dimensions", 1},
                                                     {"train_strengths", numbers({-2.3})},
                                                     {"train_priors", numbers({0.9})}});
  const Ceilings here = world->ceilings(world->at(0.111));
  REQUIRE(here.population_erm);
  CHECK(std::abs(here.population_erm->value - 0.9692910) <= 5e-8);
  CHECK(here.population_erm->error_bound < 1e-9);
  // Without a core the answer is the cue's.
  CHECK(here.population_erm->value == Approx(here.spurious_only.value).margin(1e-5));
}

TEST_CASE("a population minimiser that errs evenly is the same in every world") {
  const Value::List tie = numbers({0.25});
  const Value::Table options{{"label_noise", 0.25}, {"train_shifts", tie}, {"test_shift", 0.9}};
  for (const char* name : {"textured_shapes", "distant_tokens", "simplicity_slabs", "xor_shortcut",
                           "boolean_staircase"}) {
    CAPTURE(name);
    const auto world = synthetic_world(name, options);
    CHECK(world->ceilings(world->test_domain()).population_erm->value == tight(0.425));
  }
  const auto images = any_world("coloured_images", options);
  CHECK(images->ceilings(images->test_domain()).population_erm->value == tight(0.425));
  const auto bits = synthetic_world("two_bit", {{"alpha", 0.25}, {"betas", tie}});
  CHECK(bits->ceilings(bits->test_domain()).population_erm->value == tight(0.425));
}

TEST_CASE("labels that the causal feature does not tell are guessed from it") {
  for (const char* name :
       {"two_shortcuts", "textured_shapes", "distant_tokens", "control_no_shift",
        "continually_confounded", "simplicity_slabs", "xor_shortcut", "boolean_staircase"}) {
    CAPTURE(name);
    const auto world = synthetic_world(name, {{"label_noise", 0.5}});
    for (const double shift : {0.0, 0.2, 1.0}) {
      const Ceilings all = world->ceilings(world->at(shift));
      CHECK(all.invariant.value == tight(0.5));
      CHECK(all.bayes.value >= 0.5 - 1e-12);
    }
  }
  const auto world = synthetic_world("control_no_shift", {{"label_noise", 0.5}});
  CHECK(world->ceilings(world->at(0.1)).bayes.value == tight(0.9));
}

TEST_CASE("a population minimiser is stated only where training determines it") {
  const Value::List never = numbers({0.0});
  struct World {
    const char* name;
    Value::Table options;
  };
  for (const World& world :
       {World{"control_unlearnable", {{"train_disagreement", never}}},
        World{"two_bit", {{"alpha", 0.0}, {"betas", never}}},
        World{"textured_shapes", {{"label_noise", 0.0}, {"train_shifts", never}}},
        World{"distant_tokens", {{"label_noise", 0.0}, {"train_shifts", never}}},
        World{"xor_shortcut", {{"train_shifts", never}}},
        World{"boolean_staircase", {{"train_shifts", never}}},
        World{"coloured_images", {{"label_noise", 0.0}, {"train_shifts", never}}},
        World{"cue_images", {{"train_shifts", never}}}}) {
    CAPTURE(world.name);
    const auto made = any_world(world.name, world.options);
    CHECK_FALSE(made->ceilings(made->test_domain()).population_erm);
    CHECK_FALSE(made->ceilings(made->at(0.5)).population_erm);
    REQUIRE(made->ceilings(made->at(0.0)).population_erm);
    CHECK(made->ceilings(made->at(0.0)).population_erm->value == tight(1.0));
    CHECK_FALSE(made->info().misleads_erm.has_value());
  }
  for (const char* name : {"control_no_cue", "control_causal_cue"}) {
    CAPTURE(name);
    const auto made =
        synthetic_world(name, {{"train_shares", numbers({1.0})}, {"test_share", 0.0}});
    const Ceilings unseen = made->ceilings(made->test_domain());
    CHECK_FALSE(unseen.population_erm);
    CHECK(unseen.spurious_only.value == tight(0.5));
    CHECK_FALSE(made->info().misleads_erm.has_value());
    CHECK(made->ceilings(made->at(1.0)).population_erm);
  }
  const auto cause = synthetic_world("control_causal_cue", {{"train_shares", numbers({0.0})}});
  CHECK(cause->ceilings(cause->at(0.25)).spurious_only.value == tight(0.75 * 0.85 + 0.25 * 0.5));
}

TEST_CASE("worlds claim to mislead ERM where their ceilings say so") {
  for (const char* name : {"two_shortcuts", "distant_tokens", "easy_to_hard", "selection_bias",
                           "anti_causal", "confounded", "simplicity_slabs", "textured_shapes"}) {
    CAPTURE(name);
    CHECK(synthetic_world(name)->info().misleads_erm == true);
  }
  CHECK(image_world("coloured_images")->info().misleads_erm == true);
  struct World {
    const char* name;
    Value::Table options;
  };
  for (const World& world :
       {World{"distant_tokens", {{"label_noise", 0.1}, {"train_shifts", numbers({0.2, 0.3})}}},
        World{"two_shortcuts", {{"test_background", 0.1}, {"test_companion", 0.05}}},
        World{"easy_to_hard", {{"test_hard", 0.02}}},
        World{"selection_bias", {{"test_selection", 4.0}}},
        World{"anti_causal", {{"test_strength", 2.0}}},
        World{"confounded", {{"test_correlation", 0.9}}},
        World{"simplicity_slabs", {{"test_shift", 0.0}}},
        World{"textured_shapes", {{"label_noise", 0.1}}}}) {
    CAPTURE(world.name);
    CHECK_FALSE(synthetic_world(world.name, world.options)->info().misleads_erm.has_value());
  }
}

TEST_CASE("a claim needs a clear loss that is more of the cue's than not") {
  const auto of = [](double invariant, double cue, double erm, double bound) {
    Ceilings test;
    test.invariant.value = invariant;
    test.spurious_only.value = cue;
    test.population_erm = Ceiling{erm, Exactness::quadrature, bound};
    return environments::claim_to_mislead(test);
  };
  CHECK(of(0.9, 0.1, 0.2, 0.0) == true);
  CHECK_FALSE(of(0.9, 0.1, 0.6, 0.0).has_value());
  CHECK_FALSE(of(0.9, 0.1, 0.2, 0.7).has_value());
  CHECK_FALSE(of(0.55, 0.51, 0.51, 0.0).has_value());
  CHECK_FALSE(environments::claim_to_mislead(Ceilings{}).has_value());
}

TEST_CASE("a control shift that rows refuse has no ceilings either") {
  const std::shared_ptr<const Environment> digits = image_world("cue_images", {{"classes", "all"}});
  const nouns::ControlShiftEnvironment world(digits, 3);
  const Domain usual = digits->test_domain();
  const Domain fine =
      nouns::with_control_shift(usual, ControlShift{ControlShift::Kind::mechanism, 0.9});
  CHECK_NOTHROW(world.ceilings(fine));
  const Domain beyond =
      nouns::with_control_shift(usual, ControlShift{ControlShift::Kind::mechanism, 0.95});
  CHECK_THROWS_AS(world.ceilings(beyond), UsageError);
  CHECK_THROWS_AS(world.sample(beyond, Split::test, {0, 1}), UsageError);
}

}  // namespace
}  // namespace spurion
