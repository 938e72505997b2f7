// Boolean functions and the environments made of them, against definitions written out here and
// sums over the whole hypercube.
#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "catch.hpp"
#include "environments/shared/boolean_function.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::BooleanFunction;
using tests::kTest;
using tests::synthetic_world;
using Kind = BooleanFunction::Kind;

/// Bit number i of a corner of the hypercube, -1 or +1.
int bit_of(std::int64_t corner, std::int64_t i) { return (corner >> i) % 2 != 0 ? 1 : -1; }

/// The functions by their definitions.
int by_definition(Kind kind, const std::vector<int>& bits) {
  int product = 1;
  int sum = 0;
  for (const int bit : bits) {
    product *= bit;
    sum += product;
  }
  return (kind == Kind::parity ? product > 0 : sum >= 0) ? 1 : -1;
}

std::vector<int> corner_bits(std::int64_t corner, std::int64_t degree) {
  std::vector<int> bits;
  for (std::int64_t i = 0; i < degree; ++i) bits.push_back(bit_of(corner, i));
  return bits;
}

TEST_CASE("boolean functions: value, balance and formula are those of the definition") {
  for (const Kind kind : {Kind::parity, Kind::staircase}) {
    for (std::int64_t degree = 1; degree <= 10; ++degree) {
      const BooleanFunction function(kind, degree);
      double positive = 0.0;
      const std::int64_t corners = std::int64_t{1} << degree;
      for (std::int64_t corner = 0; corner < corners; ++corner) {
        const std::vector<int> bits = corner_bits(corner, degree);
        const std::vector<float> shown(bits.begin(), bits.end());
        const int expected = by_definition(kind, bits);
        if (function.value(shown.data()) != expected) FAIL("another value at a corner");
        positive += (expected > 0 ? 1.0 : 0.0) / static_cast<double>(corners);
      }
      CAPTURE(degree);
      CHECK(function.positive_share() == Approx(positive).epsilon(0).margin(1e-14));
    }
  }
  CHECK(BooleanFunction(Kind::parity, 3).formula("u") == "u_1 u_2 u_3");
  CHECK(BooleanFunction(Kind::staircase, 1).formula("v") == "v_1");
  CHECK(BooleanFunction(Kind::staircase, 2).formula("v") == "sign(v_1 + v_1 v_2), sign(0) = +1");
  CHECK(BooleanFunction(Kind::staircase, 5).formula("v") ==
        "sign(v_1 + v_1 v_2 + ... + v_1 v_2 ... v_5)");
  CHECK_THROWS_AS(BooleanFunction(Kind::parity, 0), UsageError);
  CHECK_THROWS_AS(BooleanFunction::kind_of("majority"), UsageError);
}

TEST_CASE("boolean functions: bits are uniform given the value") {
  constexpr std::int64_t kRows = 40000;
  const RandomStream stream(RandomKey(5));
  for (const Kind kind : {Kind::parity, Kind::staircase}) {
    for (const std::int64_t degree : {1, 3, 4}) {
      const BooleanFunction function(kind, degree);
      for (const int value : {-1, 1}) {
        const auto corners = static_cast<std::size_t>(1 << degree);
        std::vector<double> found(corners, 0.0);
        std::vector<float> bits(static_cast<std::size_t>(degree));
        for (std::int64_t row = 0; row < kRows; ++row) {
          function.place(value, stream, row, bits.data());
          std::size_t corner = 0;
          for (std::size_t i = 0; i < bits.size(); ++i) {
            corner += (bits[i] > 0.0F ? 1U : 0U) << i;
          }
          found[corner] += 1.0;
        }
        double possible = 0.0;
        for (std::size_t corner = 0; corner < corners; ++corner) {
          const bool has =
              by_definition(kind, corner_bits(static_cast<std::int64_t>(corner), degree)) == value;
          possible += has ? 1.0 : 0.0;
          if (!has && found[corner] > 0.0) FAIL("bits at which the function has another value");
        }
        for (std::size_t corner = 0; corner < corners; ++corner) {
          if (found[corner] == 0.0) continue;
          const double share = 1.0 / possible;
          const double error = std::sqrt(share * (1.0 - share) / kRows);
          CAPTURE(degree, value, corner);
          CHECK(std::abs(found[corner] / kRows - share) <= 4.0 * error + 1e-12);
        }
        CHECK(std::count_if(found.begin(), found.end(), [](double n) { return n > 0.0; }) ==
              static_cast<std::ptrdiff_t>(possible));
      }
    }
  }
}

