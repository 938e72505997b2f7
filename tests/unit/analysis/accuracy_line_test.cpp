// Lines of accuracy out of distribution against that in distribution: planted slopes, edges, and
// how often the intervals hold what was planted.
#include "analysis/accuracy_line.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "analysis/normal_distribution.hpp"
#include "catch.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"

using namespace spurion;
using namespace spurion::analysis;

namespace {

double cdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

/// Of a world: models of several methods a seed. The line is planted on the probit scale.
struct PlantedLine {
  double slope = 1.0;
  double intercept = 0.0;
  double of_seed = 0.0;   ///< standard deviation off the line that models of a seed share
  double of_model = 0.0;  ///< the same of each model alone
  double rows = 0.0;      ///< that accuracies are measured on; 0: exact
};

std::vector<LineModel> planted(const PlantedLine& line, std::int64_t seeds, std::int64_t methods,
                               std::uint64_t repeat) {
  const RandomStream noise(RandomKey(3).child("line").child(repeat));
  const auto measured = [&](double p, std::int64_t row, std::int64_t lane) {
    if (line.rows == 0.0) return p;
    // The binomial of many rows as a normal.
    const double hit = p + std::sqrt(p * (1.0 - p) / line.rows) * noise.normal(row, lane);
    return std::min(1.0, std::max(0.0, hit));
  };
  std::vector<LineModel> models;
  for (std::int64_t seed = 0; seed < seeds; ++seed) {
    const double shared = line.of_seed * noise.normal(1000 + seed);
    for (std::int64_t method = 0; method < methods; ++method) {
      const std::int64_t row = seed * methods + method;
      const double x = 0.3 + 1.2 * static_cast<double>(method) / static_cast<double>(methods) +
                       0.1 * noise.normal(row, 0);
      const double y =
          line.intercept + line.slope * x + shared + line.of_model * noise.normal(row, 1);
      LineModel model;
      model.seed = seed;
      model.id = measured(cdf(x), row, 2);
      model.ood = measured(cdf(y), row, 3);
      model.id_rows = model.ood_rows = line.rows;
      model.group = method % 2 == 0 ? "a" : "b";
      models.push_back(model);
    }
  }
  return models;
}

}  // namespace

TEST_CASE("probit: the inverse of the normal distribution, in the tails too") {
  CHECK(probit(0.5) == Approx(0.0).margin(1e-15));
  CHECK(probit(0.975) == Approx(1.959963984540054).epsilon(1e-12));
  CHECK(probit(1e-12) == Approx(-7.034483825301131).epsilon(1e-9));
  for (const double p : {1e-300, 1e-9, 0.01, 0.3, 0.7, 0.999}) {
    CHECK(cdf(probit(p)) == Approx(p).epsilon(1e-9));
  }
  CHECK(probit(0.25) == -probit(0.75));
  CHECK_THROWS_AS(probit(0.0), LogicError);
  CHECK_THROWS_AS(probit(1.0), LogicError);
}

TEST_CASE("accuracy line: a planted line is found, pooled and for each group") {
  for (const double slope : {1.0, 0.4, -0.7}) {
    CAPTURE(slope);
    const auto models = planted({slope, 0.2}, 5, 6, 1);
    const LineCertificate certificate = line_certificate(models);
    CHECK(certificate.pooled.slope.value == Approx(slope));
    CHECK(certificate.pooled.intercept == Approx(0.2));
    CHECK(certificate.pooled.correlation.value == Approx(slope > 0 ? 1.0 : -1.0));
    CHECK(certificate.pooled.slope.low == Approx(slope).margin(1e-6));
    CHECK(certificate.pooled.models == 30);
    CHECK(certificate.pooled.seeds == 5);
    CHECK(certificate.pooled.verdict ==
          (slope > 0 ? LineVerdict::on_the_line : LineVerdict::off_the_line));
    REQUIRE(certificate.groups.size() == 2);
    CHECK(certificate.groups.at("a").models == 15);
    CHECK(certificate.groups.at("b").slope.value == Approx(slope));
  }
}

