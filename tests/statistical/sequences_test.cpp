// Predictors written from the formulas, scored on sampled sequences, against the exact ceilings.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "catch.hpp"
#include "statistical/estimates.hpp"
#include "statistical/samples.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using tests::domains_of;
using tests::estimate;
using tests::hits;
using tests::kCancelled;
using tests::synthetic_world;

constexpr std::int64_t kSequences = 40000;

double mean_shift(const Environment& world) {
  double sum = 0.0;
  for (const Domain& domain : world.train_domains()) sum += domain.shift;
  return sum / static_cast<double>(world.train_domains().size());
}

TEST_CASE("Sampled accuracies of distant_tokens agree with every ceiling") {
  for (const char* relation : {"equal", "greater"}) {
    const auto world = synthetic_world("distant_tokens", {{"relation", relation}}, 3);
    const double in_training = mean_shift(*world);
    for (const Domain& domain : domains_of(*world, {0.0, 0.3, 0.5, 1.0})) {
      CAPTURE(relation, domain.name);
      const Sample rows = world->sample(domain, Split::test, {0, kSequences});
      const Ceilings ceilings = world->ceilings(domain);
      const Tensor tokens = rows.x.argmax(2);
      const Tensor holds = std::string(relation) == "equal"
                               ? tokens.select(1, 0).eq(tokens.select(1, 10))
                               : tokens.select(1, 0).gt(tokens.select(1, 10));
      const Tensor side = holds.to(at::kDouble) * 2 - 1;
      const Tensor marker = tokens.amax(1).sub(4).to(at::kDouble) * 2 - 1;
      // Kept finite at the ends of the shift; the sign is all that matters.
      const auto odds = [](double e) {
        const double safe = std::min(std::max(e, 1e-9), 1.0 - 1e-9);
        return std::log((1.0 - safe) / safe);
      };
      const auto score = [&](double of_relation, double of_marker) {
        return estimate(hits(side * of_relation + marker * of_marker, rows.y, kCancelled));
      };
      CHECK(score(odds(0.25), odds(domain.shift)).agrees(ceilings.bayes));
      CHECK(score(1.0, 0.0).agrees(ceilings.invariant));
      CHECK(score(0.0, odds(in_training)).agrees(ceilings.spurious_only));
      REQUIRE(ceilings.population_erm);
      CHECK(score(odds(0.25), odds(in_training)).agrees(*ceilings.population_erm));
    }
  }
}

TEST_CASE("Sampled accuracies of latent_rule agree with every ceiling") {
  const std::vector<Value::Table> settings = {
      {}, {{"symbols", 3}, {"transitions", 9}, {"noise", 0.7}}, {{"preset", "easy"}}};
  const double noise[] = {0.5, 0.7, 0.5};
  for (std::size_t setting = 0; setting < settings.size(); ++setting) {
    const auto world = synthetic_world("latent_rule", settings[setting], 3);
    const std::int64_t symbols = world->info().outputs;
    const std::int64_t seen = world->info().input_shape[0] - 1;
    const double wrong = noise[setting] / static_cast<double>(symbols);
    const double right = 1.0 - noise[setting] + wrong;
    const double in_training = mean_shift(*world);
    for (const Domain& domain : domains_of(*world, {0.0, 0.3, 0.5, 1.0})) {
      CAPTURE(setting, domain.name);
      const Sample rows = world->sample(domain, Split::test, {0, kSequences});
      const Ceilings ceilings = world->ceilings(domain);
      const Tensor tokens = rows.x.argmax(2);
      const Tensor cue = (tokens.select(1, 0) - symbols).to(at::kDouble) * 2 - 1;
      const Tensor walk = tokens.narrow(1, 1, seen);
      // The likelihood of the walk, step by step, under either rule.
      const auto likelihood = [&](std::int64_t rule) {
        Tensor sum = at::zeros({kSequences}, at::kDouble);
        for (std::int64_t t = 0; t + 1 < seen; ++t) {
          const Tensor expected = (walk.select(1, t) + rule + symbols).remainder(symbols);
          const Tensor followed = walk.select(1, t + 1).eq(expected).to(at::kDouble);
          sum += followed * std::log(right) + (1 - followed) * std::log(wrong);
        }
        return sum;
      };
      const Tensor steps = likelihood(1) - likelihood(-1);
      const Tensor last = walk.select(1, seen - 1);
      const auto odds = [](double e) {
        const double safe = std::min(std::max(e, 1e-12), 1.0 - 1e-12);
        return std::log((1.0 - safe) / safe);
      };
      const auto score = [&](double of_steps, double of_cue) {
        const Tensor lead = steps * of_steps + cue * of_cue;
        const auto guess = [&](std::int64_t rule) {
          return (last + rule + symbols).remainder(symbols).eq(rows.y).to(at::kDouble);
        };
        const Tensor decided = at::where(lead.gt(0), guess(1), guess(-1));
        return estimate(at::where(lead.abs().lt(1e-9), (guess(1) + guess(-1)) * 0.5, decided));
      };
      CHECK(score(1.0, odds(domain.shift)).agrees(ceilings.bayes));
      CHECK(score(1.0, 0.0).agrees(ceilings.invariant));
      CHECK(score(0.0, odds(in_training)).agrees(ceilings.spurious_only));
      CHECK(score(1.0, odds(in_training)).agrees(*ceilings.population_erm));
      // The best constant.
      CHECK(estimate(rows.y.eq(0).to(at::kDouble)).agrees(ceilings.chance));
    }
  }
}