TEST_CASE("boolean functions: the other value is a twin that differs in one bit") {
  const RandomStream stream(RandomKey(6));
  struct Case {
    Kind kind;
    std::int64_t degree;
    std::size_t changed;
  };
  for (const Case& one : {Case{Kind::parity, 4, 3}, Case{Kind::staircase, 5, 0},
                          Case{Kind::staircase, 1, 0}, Case{Kind::parity, 1, 0}}) {
    const BooleanFunction function(one.kind, one.degree);
    std::vector<float> plus(static_cast<std::size_t>(one.degree));
    std::vector<float> minus(plus.size());
    for (std::int64_t row = 0; row < 200; ++row) {
      function.place(1, stream, row, plus.data());
      function.place(-1, stream, row, minus.data());
      for (std::size_t i = 0; i < plus.size(); ++i) {
        if ((plus[i] != minus[i]) != (i == one.changed)) FAIL("not the one bit that should change");
      }
    }
  }
}

TEST_CASE("boolean functions: high degrees lose nothing") {
  for (const std::int64_t degree : {999, 1000}) {
    const BooleanFunction function(Kind::staircase, degree);
    // P(tie) = C(k, k/2) / 2^k, by Stirling's series to a relative 1e-9 at k = 1000.
    const double k = static_cast<double>(degree);
    const double tie = std::sqrt(2.0 / (std::acos(-1.0) * k)) *
                       std::exp(-1.0 / (4.0 * k) + 1.0 / (24 * k * k * k));
    CHECK(function.positive_share() ==
          Approx(degree % 2 == 0 ? 0.5 + 0.5 * tie : 0.5).epsilon(1e-9));
    const RandomStream stream(RandomKey(7));
    std::vector<float> bits(static_cast<std::size_t>(degree));
    for (std::int64_t row = 0; row < 50; ++row) {
      for (const int value : {-1, 1}) {
        function.place(value, stream, row, bits.data());
        if (function.value(bits.data()) != value) FAIL("bits with another value");
      }
    }
  }
}

/// Scores of predictors in a domain, by summing over every corner of (x_c, x_s).
struct Exhaustive {
  Kind core;
  std::int64_t core_degree;
  Kind cue;
  std::int64_t cue_degree;
  double label_noise;

  /// P(x_c, x_s, y) at a corner.
  [[nodiscard]] double probability(std::int64_t core_corner, std::int64_t cue_corner, int y,
                                   double shift) const {
    const int s = by_definition(core, corner_bits(core_corner, core_degree));
    const int c = by_definition(cue, corner_bits(cue_corner, cue_degree));
    double same = 0.0;
    for (std::int64_t other = 0; other < std::int64_t{1} << cue_degree; ++other) {
      same += by_definition(cue, corner_bits(other, cue_degree)) == c ? 1.0 : 0.0;
    }
    return std::pow(0.5, static_cast<double>(core_degree)) *
           (s == y ? 1.0 - label_noise : label_noise) * (c == y ? 1.0 - shift : shift) / same;
  }
  /// The accuracy where the shift is `here` of the answers that are best where it is `trained`,
  /// from what `seen` lets the predictor see of (x_c, x_s).
  template <class Seen>
  [[nodiscard]] double score(double here, const std::vector<double>& trained,
                             const Seen& seen) const {
    std::map<std::int64_t, std::array<double, 4>> cells;
    for (std::int64_t a = 0; a < std::int64_t{1} << core_degree; ++a) {
      for (std::int64_t b = 0; b < std::int64_t{1} << cue_degree; ++b) {
        auto& cell = cells[seen(a, b)];
        for (const int y : {-1, 1}) {
          const std::size_t at = y > 0 ? 1 : 0;
          cell[at] += probability(a, b, y, here);
          for (const double shift : trained) cell[2 + at] += probability(a, b, y, shift);
        }
      }
    }
    double total = 0.0;
    for (const auto& [what, cell] : cells) total += cell[3] > cell[2] ? cell[1] : cell[0];
    return total;
  }
};