TEST_CASE("accuracy line: groups on lines of their own can leave no line over all") {
  // Each method is on a rising line; the methods differ by more, so the environment ranks them.
  std::vector<LineModel> models;
  for (std::int64_t seed = 0; seed < 6; ++seed) {
    for (int method = 0; method < 4; ++method) {
      const double x = 1.0 + 0.1 * static_cast<double>(seed) + 0.02 * method;
      LineModel model;
      model.seed = seed;
      model.id = cdf(x);
      model.ood = cdf(x - 0.8 * method);
      model.group = std::string(1, static_cast<char>('a' + method));
      models.push_back(model);
    }
  }
  const LineCertificate certificate = line_certificate(models);
  CHECK(certificate.groups.at("c").verdict == LineVerdict::on_the_line);
  CHECK(certificate.groups.at("c").slope.value == Approx(1.0));
  CHECK(certificate.pooled.verdict == LineVerdict::off_the_line);
}

TEST_CASE("accuracy line: no verdict without enough models, seeds, or differences") {
  CHECK(accuracy_line({}).verdict == LineVerdict::too_few);
  CHECK(accuracy_line(planted({}, 1, 6, 1)).verdict == LineVerdict::too_few);
  CHECK(accuracy_line(planted({}, 2, 1, 1)).verdict == LineVerdict::too_few);
  std::vector<LineModel> same = planted({}, 4, 5, 1);
  for (LineModel& model : same) model.id = 0.8;
  const AccuracyLine flat = accuracy_line(same);
  CHECK(flat.verdict == LineVerdict::too_alike);
  CHECK(std::isnan(flat.slope.value));
  // 100 rows cannot tell accuracies apart that differ by a hundredth.
  std::vector<LineModel> noisy;
  for (std::int64_t i = 0; i < 40; ++i) {
    const RandomStream stream(RandomKey(4));
    LineModel model;
    model.seed = i % 4;
    model.id = 0.8 + 0.04 * stream.normal(i, 0);
    model.ood = 0.6 + 0.2 * stream.uniform(i, 1);
    model.id_rows = model.ood_rows = 100.0;
    noisy.push_back(model);
  }
  CHECK(accuracy_line(noisy).verdict == LineVerdict::too_alike);
  // Off any line, but with a slope that half of the models would turn.
  CHECK(accuracy_line(planted({0.6, 0.0, 0.0, 0.35}, 3, 4, 2)).verdict == LineVerdict::undecided);
}

TEST_CASE("accuracy line: accuracies of 0 and 1 stay finite, others are refused") {
  std::vector<LineModel> models = planted({}, 4, 5, 1);
  models[0].id = 1.0;
  models[1].ood = 0.0;
  models[2].id = 1.0;
  models[2].id_rows = 200.0;
  const AccuracyLine line = accuracy_line(models);
  CHECK(std::isfinite(line.slope.value));
  CHECK(std::isfinite(line.slope.high));
  CHECK(std::isfinite(line.correlation.low));
  models[3].id = 1.01;
  CHECK_THROWS_AS(accuracy_line(models), UsageError);
  models[3].id = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(accuracy_line(models), UsageError);
}

TEST_CASE("accuracy line: the rows' noise lowers the reliability as it lowers the slope") {
  // 400 models, so that the slope is known to .02.
  const AccuracyLine line = accuracy_line(planted({1.0, 0.0, 0.0, 0.0, 60.0}, 20, 20, 5));
  CHECK(line.id_reliability < 0.85);
  CHECK(line.slope.value == Approx(line.id_reliability).margin(0.08));
}

TEST_CASE("accuracy line: 95 % intervals hold the planted slope in about 95 % of cases") {
  // 1500 repeats: a share of .95 has a standard error of .0056. A jackknife may hold more often.
  constexpr int kRepeats = 1500;
  struct Setting {
    PlantedLine line;
    std::int64_t seeds;
    std::int64_t methods;
  };
  for (const Setting& setting :
       {Setting{{0.8, 0.1, 0.3, 0.2}, 5, 8}, Setting{{0.8, 0.1, 0.0, 0.3}, 5, 8},
        Setting{{-0.5, 0.1, 0.2, 0.2}, 3, 10}, Setting{{0.8, 0.1, 0.2, 0.2, 4000.0}, 10, 8}}) {
    int slopes = 0;
    for (int repeat = 0; repeat < kRepeats; ++repeat) {
      const auto models = planted(setting.line, setting.seeds, setting.methods,
                                  static_cast<std::uint64_t>(100 + repeat));
      const AccuracyLine line = accuracy_line(models);
      slopes += line.slope.low <= setting.line.slope && setting.line.slope <= line.slope.high;
    }
    const double share = static_cast<double>(slopes) / kRepeats;
    CAPTURE(setting.seeds, setting.line.slope, share);
    CHECK(share >= 0.95 - 4.0 * 0.0056);
    CHECK(share <= 0.99);
  }
}
