#include <ATen/ATen.h>

#include <array>
#include <cmath>
#include <functional>
#include <vector>

#include "catch.hpp"
#include "statistical/estimates.hpp"
#include "unit/environments/coloured_images_world.hpp"

namespace spurion {
namespace {

using tests::check_share;
using tests::coloured_images;

/// The variables of a row of `coloured_images`, without its pixels.
struct Row {
  int shape;
  int label;
  int colour;
};
using Rows = std::vector<Row>;

constexpr std::int64_t kColouredRows = 200000;

/// Rows of several data seeds, as no seed alone has enough.
Rows draw(const Value::Table& options, const std::function<Domain(const Environment&)>& domain_of,
          std::uint64_t first_seed, const Intervention& intervention = Intervention::none()) {
  Rows rows;
  for (std::uint64_t seed = first_seed; static_cast<std::int64_t>(rows.size()) < kColouredRows;
       ++seed) {
    const auto world = coloured_images(options, seed);
    const Domain domain = domain_of(*world);
    constexpr std::int64_t kChunk = 12500;
    for (std::int64_t first = 0; first < world->row_limit(domain, Split::train); first += kChunk) {
      const Sample sample = world->sample(domain, Split::train, {first, kChunk}, intervention);
      for (std::int64_t i = 0; i < kChunk; ++i) {
        rows.push_back({static_cast<int>(sample.causal.data_ptr<float>()[i]),
                        static_cast<int>(sample.y.data_ptr<std::int64_t>()[i]),
                        static_cast<int>(sample.spurious.data_ptr<float>()[i])});
      }
    }
  }
  REQUIRE(static_cast<std::int64_t>(rows.size()) == kColouredRows);
  return rows;
}

std::function<Domain(const Environment&)> dial(double shift) {
  return [shift](const Environment& world) { return world.at(shift); };
}

/// A predictor of the label from (shape, colour): the answer in each of the four cells.
using Predictor = std::array<int, 4>;

Predictor majority(const Rows& rows) {
  std::array<std::int64_t, 4> balance{};
  for (const Row& row : rows) {
    balance[static_cast<std::size_t>(2 * row.shape + row.colour)] += row.label == 1 ? 1 : -1;
  }
  Predictor out{};
  for (std::size_t cell = 0; cell < 4; ++cell) out[cell] = balance[cell] > 0 ? 1 : 0;
  return out;
}

/// 1 where the predictor is right.
std::vector<int> hits(const Rows& rows, const Predictor& predictor) {
  std::vector<int> out;
  out.reserve(rows.size());
  for (const Row& row : rows) {
    out.push_back(predictor[static_cast<std::size_t>(2 * row.shape + row.colour)] == row.label ? 1
                                                                                               : 0);
  }
  return out;
}

double share(const std::vector<int>& hits) {
  double sum = 0;
  for (const int hit : hits) sum += hit;
  return sum / static_cast<double>(hits.size());
}

double score(const Rows& rows, const Predictor& predictor) { return share(hits(rows, predictor)); }

double share_of(const Rows& rows, const std::function<bool(const Row&)>& condition) {
  std::int64_t count = 0;
  for (const Row& row : rows) count += condition(row) ? 1 : 0;
  return static_cast<double>(count) / static_cast<double>(rows.size());
}

constexpr Predictor kShape{0, 0, 1, 1};
constexpr Predictor kColour{0, 1, 0, 1};

TEST_CASE("coloured_images: predictors score what the ceilings say") {
  struct Setting {
    double noise;
    Value::List train_shifts;
  };
  const std::vector<Setting> settings{{0.25, {0.2, 0.1}}, {0.1, {0.2, 0.3}}};
  for (const Setting& setting : settings) {
    const Value::Table options{{"label_noise", setting.noise},
                               {"train_shifts", setting.train_shifts}};
    Rows pooled = draw(
        options, [](const Environment& world) { return world.train_domains()[0]; }, 100);
    const Rows second = draw(
        options, [](const Environment& world) { return world.train_domains()[1]; }, 100);
    pooled.insert(pooled.end(), second.begin(), second.end());
    const Predictor erm = majority(pooled);
    for (const double shift : {0.0, 0.1, 0.5, 0.9, 1.0}) {
      INFO("label noise " << setting.noise << ", e = " << shift);
      const auto world = coloured_images(options, 0);
      const Ceilings ceilings = world->ceilings(world->at(shift));
      const Rows rows = draw(options, dial(shift), 0);
      check_share(score(rows, kShape), ceilings.invariant.value, kColouredRows);
      check_share(score(rows, kColour), ceilings.spurious_only.value, kColouredRows);
      check_share(score(rows, erm), ceilings.population_erm->value, kColouredRows);
      // The best rule is learned on rows of other seeds, so that its score is not flattered.
      const Predictor best = majority(draw(options, dial(shift), 200));
      check_share(score(rows, best), ceilings.bayes.value, kColouredRows);
    }
  }
}

TEST_CASE("coloured_images: the mechanism's frequencies") {
  const double shift = 0.3;
  const Rows rows = draw({}, dial(shift), 10);
  check_share(share_of(rows, [](const Row& r) { return r.label != r.shape; }), 0.25, kColouredRows);
  check_share(share_of(rows, [](const Row& r) { return r.colour != r.label; }), shift,
              kColouredRows);
  // Label noise and colour noise are independent.
  check_share(
      share_of(rows, [](const Row& r) { return r.label != r.shape && r.colour != r.label; }),
      0.25 * shift, kColouredRows);
  const Rows coin = draw({}, dial(shift), 10, Intervention::resample("colour"));
  check_share(share_of(coin, [](const Row& r) { return r.colour != r.label; }), 0.5, kColouredRows);
  check_share(share_of(coin, [](const Row& r) { return r.colour == 1; }), 0.5, kColouredRows);
}

TEST_CASE("coloured_images: how often predictions flip with the colour") {
  const Rows rows = draw({}, dial(0.3), 20);
  const auto flips = [&](const Intervention& intervention, const Predictor& predictor) {
    const Rows twins = draw({}, dial(0.3), 20, intervention);
    std::int64_t count = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto answer = [&](const Row& row) {
        return predictor[static_cast<std::size_t>(2 * row.shape + row.colour)];
      };
      count += answer(rows[i]) != answer(twins[i]) ? 1 : 0;
    }
    return static_cast<double>(count) / static_cast<double>(rows.size());
  };
  CHECK(flips(Intervention::flip("colour"), kColour) == 1.0);
  CHECK(flips(Intervention::flip("colour"), kShape) == 0.0);
  check_share(flips(Intervention::align("colour"), kColour), 0.3, kColouredRows);
  check_share(flips(Intervention::oppose("colour"), kColour), 0.7, kColouredRows);
  check_share(flips(Intervention::resample("colour"), kColour), 0.5, kColouredRows);
  CHECK(flips(Intervention::flip("shape"), kShape) == 1.0);
}

TEST_CASE("coloured_images: the dial curve from twins is the one from sampling") {
  const auto world = coloured_images();
  const auto mixture = *world->info().shift_axis.mixture;
  for (const Predictor& predictor : {kShape, kColour, Predictor{0, 0, 0, 1}}) {
    const std::vector<int> zero = hits(draw({}, dial(0.2), 30, mixture.at_zero), predictor);
    const std::vector<int> one = hits(draw({}, dial(0.2), 30, mixture.at_one), predictor);
    for (const double shift : {0.0, 0.2, 0.5, 0.8, 1.0}) {
      const std::vector<int> sampled = hits(draw({}, dial(shift), 30), predictor);
      // Same rows, same noise: per row the difference has mean 0 and variance at most e (1 - e).
      const double mixed = (1 - shift) * share(zero) + shift * share(one);
      const double error = std::sqrt(shift * (1 - shift) / static_cast<double>(kColouredRows));
      CHECK(std::abs(share(sampled) - mixed) <= 4 * error + 1e-12);
    }
  }
}

}  // namespace
}  // namespace spurion
