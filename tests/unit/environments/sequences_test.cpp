#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "environments/in_context_rule/symbol_rules.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::SymbolRules;
using tests::kTest;
using tests::synthetic_world;

/// [B, T]: the token at each position; every position has exactly one.
Tensor tokens_of(const Sample& rows) {
  REQUIRE(rows.x.sum(2).eq(1.0).all().item<bool>());
  REQUIRE(rows.x.max().item<float>() == 1.0F);
  return rows.x.argmax(2);
}

TEST_CASE("distant_tokens: the tokens stand in the relation and the marker is where it may be") {
  CHECK(tests::rows_are_addressable("distant_tokens", {}));
  for (const char* relation : {"equal", "greater"}) {
    for (const std::int64_t distance : {1, 4, 6}) {
      CAPTURE(relation, distance);
      const auto world = synthetic_world(
          "distant_tokens",
          {{"relation", relation}, {"length", 7}, {"distance", distance}, {"label_noise", 0.0}});
      const Sample rows = world->sample(world->at(0.0), kTest, {0, 2000});
      const Tensor tokens = tokens_of(rows);
      const Tensor first = tokens.select(1, 0);
      const Tensor second = tokens.select(1, distance);
      const Tensor holds = std::string(relation) == "equal" ? first.eq(second) : first.gt(second);
      CHECK(at::equal(holds, rows.y.eq(1)));
      CHECK(at::equal(holds.to(at::kFloat) * 2 - 1, rows.causal.select(1, 0)));
      if (std::string(relation) == "greater") CHECK(first.ne(second).all().item<bool>());
      CHECK(first.lt(4).all().item<bool>());
      CHECK(second.lt(4).all().item<bool>());
      // One marker in each sequence, of the label's kind, at every place it may have.
      const Tensor marker = tokens.ge(4);
      CHECK(marker.sum(1).eq(1).all().item<bool>());
      CHECK(marker.sum(0).gt(0).sum().item<std::int64_t>() == 5);
      CHECK(at::equal(tokens.amax(1) - 4, rows.y));
      // What the markers hide aside, the twin is the same sequence.
      const Sample twin =
          world->sample(world->at(0.0), kTest, {0, 2000}, Intervention::flip("marker"));
      CHECK(at::equal(tokens_of(twin).amax(1) - 4, 1 - rows.y));
      CHECK(at::equal(twin.x.narrow(2, 0, 4), rows.x.narrow(2, 0, 4)));
      CHECK(at::equal(twin.y, rows.y));
    }
  }
  CHECK_THROWS_AS(synthetic_world("distant_tokens", {{"length", 5}, {"distance", 5}}), UsageError);
  CHECK_THROWS_AS(synthetic_world("distant_tokens")->at(1.5), UsageError);
}

TEST_CASE("distant_tokens: do(relation) changes the label with it and align is refused") {
  const auto world = synthetic_world("distant_tokens", {{"label_noise", 0.1}});
  const Domain domain = world->at(0.3);
  const Sample rows = world->sample(domain, kTest, {0, 500});
  const Sample twin = world->sample(domain, kTest, {0, 500}, Intervention::flip("relation"));
  CHECK(at::equal(twin.causal, -rows.causal));
  CHECK(at::equal(twin.y, 1 - rows.y));
  CHECK(at::equal(twin.spurious, -rows.spurious));
  CHECK_FALSE(world->supports(Intervention::align("relation")));
  CHECK_FALSE(world->supports(Intervention::set("marker", 0.5)));
}

TEST_CASE("distant_tokens: ceilings by hand") {
  const auto world = synthetic_world("distant_tokens");
  const Ceilings test = world->ceilings(world->test_domain());
  CHECK(test.bayes.value == Approx(0.9));
  CHECK(test.invariant.value == Approx(0.75));
  CHECK(test.spurious_only.value == Approx(0.1));
  REQUIRE(test.population_erm);
  CHECK(test.population_erm->value == Approx(0.1));
}

TEST_CASE("latent_rule: without noise the walk is the rule's") {
  CHECK(tests::rows_are_addressable("latent_rule", {}));
  const auto world =
      synthetic_world("latent_rule", {{"noise", 0.001}, {"symbols", 5}, {"transitions", 6}});
  const Sample rows = world->sample(world->at(0.0), kTest, {0, 300});
  const Tensor tokens = tokens_of(rows);
  CHECK(at::equal((tokens.select(1, 0) - 5) * 2 - 1, rows.causal.select(1, 0).to(at::kLong)));
  const Tensor walk = at::cat({tokens.narrow(1, 1, 7), rows.y.unsqueeze(1)}, 1);
  CHECK(walk.lt(5).all().item<bool>());
  const Tensor steps = (walk.narrow(1, 1, 7) - walk.narrow(1, 0, 7) + 5).remainder(5);
  const Tensor expected = at::where(rows.causal.gt(0), at::full({300, 1}, 1, at::kLong),
                                    at::full({300, 1}, 4, at::kLong));
  CHECK(steps.eq(expected).to(at::kDouble).mean().item<double>() > 0.99);
  // The cue's twin differs in the first token only.
  const Sample twin = world->sample(world->at(0.0), kTest, {0, 300}, Intervention::flip("cue"));
  CHECK(at::equal(twin.x.narrow(1, 1, 7), rows.x.narrow(1, 1, 7)));
  CHECK(at::equal(twin.y, rows.y));
  CHECK(at::equal(twin.spurious, -rows.spurious));
  CHECK_THROWS_AS(synthetic_world("latent_rule", {{"train_shifts", Value::List{}}}), UsageError);
}

