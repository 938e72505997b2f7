#include "environments/shared/ceilings/ridge_equivalent.hpp"

#include <cmath>
#include <vector>

#include "catch.hpp"

namespace spurion {
namespace {

using environments::Moments;
using environments::RidgeEquivalent;
using environments::RidgeFit;
using environments::Vector;

/// x ~ N(0, spread^2 I) in `size` dimensions, y = x_1 + noise.
Moments isotropic(std::int64_t size, double spread, double noise) {
  Moments out;
  out.inputs = environments::scaled(environments::identity(size), spread * spread);
  out.cross.assign(static_cast<std::size_t>(size), 0.0);
  out.cross[0] = spread * spread;
  out.target = spread * spread + noise * noise;
  return out;
}

TEST_CASE("the effective ridge of one isotropic domain solves its quadratic equation") {
  for (const double l2 : {1e-4, 0.1, 3.0}) {
    for (const double rows : {20.0, 60.0, 400.0}) {
      CAPTURE(l2, rows);
      constexpr std::int64_t kSize = 40;
      const RidgeEquivalent found({isotropic(kSize, 1.0, 0.5)}, {l2, rows, false});
      REQUIRE(found.solved());
      const double tau = found.effective_ridge()[0];
      // n - n l2 / tau = D / (1 + tau), as a quadratic equation in tau.
      const double b = rows - rows * l2 - kSize;
      const double exact = (-b + std::sqrt(b * b + 4.0 * rows * rows * l2)) / (2.0 * rows);
      CHECK(tau == Approx(exact).epsilon(1e-10));
      CHECK(found.coefficients()[0] == Approx(1.0 / (1.0 + exact)).epsilon(1e-10));
      CHECK(std::abs(found.coefficients()[1]) < 1e-12);
      // The known error: (tau^2 |w|^2 / (1 + tau)^2 + noise) / (1 - df2 / n).
      const double bias = exact * exact / ((1.0 + exact) * (1.0 + exact));
      const double df2 = kSize / ((1.0 + exact) * (1.0 + exact));
      CHECK(found.squared_error(isotropic(kSize, 1.0, 0.5)) ==
            Approx((bias + 0.25) / (1.0 - df2 / rows)).epsilon(1e-9));
    }
  }
}

TEST_CASE("the equivalent of several domains of one law is that of one domain") {
  const Moments domain = isotropic(12, 1.3, 0.7);
  const RidgeEquivalent one({domain}, {0.2, 90.0, true});
  const RidgeEquivalent three({domain, domain, domain}, {0.2, 90.0, true});
  CHECK(one.squared_error(domain) == Approx(three.squared_error(domain)).epsilon(1e-11));
  CHECK(one.coefficients()[0] == Approx(three.coefficients()[0]).epsilon(1e-11));
  const Vector tau = three.effective_ridge();
  CHECK(tau[0] == Approx(tau[2]).epsilon(1e-11));
}

TEST_CASE("theory of least squares is the exact error of Gaussian rows, up to its stated error") {
  constexpr std::int64_t kSize = 10;
  constexpr double kNoise = 0.8;
  TheoryRequest request;
  request.rows = 40;
  const Moments domain = isotropic(kSize, 2.0, kNoise);
  const auto theory = environments::ridge_theory(request, {{domain}, {domain}});
  REQUIRE(theory.has_value());
  // Excess error noise^2 D / (n - D - 2) of n rows with an intercept, and noise^2 / n of the bias.
  const double variance = kNoise * kNoise;
  const double exact = variance * (1.0 + 1.0 / 40.0) * (1.0 + kSize / (40.0 - kSize - 2.0));
  const TheoryNumber& score = theory->scores[0];
  CAPTURE(score.value, score.error, exact);
  CHECK(std::abs(score.value - exact) <= score.error);
  CHECK(score.error < 0.05 * exact);
}

TEST_CASE("there is no theory of least squares on too few rows, nor of descent") {
  const Moments domain = isotropic(30, 1.0, 1.0);
  TheoryRequest request;
  request.rows = 20;
  CHECK_FALSE(environments::ridge_theory(request, {{domain}, {domain}}).has_value());
  request.fit.l2 = 0.1;
  CHECK(environments::ridge_theory(request, {{domain}, {domain}}).has_value());
  request.fit.kind = KnownFit::Kind::gradient_descent;
  CHECK_FALSE(environments::ridge_theory(request, {{domain}, {domain}}).has_value());
}

TEST_CASE("moments of rectified features are those of their definition") {
  // One feature of a standard normal input: E[max(u, 0)^2] = 1/2, E[max(u, 0) y] = E[u y] / 2.
  Moments inputs = isotropic(2, 1.0, 0.0);
  environments::Matrix directions(2, 3);
  directions(0, 0) = 1.0;
  directions(0, 1) = -1.0;
  directions(1, 2) = 2.0;
  const Moments features = environments::rectified_moments(inputs, directions);
  CHECK(features.inputs(0, 0) == Approx(0.5));
  CHECK(std::abs(features.inputs(0, 1)) < 1e-12);  // they are never positive together
  CHECK(features.inputs(0, 2) == Approx(2.0 / (2.0 * 3.14159265358979)));
  CHECK(features.inputs(2, 2) == Approx(2.0));
  CHECK(features.cross[0] == Approx(0.5));
  CHECK(features.cross[1] == Approx(-0.5));
  CHECK(std::abs(features.cross[2]) < 1e-12);
}

}  // namespace
}  // namespace spurion