/// Labels [-1, 0 unseen, +1] of each symbol, a rule each.
using Tables = std::vector<std::vector<int>>;

/// The rules of a world's train domains, read off sequences long enough to show every symbol.
Tables rules_of(Value::Table options, std::int64_t symbols) {
  options["context"] = 120;
  options["train_shifts"] = Value::List{0.0};
  const auto world = synthetic_world("in_context_rule", options, 3);
  const Sample rows = world->sample(world->train_domains().front(), Split::train, {0, 400});
  const Tensor tokens = rows.x.argmax(2).contiguous();
  std::set<std::vector<int>> found;
  for (std::int64_t i = 0; i < 400; ++i) {
    std::vector<int> table(static_cast<std::size_t>(symbols), 0);
    for (std::int64_t t = 0; t < 120; ++t) {
      const std::int64_t token = tokens.data_ptr<std::int64_t>()[i * 122 + t];
      table[static_cast<std::size_t>(token % symbols)] = token >= symbols ? 1 : -1;
    }
    if (std::find(table.begin(), table.end(), 0) == table.end()) found.insert(table);
  }
  return {found.begin(), found.end()};
}

/// All tables with as many +1 as -1.
Tables every_rule(std::int64_t symbols) {
  Tables all;
  for (int bits = 0; bits < 1 << symbols; ++bits) {
    std::vector<int> table;
    int sum = 0;
    for (std::int64_t u = 0; u < symbols; ++u) {
      table.push_back((bits >> u) % 2 != 0 ? 1 : -1);
      sum += table.back();
    }
    if (sum == 0) all.push_back(table);
  }
  return all;
}

TEST_CASE("Sampled accuracies of in_context_rule agree with every ceiling") {
  struct Setting {
    std::int64_t symbols;
    std::int64_t context;
    std::int64_t rules;
    double in_training;
  };
  for (const Setting& s : {Setting{6, 5, 1, 0.0}, Setting{6, 5, 4, 0.1}, Setting{4, 3, 3, 0.0}}) {
    const Value::Table options = {{"symbols", s.symbols},
                                  {"context", s.context},
                                  {"rules", s.rules},
                                  {"train_shifts", Value::List{s.in_training}}};
    const auto world = synthetic_world("in_context_rule", options, 3);
    const Tables pool = rules_of(options, s.symbols);
    REQUIRE(static_cast<std::int64_t>(pool.size()) == s.rules);
    const Tables all = every_rule(s.symbols);
    for (const Domain& domain : domains_of(*world, {0.0, 0.3, 0.5, 1.0})) {
      CAPTURE(s.symbols, s.rules, domain.name);
      const Sample rows = world->sample(domain, Split::test, {0, kSequences});
      const Ceilings ceilings = world->ceilings(domain);
      const Tensor tokens = rows.x.argmax(2).contiguous();
      const std::int64_t width = s.context + 2;
      // Lead of label 1 in a sequence, from the rules that fit what is read of it.
      const auto lead = [&](const Tables& rules, double flipped, bool by_query_only) {
        Tensor out = at::zeros({kSequences}, at::kDouble);
        Tensor known = at::ones({kSequences}, at::kDouble);
        for (std::int64_t i = 0; i < kSequences; ++i) {
          const std::int64_t* token = tokens.data_ptr<std::int64_t>() + i * width;
          const auto query = static_cast<std::size_t>(token[s.context + 1] - 2 * s.symbols);
          const bool core = token[s.context] == 3 * s.symbols + 1;
          double mass[2] = {0.0, 0.0};
          for (const auto& table : rules) {
            for (const int side : {-1, 1}) {
              double weight = side > 0 ? 1.0 - flipped : flipped;
              for (std::int64_t t = 0; t < s.context && !by_query_only; ++t) {
                const int label = token[t] >= s.symbols ? 1 : -1;
                if (side * table[static_cast<std::size_t>(token[t] % s.symbols)] != label) {
                  weight = 0.0;
                }
              }
              mass[side * table[query] > 0 ? 1 : 0] += weight;
            }
          }
          if (!by_query_only) {
            mass[1] *= core ? 0.75 : 0.25;
            mass[0] *= core ? 0.25 : 0.75;
          }
          if (mass[0] + mass[1] <= 0.0) known.data_ptr<double>()[i] = 0.0;
          out.data_ptr<double>()[i] = mass[1] - mass[0];
        }
        return std::pair(out, known.eq(1).all().item<bool>());
      };
      const auto score = [&](const Tables& rules, double flipped, bool by_query_only) {
        return estimate(hits(lead(rules, flipped, by_query_only).first, rows.y, kCancelled));
      };
      CHECK(score(pool, domain.shift, false).agrees(ceilings.bayes));
      CHECK(score(all, 0.5, false).agrees(ceilings.invariant));
      CHECK(score(pool, s.in_training, true).agrees(ceilings.spurious_only));
      const auto [erm, known] = lead(pool, s.in_training, false);
      CHECK(known == ceilings.population_erm.has_value());
      if (ceilings.population_erm) {
        CHECK(estimate(hits(erm, rows.y, kCancelled)).agrees(*ceilings.population_erm));
      }
    }
  }
}

}  // namespace
}  // namespace spurion