TEST_CASE("latent_rule: what ceilings must be") {
  // Nothing seen of the rule: right half the time, and the cue is all there is to go by.
  const auto blind = synthetic_world("latent_rule", {{"transitions", 0}, {"noise", 0.4}});
  const double right = 0.7;
  const double wrong = 0.1;
  const Ceilings at_end = blind->ceilings(blind->at(0.9));
  CHECK(at_end.invariant.value == Approx(0.5 * (right + wrong)));
  CHECK(at_end.spurious_only.value == Approx(0.1 * right + 0.9 * wrong));
  CHECK(at_end.population_erm->value == Approx(0.1 * right + 0.9 * wrong));
  CHECK(at_end.bayes.value == Approx(0.9 * right + 0.1 * wrong));
  // One step seen: the latent is known where it is +1 or -1, and a coin elsewhere.
  const auto one = synthetic_world("latent_rule", {{"transitions", 1}, {"noise", 0.4}});
  const Ceilings neutral = one->ceilings(one->at(0.5));
  CHECK(neutral.invariant.value ==
        Approx(right * right + wrong * wrong + (1 - right - wrong) * 0.5 * (right + wrong)));
  CHECK(neutral.bayes.value == Approx(neutral.invariant.value));
  // Much seen: as good as knowing it, and the cue is not missed.
  const auto seer = synthetic_world("latent_rule", {{"transitions", 400}, {"noise", 0.4}});
  const Ceilings far = seer->ceilings(seer->test_domain());
  CHECK(far.invariant.value == Approx(right).margin(1e-6));
  CHECK(far.population_erm->value == Approx(right).margin(1e-6));
  CHECK(far.chance == 0.25);
}

