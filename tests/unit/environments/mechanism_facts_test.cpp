#include "nouns/mechanism_facts.hpp"

#include <ATen/ATen.h>

#include "catch.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using tests::synthetic_world;

MethodContext told(const Environment& environment, const Access& needs) {
  MethodContext context;
  context.replicas = 2;
  nouns::tell_mechanism(context, needs, {&environment, &environment});
  return context;
}

TEST_CASE("a method is told of the mechanism what it needs, and no more") {
  const auto world = synthetic_world("two_bit");
  CHECK(told(*world, {}).ceilings.empty());
  CHECK_FALSE(told(*world, {}).cue_inputs.defined());

  Access ceilings;
  ceilings.exact_ceilings = true;
  const MethodContext with_ceilings = told(*world, ceilings);
  CHECK_FALSE(with_ceilings.cue_inputs.defined());
  REQUIRE(with_ceilings.ceilings.size() == 2);
  const auto domains = world->train_domains();
  REQUIRE(with_ceilings.ceilings[1].size() == domains.size());
  for (std::size_t e = 0; e < domains.size(); ++e) {
    CHECK(with_ceilings.ceilings[1][e].bayes.value == world->ceilings(domains[e]).bayes.value);
  }

  Access inputs;
  inputs.cue_inputs = true;
  const MethodContext with_inputs = told(*world, inputs);
  CHECK(with_inputs.ceilings.empty());
  // The second input is the cue.
  CHECK(at::equal(with_inputs.cue_inputs, at::tensor({0, 1, 0, 1}).reshape({2, 2}).to(at::kBool)));
}

}  // namespace
}  // namespace spurion
