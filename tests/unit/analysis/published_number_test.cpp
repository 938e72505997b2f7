// Welch's test of our mean against a published one, against values by hand.
#include "analysis/published_number.hpp"

#include <cmath>

#include "catch.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

const std::vector<double> kOurs = {1, 2, 3, 4};

PublishedNumber published(double spread, SpreadKind kind) { return {4.0, spread, kind, 5.0, 0.0}; }

}  // namespace

TEST_CASE("a published mean is compared by Welch's test") {
  const ComparedMeans found = compare_means(kOurs, published(1.0, SpreadKind::sample_deviation));
  CHECK(found.mean == Approx(2.5));
  CHECK(found.deviation == Approx(std::sqrt(1.25)));
  CHECK(found.runs == 4);
  // -1.5 / sqrt(1.6667 / 4 + 1 / 5), with 5.603 degrees of freedom.
  CHECK(found.errors == Approx(-1.9101436));
  CHECK(found.p == Approx(0.1081237));
}

TEST_CASE("the four kinds of a published spread say the same of one sample") {
  const double errors = compare_means(kOurs, published(1.0, SpreadKind::sample_deviation)).errors;
  CHECK(compare_means(kOurs, published(std::sqrt(0.8), SpreadKind::population_deviation)).errors ==
        Approx(errors));
  CHECK(compare_means(kOurs, published(std::sqrt(0.2), SpreadKind::standard_error)).errors ==
        Approx(errors));
  CHECK(compare_means(kOurs, published(0.4, SpreadKind::population_standard_error)).errors ==
        Approx(errors));
  for (const std::string& name : spread_kind_names()) {
    CHECK(spread_kind_name(spread_kind(name)) == name);
  }
  CHECK_THROWS_WITH(spread_kind("deviation"), Catch::Contains("unknown kind of spread"));
}

TEST_CASE("what one side does not tell of its spread is taken from the other") {
  PublishedNumber number = published(1.0, SpreadKind::sample_deviation);
  CHECK(compare_means({2.5}, number).errors == Approx(-1.5 / std::sqrt(1.0 + 0.2)));
  number.spread.reset();
  CHECK(compare_means(kOurs, number).errors == Approx(-1.5 / std::sqrt(5.0 / 3.0 * (0.25 + 0.2))));
}

TEST_CASE("a difference within the rounding is none, any other is one where nothing varies") {
  PublishedNumber number = published(0.0, SpreadKind::sample_deviation);
  number.rounding = 0.005;
  CHECK(compare_means({4.004, 4.004}, number).errors == 0.0);
  CHECK(compare_means({4.004, 4.004}, number).p == 1.0);
  const ComparedMeans beyond = compare_means({4.1, 4.1}, number);
  CHECK(std::isinf(beyond.errors));
  CHECK(beyond.p == 0.0);
}

}  // namespace spurion::analysis
