// Laws fitted to numbers whose law is known, and to published data with published fits.
#include "analysis/fits/curve_fit.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "analysis/fits/repeated_fit.hpp"
#include "catch.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis::fits {

namespace {

std::vector<Observation> line_of(int scales, double ratio, double (*law)(double)) {
  std::vector<Observation> out;
  for (int i = 0; i < scales; ++i) {
    const double n = 16.0 * std::pow(ratio, i);
    out.push_back({{n}, law(n), 0.01});
  }
  return out;
}

std::map<std::string, double> fitted(const CurveFamily& family,
                                     const std::vector<Observation>& observations) {
  std::map<std::string, double> out;
  for (const LawParameter& one : fit_curve(family, observations).parameters()) {
    out[one.name] = one.value;
  }
  return out;
}

void check_close(double value, double truth) {
  CHECK(std::abs(value - truth) <= 1e-6 * std::max(1.0, std::abs(truth)));
}

/// log of the ratio of curve and value, root mean square over some places.
double root_mean_square_log(const CurveFit& fit, const std::vector<Observation>& seen,
                            std::size_t first, std::size_t last) {
  double sum = 0.0;
  for (std::size_t i = first; i < last; ++i) {
    sum += std::pow(std::log(fit.at(seen[i].scale) / seen[i].value), 2.0);
  }
  return std::sqrt(sum / static_cast<double>(last - first));
}

}  // namespace

TEST_CASE("every law with one axis recovers its planted parameters without noise") {
  check_close(fitted(constant_family(), line_of(6, 2, [](double) { return 0.3; }))["c"], 0.3);
  auto law =
      fitted(closing_family(), line_of(6, 2, [](double n) { return 2 * std::pow(n, -.37); }));
  check_close(law["a"], 2.0);
  check_close(law["b"], 0.37);
  law =
      fitted(plateau_family(), line_of(8, 2, [](double n) { return .1 + 2 * std::pow(n, -.37); }));
  check_close(law["g_inf"], 0.1);
  check_close(law["a"], 2.0);
  check_close(law["b"], 0.37);
  law = fitted(plateau_family(), line_of(8, 2, [](double n) { return .3 - std::pow(n, -.5); }));
  check_close(law["g_inf"], 0.3);
  check_close(law["a"], -1.0);
  law = fitted(bounded_family(0.45), line_of(8, 2, [](double n) {
                 const double h = std::pow(n / 100, -.8);
                 return .05 + .4 * h / (1 + h);
               }));
  check_close(law["g_inf"], 0.05);
  check_close(law["N_0"], 100.0);
  check_close(law["b"], 0.8);
}

TEST_CASE("broken laws recover their planted parameters without noise") {
  auto law = fitted(short_broken_family(), line_of(9, 2, [](double n) {
                      return .9 * std::pow(n, -.1) * std::pow(1 + std::pow(n / 200, 4), -.7 / 4);
                    }));
  check_close(law["a"], 0.9);
  check_close(law["c0"], 0.1);
  check_close(law["c1"], 0.7);
  check_close(law["d"], 200.0);
  law = fitted(broken_family(), line_of(14, 1.7, [](double n) {
                 return .05 + .9 * std::pow(n, -.1) * std::pow(1 + std::pow(n / 200, 2), -.6 / 2);
               }));
  check_close(law["g_inf"], 0.05);
  check_close(law["a"], 0.9);
  check_close(law["c0"], 0.1);
  check_close(law["c1"], 0.6);
  check_close(law["d"], 200.0);
  check_close(law["f"], 0.5);
}

TEST_CASE("joint laws of two and three axes recover their planted parameters without noise") {
  std::vector<Observation> two;
  std::vector<Observation> three;
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 5; ++j) {
      const double n = 16 * std::pow(3, i);
      const double d = 100 * std::pow(4, j);
      const double both = 2 * std::pow(n, -.4) + 5 * std::pow(d, -.3);
      two.push_back({{n, d}, .05 + both, .01});
      for (int k = 0; k < 3; ++k) {
        const double s = 10 * std::pow(5, k);
        three.push_back({{n, d, s}, .05 + both + 3 * std::pow(s, -.6), .01});
      }
    }
  }
  auto law = fitted(joint_family(2, true), two);
  check_close(law["g_inf"], 0.05);
  check_close(law["A"], 2.0);
  check_close(law["B"], 5.0);
  check_close(law["alpha"], 0.4);
  check_close(law["beta"], 0.3);
  law = fitted(joint_family(3, true), three);
  check_close(law["g_inf"], 0.05);
  check_close(law["C"], 3.0);
  check_close(law["gamma"], 0.6);
}