TEST_CASE("boolean_staircase: every ceiling is the sum over the hypercube") {
  struct Setting {
    const char* core;
    std::int64_t core_degree;
    const char* cue;
    std::int64_t cue_degree;
    double noise;
  };
  for (const Setting& one :
       {Setting{"staircase", 5, "staircase", 1, 0.0}, Setting{"staircase", 4, "staircase", 2, 0.2},
        Setting{"staircase", 2, "parity", 3, 0.1}, Setting{"parity", 3, "staircase", 4, 0.0},
        Setting{"staircase", 2, "parity", 1, 0.35}}) {
    const auto world =
        synthetic_world("boolean_staircase", {{"core_function", one.core},
                                              {"core_degree", one.core_degree},
                                              {"cue_function", one.cue},
                                              {"cue_degree", one.cue_degree},
                                              {"label_noise", one.noise},
                                              {"train_shifts", Value::List{0.1, 0.2}}});
    const Exhaustive all{BooleanFunction::kind_of(one.core), one.core_degree,
                         BooleanFunction::kind_of(one.cue), one.cue_degree, one.noise};
    const auto everything = [](std::int64_t a, std::int64_t b) { return (a << 20) + b; };
    const auto core = [](std::int64_t a, std::int64_t) { return a; };
    const auto cue = [](std::int64_t, std::int64_t b) { return b; };
    const auto nothing = [](std::int64_t, std::int64_t) { return std::int64_t{0}; };
    for (const double shift : {0.0, 0.1, 0.3, 0.9, 1.0}) {
      CAPTURE(one.core, one.core_degree, one.cue, one.cue_degree, one.noise, shift);
      const Ceilings ceilings = world->ceilings(world->at(shift));
      const std::vector<double> train = {0.1, 0.2};
      const auto same = [](double value) { return Approx(value).epsilon(0).margin(1e-12); };
      CHECK(ceilings.bayes.value == same(all.score(shift, {shift}, everything)));
      CHECK(ceilings.invariant.value == same(all.score(shift, {shift}, core)));
      CHECK(ceilings.spurious_only.value == same(all.score(shift, train, cue)));
      REQUIRE(ceilings.population_erm);
      CHECK(ceilings.population_erm->value == same(all.score(shift, train, everything)));
      CHECK(ceilings.chance == same(all.score(shift, {shift}, nothing)));
    }
  }
}

TEST_CASE("xor_shortcut: the label is the XOR of two bits and the third bit is the cue") {
  CHECK(tests::rows_are_addressable("xor_shortcut", {}));
  CHECK(tests::rows_are_addressable("xor_shortcut", {{"label_noise", 0.2}, {"dimensions", 200}}));
  const auto world = synthetic_world("xor_shortcut", {{"dimensions", 130}, {"label_noise", 0.1}});
  const Sample rows = world->sample(world->at(0.3), kTest, {0, 4000});
  CHECK(rows.x.abs().eq(1).all().item<bool>());
  CHECK(rows.x.size(1) == 130);
  const Tensor xor_value = -rows.x.select(1, 0) * rows.x.select(1, 1);
  CHECK(at::equal(rows.causal.select(1, 0), xor_value));
  CHECK(at::equal(rows.spurious.select(1, 0), rows.x.select(1, 2)));
  const Tensor y = rows.y.to(at::kFloat) * 2 - 1;
  const auto share = [](const Tensor& hits) { return hits.to(at::kDouble).mean().item<double>(); };
  // 4000 rows: standard errors of at most .0079.
  CHECK(share(xor_value.ne(y)) == Approx(0.1).margin(0.019));
  CHECK(share(rows.x.select(1, 2).ne(y)) == Approx(0.3).margin(0.029));
  // All else is fair and says nothing: 129 means and 127 correlations with y, standard errors .016.
  const Tensor means = rows.x.to(at::kDouble).mean(0);
  CHECK(means.narrow(0, 3, 127).abs().max().item<double>() < 5 * 0.016);
  CHECK(means.narrow(0, 0, 2).abs().max().item<double>() < 5 * 0.016);
  const Tensor with_label = (rows.x * y.unsqueeze(1)).to(at::kDouble).mean(0);
  CHECK(with_label.narrow(0, 3, 127).abs().max().item<double>() < 5 * 0.016);
  CHECK(with_label.narrow(0, 0, 2).abs().max().item<double>() < 5 * 0.016);
}

TEST_CASE("boolean_staircase: the bits have the functions that it says") {
  const Value::Table options = {{"core_degree", 4},
                                {"cue_function", "parity"},
                                {"cue_degree", 3},
                                {"noise_dimensions", 2},
                                {"train_shifts", Value::List{0.1}}};
  CHECK(tests::rows_are_addressable("boolean_staircase", options));
  const auto world = synthetic_world("boolean_staircase", options);
  const Sample rows = world->sample(world->test_domain(), kTest, {0, 1000});
  CHECK(rows.x.size(1) == 9);
  const auto x = rows.x.accessor<float, 2>();
  for (std::int64_t i = 0; i < 1000; ++i) {
    std::vector<int> core;
    std::vector<int> cue;
    for (std::int64_t j = 0; j < 4; ++j) core.push_back(static_cast<int>(x[i][j]));
    for (std::int64_t j = 4; j < 7; ++j) cue.push_back(static_cast<int>(x[i][j]));
    const int s = by_definition(Kind::staircase, core);
    const int c = by_definition(Kind::parity, cue);
    const int y = rows.y[i].item<std::int64_t>() == 1 ? 1 : -1;
    if (s != static_cast<int>(rows.causal[i][0].item<float>())) FAIL("another f_c");
    if (c != static_cast<int>(rows.spurious[i][0].item<float>())) FAIL("another f_s");
    if (s != y) FAIL("without label noise the label is f_c");
    if (rows.group[i].item<std::int64_t>() != (y > 0 ? 2 : 0) + (c == y ? 1 : 0)) {
      FAIL("another group");
    }
  }
}

