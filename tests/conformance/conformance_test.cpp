#include "spurion/conformance.hpp"

#include <map>

#include "catch.hpp"
#include "conformance/check_noun.hpp"

using namespace spurion;
using spurion::tests::check_noun;

TEST_CASE("every built-in environment conforms") { check_noun("environment"); }
TEST_CASE("every built-in model conforms") { check_noun("model"); }
TEST_CASE("every built-in regime conforms") { check_noun("regime"); }
TEST_CASE("every built-in metric conforms") { check_noun("metric"); }
TEST_CASE("every built-in selector conforms") { check_noun("selector"); }
TEST_CASE("every built-in image source conforms") { check_noun("image source"); }

TEST_CASE("irm_v1 conforms with the linear unit tests' choices, which go together") {
  const Catalog catalog = builtin_catalog();
  const Value options = Value::Table{
      {"convex", true}, {"penalty_weight", 0.5}, {"dummy", "affine"}, {"reduction", "sum"}};
  for (const ConformanceResult& result : check_method(catalog, "irm_v1", options)) {
    CAPTURE(result.check, result.message);
    CHECK(result.outcome != Outcome::failed);
  }
}

TEST_CASE("methods whose penalty begins late conform once it has begun") {
  const Catalog catalog = builtin_catalog();
  const std::map<std::string, Value::Table> begun = {
      {"birm", {{"anneal_steps", Value(0)}, {"penalty_weight", 1.0}}},
      {"fishr", {{"anneal_steps", Value(0)}, {"penalty_weight", 1.0}}},
      {"pair", {{"anneal_steps", Value(0)}, {"erm_preference", 0.39}, {"irm_preference", 0.3}}},
      {"rdm", {{"anneal_steps", Value(0)}, {"penalty_weight", 1.0}}},
      {"trm", {{"warmup_steps", Value(0)}, {"alignment_weight", 0.1}}}};
  for (const auto& [name, options] : begun) {
    for (const ConformanceResult& result : check_method(catalog, name, Value(options))) {
      CAPTURE(name, result.check, result.message);
      CHECK(result.outcome != Outcome::failed);
    }
  }
}