TEST_CASE("the quick fit of resamples agrees with the exact one") {
  std::vector<Observation> seen = line_of(7, 2, [](double n) { return .1 + 2 * std::pow(n, -.5); });
  std::vector<double> values;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    seen[i].value += 0.01 * std::sin(static_cast<double>(7 * i));
    values.push_back(seen[i].value);
  }
  for (const CurveFamily& family : {closing_family(), plateau_family(), bounded_family(0.8)}) {
    const CurveFit exact = fit_curve(family, seen);
    const RepeatedFit quick(family, log_scales(seen, reference_scales(seen)),
                            std::vector<double>(seen.size(), 0.01));
    const FittedShape found = quick.fit(values);
    INFO(family.name);
    CHECK(found.loss == Approx(exact.fit.loss).epsilon(1e-6));
    CHECK(quick.curve(found).back() == Approx(exact.at(seen.back().scale)).epsilon(1e-4));
  }
}

// Besiroglu et al. (2024): 240 points, less 5 outliers of 245; A 477.8, B 2143.9, E 1.8172,
// alpha .3473, beta .3672, sum of Huber terms .00101827.
TEST_CASE("the robust fit reproduces the published fit of Chinchilla's points") {
  std::ifstream file(std::string(SPURION_SOURCE_DIR) +
                     "/tests/unit/analysis/chinchilla_points.csv");
  std::vector<Observation> seen;
  std::string row;
  while (std::getline(file, row)) {
    std::istringstream cells(row);
    double n = 0.0;
    double flop = 0.0;
    double loss = 0.0;
    char comma = ',';
    if (cells >> n >> comma >> flop >> comma >> loss) seen.push_back({{n, flop / (6 * n)}, loss});
  }
  REQUIRE(seen.size() == 245);
  std::stable_sort(seen.begin(), seen.end(),
                   [](const Observation& a, const Observation& b) { return a.value < b.value; });
  seen.resize(240);
  const CurveFit fit = fit_robust(joint_family(2, true), seen);
  std::map<std::string, double> law;
  for (const LawParameter& one : fit.parameters()) law[one.name] = one.value;
  CHECK(fit.fit.loss == Approx(0.00101827).epsilon(1e-5));
  CHECK(law["A"] == Approx(477.8).epsilon(0.01));
  CHECK(law["B"] == Approx(2143.9).epsilon(0.01));
  CHECK(law["g_inf"] == Approx(1.8172).margin(0.001));
  CHECK(law["alpha"] == Approx(0.3473).margin(0.0005));
  CHECK(law["beta"] == Approx(0.3672).margin(0.0005));
}

// Caballero et al. (2023), addition of numbers with four digits: the fit sees the first 14 points.
TEST_CASE("the broken law reproduces the published error on the check data of BNSL") {
  const std::vector<double> x{160, 192, 256, 320, 384, 448, 480, 512, 544,
                              576, 608, 640, 672, 736, 800, 864, 928};
  const std::vector<double> y{2.13809046, 2.11813418, 2.08955508, 2.06988398, 2.05404987,
                              2.03837089, 2.02814281, 2.00496872, 1.95576149, 1.86313841,
                              1.70891537, 1.50637664, 1.29754721, .96559684,  .75856477,
                              .64768338,  .55695445};
  std::vector<Observation> seen;
  for (std::size_t i = 0; i < x.size(); ++i) seen.push_back({{x[i]}, y[i], y[i]});
  const CurveFit fit = fit_curve(broken_family(), {seen.begin(), seen.begin() + 14});
  CHECK(root_mean_square_log(fit, seen, 0, 14) == Approx(5.985e-4).epsilon(0.01));
  CHECK(root_mean_square_log(fit, seen, 14, 17) == Approx(0.0110).epsilon(0.05));
}

TEST_CASE("a fit refuses too few places and scales that are not above 0") {
  CHECK_THROWS_AS(fit_curve(plateau_family(), line_of(2, 2, [](double) { return 1.0; })),
                  UsageError);
  CHECK_THROWS_AS(fit_curve(constant_family(), {{{0.0}, 1.0, 1.0}}), UsageError);
  CHECK_THROWS_AS(fit_curve(constant_family(), {{{1.0}, 1.0, 0.0}}), UsageError);
}

}  // namespace spurion::analysis::fits