TEST_CASE("boolean worlds: interventions on the cue and on the cause") {
  for (const char* name : {"xor_shortcut", "boolean_staircase"}) {
    CAPTURE(name);
    const auto world = synthetic_world(name, {{"label_noise", 0.1}});
    const std::string cue = world->info().cue;
    const std::string cause = world->info().causal;
    const Domain domain = world->train_domains().front();
    const Sample own = world->sample(domain, kTest, {0, 300});
    const Sample other = world->sample(domain, kTest, {0, 300}, Intervention::flip(cue));
    CHECK(at::equal(own.y, other.y));
    CHECK(at::equal(own.causal, other.causal));
    CHECK(at::equal(own.spurious, -other.spurious));
    // Of one bit, or of a staircase of odd degree: one bit of x changes.
    CHECK(own.x.ne(other.x).sum(1).eq(1).all().item<bool>());
    // The label follows the cause, and the cue the label.
    const Sample turned = world->sample(domain, kTest, {0, 300}, Intervention::flip(cause));
    CHECK(at::equal(own.causal, -turned.causal));
    CHECK(at::equal(own.y, 1 - turned.y));
    CHECK(at::equal(own.spurious, -turned.spurious));
    const Sample aligned = world->sample(domain, kTest, {0, 300}, Intervention::align(cue));
    CHECK(at::equal(aligned.spurious.select(1, 0), aligned.y.to(at::kFloat) * 2 - 1));
    CHECK_FALSE(world->supports(Intervention::align(cause)));
    CHECK_FALSE(world->supports(Intervention::set(cue, 0.5)));
  }
}

TEST_CASE("boolean worlds: settings without a shift, without a cue and with an even prior") {
  for (const char* name : {"xor_shortcut", "boolean_staircase"}) {
    CAPTURE(name);
    const auto tight = [](double value) { return Approx(value).epsilon(0).margin(1e-12); };
    const auto usual = synthetic_world(name);
    const Ceilings test = usual->ceilings(usual->test_domain());
    CHECK(test.bayes.value == tight(1.0));
    CHECK(test.invariant.value == tight(1.0));
    CHECK(test.spurious_only.value == tight(0.1));
    CHECK(test.population_erm->value == tight(1.0));
    CHECK(test.chance == tight(0.5));
    // With unlimited rows ERM finds the cause: the difficulty is the learner's, so no claim is
    // made.
    CHECK_FALSE(usual->info().misleads_erm.has_value());

    const auto no_shift = synthetic_world(
        name,
        {{"train_shifts", Value::List{0.1, 0.1}}, {"test_shift", 0.1}, {"label_noise", 0.25}});
    const Ceilings same = no_shift->ceilings(no_shift->test_domain());
    CHECK(same.bayes.value == tight(0.9));
    CHECK(same.population_erm->value == tight(0.9));
    CHECK_FALSE(no_shift->info().misleads_erm.has_value());

    const auto no_cue = synthetic_world(name, {{"train_shifts", Value::List{0.5, 0.5}}});
    const Ceilings free = no_cue->ceilings(no_cue->test_domain());
    CHECK(free.spurious_only.value == tight(0.5));
    CHECK(free.population_erm->value == tight(1.0));
    CHECK_FALSE(no_cue->info().misleads_erm.has_value());

    // A cue that errs less than the label does: population ERM follows it.
    const auto noisy = synthetic_world(name, {{"label_noise", 0.25}});
    CHECK(noisy->ceilings(noisy->test_domain()).population_erm->value == tight(0.1));
    CHECK(noisy->info().misleads_erm == true);
    CHECK_THROWS_AS(synthetic_world(name, {{"train_shifts", Value::List{}}}), UsageError);
    CHECK_THROWS_AS(usual->at(1.5), UsageError);
  }
  // Ties of a staircase of even degree count as +1.
  const auto even = synthetic_world("boolean_staircase", {{"core_degree", 2}});
  CHECK(even->ceilings(even->test_domain()).chance == Approx(0.75));
}

}  // namespace
}  // namespace spurion