TEST_CASE("in_context_rule: labels of the context follow a rule of the pool") {
  CHECK(tests::rows_are_addressable("in_context_rule", {}));
  const auto world = synthetic_world(
      "in_context_rule", {{"symbols", 4}, {"context", 40}, {"rules", 2}, {"core_noise", 0.0}});
  for (const double shift : {0.0, 1.0}) {
    const Sample rows = world->sample(world->at(shift), kTest, {0, 400});
    const Tensor tokens = tokens_of(rows);
    const Tensor items = tokens.narrow(1, 0, 40);
    CHECK(items.lt(8).all().item<bool>());
    CHECK(at::equal(tokens.select(1, 40) - 12, rows.y));
    CHECK(rows.spurious.eq(shift == 0.0 ? 1.0 : -1.0).all().item<bool>());
    std::vector<std::int64_t> seen;
    for (std::int64_t i = 0; i < 400; ++i) {
      std::int64_t positive = 0;
      std::int64_t negative = 0;
      for (std::int64_t t = 0; t < 40; ++t) {
        const auto token = items[i][t].item<std::int64_t>();
        (token >= 4 ? positive : negative) |= std::int64_t{1} << (token % 4);
      }
      REQUIRE((positive & negative) == 0);  // no symbol with both labels
      const auto query = tokens[i][41].item<std::int64_t>() - 8;
      CHECK(((positive >> query) & 1) == rows.y[i].item<std::int64_t>());
      if ((positive | negative) == 15) seen.push_back(positive);
    }
    std::sort(seen.begin(), seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    CHECK(seen.size() == 2);
  }
  // The opposite relation is the same items with the other symbols.
  const Sample rows = world->sample(world->at(0.0), kTest, {0, 50});
  const Sample twin = world->sample(world->at(0.0), kTest, {0, 50}, Intervention::flip("relation"));
  CHECK(at::equal(tokens_of(twin).narrow(1, 0, 40).ge(4), tokens_of(rows).narrow(1, 0, 40).ge(4)));
  CHECK(tokens_of(twin).narrow(1, 0, 40).ne(tokens_of(rows).narrow(1, 0, 40)).all().item<bool>());
  CHECK(at::equal(twin.y, rows.y));
  CHECK_THROWS_AS(synthetic_world("in_context_rule", {{"symbols", 4}, {"rules", 4}}), UsageError);
  CHECK_THROWS_AS(synthetic_world("in_context_rule", {{"symbols", 5}}), UsageError);
}

TEST_CASE("in_context_rule: what ceilings must be") {
  // One rule: the query's symbol tells the label; the opposite rule was never seen.
  const auto one = synthetic_world("in_context_rule", {{"rules", 1}});
  const Ceilings usual = one->ceilings(one->train_domains().front());
  CHECK(usual.bayes.value == Approx(1.0));
  CHECK(usual.spurious_only.value == Approx(1.0));
  REQUIRE(usual.population_erm);
  CHECK(usual.population_erm->value == Approx(1.0));
  const Ceilings turned = one->ceilings(one->test_domain());
  CHECK(turned.spurious_only.value == Approx(0.0).margin(1e-12));
  CHECK_FALSE(turned.population_erm);
  CHECK(turned.invariant.value == Approx(usual.invariant.value));
  // Nothing in the context: the core is all that does not turn.
  const auto bare = synthetic_world("in_context_rule", {{"rules", 1}, {"context", 0}});
  const Ceilings alone = bare->ceilings(bare->test_domain());
  CHECK(alone.invariant.value == Approx(0.75));
  CHECK(alone.bayes.value == Approx(1.0));
  REQUIRE(alone.population_erm);
  CHECK(alone.population_erm->value == Approx(0.0).margin(1e-12));
  // A long context shows every symbol.
  const auto all = synthetic_world("in_context_rule", {{"context", 200}, {"rules", 35}});
  CHECK(all->ceilings(all->test_domain()).invariant.value == Approx(1.0).margin(1e-6));
  // The more rules, the less a symbol says by itself.
  const auto many = synthetic_world("in_context_rule", {{"rules", 35}});
  CHECK(std::abs(many->ceilings(many->test_domain()).spurious_only.value - 0.5) < 0.2);
}

TEST_CASE("in_context_rule: rules are nested along the axis and balanced") {
  const SymbolRules rules(8, RandomKey(3));
  CHECK(rules.pool().size() == 35);
  for (const auto rule : rules.pool()) {
    std::int64_t positive = 0;
    for (std::int64_t u = 0; u < 8; ++u) positive += (rule >> u) & 1U;
    CHECK(positive == 4);
    CHECK(std::find(rules.pool().begin(), rules.pool().end(), rules.opposite(rule)) ==
          rules.pool().end());
    CHECK(((rule >> rules.symbol(rule, 1, 3)) & 1U) == 1U);
    CHECK(((rule >> rules.symbol(rule, -1, 3)) & 1U) == 0U);
  }
}

TEST_CASE("in_context_rule: enumeration agrees with going through every context") {
  // Four symbols, three items: 64 contexts, 6 rules, 4 queries, 2 cores.
  const SymbolRules rules(4, RandomKey(5));
  const auto world = rules.prior(3, 0.3);
  const auto believed = rules.prior(2, 0.4);
  const auto every = rules.every_rule();
  const auto brute = [&](const SymbolRules::Prior& prior) {
    double sum = 0.0;
    for (int context = 0; context < 64; ++context) {
      const int items[3] = {context % 4, context / 4 % 4, context / 16};
      for (int query = 0; query < 4; ++query) {
        for (int core = 0; core < 2; ++core) {
          const auto weigh = [&](const SymbolRules::Prior& of, SymbolRules::Rule shown, int label) {
            double mass = 0.0;
            for (const auto& [rule, weight] : of) {
              bool fits = static_cast<int>((rule >> query) & 1U) == label;
              for (const int item : items) {
                fits = fits && ((rule >> item) & 1U) == ((shown >> item) & 1U);
              }
              if (fits) mass += weight;
            }
            return mass * (core == label ? 0.8 : 0.2);
          };
          for (const auto& [rule, weight] : world) {
            const int label = static_cast<int>((rule >> query) & 1U);
            const double likely = weight * (core == label ? 0.8 : 0.2) / (64.0 * 4.0);
            const double lead = weigh(prior, rule, 1) - weigh(prior, rule, 0);
            sum += likely * (std::abs(lead) < 1e-12 ? 0.5 : (lead > 0) == (label == 1) ? 1.0 : 0.0);
          }
        }
      }
    }
    return sum;
  };
  const SymbolRules::Reads reads{3, 0.2};
  CHECK(rules.accuracy(world, world, reads).value() == Approx(brute(world)));
  CHECK(rules.accuracy(world, every, reads).value() == Approx(brute(every)));
  CHECK(rules.accuracy(rules.prior(2, 0.9), believed, reads).has_value());
  CHECK_FALSE(rules.accuracy(world, believed, reads).has_value());
}

}  // namespace
}  // namespace spurion
