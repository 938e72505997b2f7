#include "environments/linear_unit_tests/linear_unit_example_3.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "environments/shared/exact_shares.hpp"
#include "environments/shared/numerics/normal.hpp"

namespace spurion::environments {
namespace {

constexpr double kMean = 0.1;       ///< of each invariant coordinate, + for label 0
constexpr double kDeviation = 0.1;  ///< of every coordinate around its mean
constexpr std::int64_t kDraws = 20000;
/// Where clusters overlap less than this, what they would do without overlap is answer enough.
constexpr double kApart = 1e-6;

/// Average of `value(row)`, independent draws in [0, range], with the empirical Bernstein bound of
/// Maurer and Pontil 2009 (theorem 4, both sides): it also covers what is too rare to be drawn.
Ceiling bounded_average(double range, const std::function<double(std::int64_t)>& value) {
  constexpr double kFailure = 1e-6;
  double mean = 0.0;
  double square = 0.0;
  for (std::int64_t row = 0; row < kDraws; ++row) {
    const double one = value(row);
    const double before = one - mean;
    mean += before / static_cast<double>(row + 1);
    square += before * (one - mean);
  }
  const auto n = static_cast<double>(kDraws);
  const double log_term = std::log(4.0 / kFailure);
  const double bound = std::sqrt(2.0 * square / (n - 1.0) * log_term / n) +
                       7.0 * range * log_term / (3.0 * (n - 1.0));
  return {mean, Exactness::empirical, bound};
}

/// A value known up to something non-negative and at most `slack`, which it was computed without.
Ceiling but_for(double value, double slack) {
  constexpr double kRounding = 1e-15;
  if (slack < kRounding) return {value, Exactness::closed_form, 0.0};
  return {value, Exactness::quadrature, slack};
}

/// Two rows of a train domain that follow each other have one label each.
bool paired_label(const RandomStream& coin, std::int64_t row, const Members& members) {
  const auto domains = static_cast<std::int64_t>(members.size());
  const std::int64_t turn = row / domains;
  return chosen_of_pair(coin, turn, turn / 2 * domains + row % domains);
}

double logistic(double z) { return 1.0 / (1.0 + std::exp(-z)); }

/// Trapezoid rule for E[f(N(0, 1))] with step 1 / per_unit over +-12 deviations.
double normal_average(const std::function<double(double)>& f, int per_unit) {
  constexpr int kReach = 12;
  constexpr double kRootTwoPi = 2.506628274631000502;
  double total = 0.0;
  for (int i = -kReach * per_unit; i <= kReach * per_unit; ++i) {
    const double g = static_cast<double>(i) / per_unit;
    total += std::exp(-0.5 * g * g) * f(g);
  }
  return total / (per_unit * kRootTwoPi);
}

}  // namespace

LinearUnitExample3::LinearUnitExample3(const UnitTestSizes& sizes, const RandomKey& key)
    : sizes_(sizes),
      key_(key),
      means_(gaussian(key.child("mean"), sizes.domains, sizes.spurious, 1.0)) {}

CausalGraph LinearUnitExample3::graph() const {
  return {
      {{"label", Role::label, "0 or 1, half of the rows each"},
       {"mean", Role::hidden, "mu, a constant of the domain"},
       {"invariant", Role::causal, "N(0.1, 0.01 I), mirrored for label 1; invariant, not causal"},
       {"spurious", Role::spurious, "N(mu, 0.01 I), mirrored for label 1"},
       {"input", Role::observed, "the input of the model"}},
      {{"label", "invariant"},
       {"label", "spurious"},
       {"mean", "spurious"},
       {"invariant", "input"},
       {"spurious", "input"}}};
}

std::string LinearUnitExample3::mechanism() const {
  return "label = 0 or 1, half of the rows each; side = +1 for label 0, -1 for label 1\n"
         "x = 0.1 side + 0.1 N(0, I)\n"
         "z = mu side + 0.1 N(0, I)\n"
         "mu ~ N(0, I), one for each train domain";
}

UnitTestRows LinearUnitExample3::draw(const RandomKey& noise, RowRange rows, const Members& members,
                                      LabelCounts counts) const {
  UnitTestRows out(sizes_, rows.count);
  const RandomStream label(noise.child("label"));
  RandomStream(noise.child("x"))
      .fill_normal(rows.first, rows.count, sizes_.invariant, out.invariant.data());
  RandomStream(noise.child("z"))
      .fill_normal(rows.first, rows.count, sizes_.spurious, out.spurious.data());
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const std::int64_t row = rows.first + i;
    const double* mean = means_.row(static_cast<std::int64_t>(member_of_row(members, row)));
    const bool one = counts == LabelCounts::exact ? paired_label(label, row, members)
                                                  : label.bernoulli(0.5, row);
    const double side = one ? -1.0 : 1.0;
    float* x = out.invariant.data() + i * sizes_.invariant;
    float* z = out.spurious.data() + i * sizes_.spurious;
    for (std::int64_t j = 0; j < sizes_.invariant; ++j) {
      x[j] = static_cast<float>(side * kMean + kDeviation * static_cast<double>(x[j]));
    }
    for (std::int64_t j = 0; j < sizes_.spurious; ++j) {
      z[j] = static_cast<float>(side * mean[j] + kDeviation * static_cast<double>(z[j]));
    }
    out.label[static_cast<std::size_t>(i)] = one ? 1.0F : 0.0F;
    out.cue[static_cast<std::size_t>(i)] = one ? 1 : 0;
  }
  return out;
}

Vector LinearUnitExample3::draw_spurious(const RandomStream& noise, std::int64_t row,
                                         std::int64_t domain) const {
  Vector z;
  for (std::int64_t j = 0; j < sizes_.spurious; ++j) {
    z.push_back(means_(domain, j) + kDeviation * noise.normal(row, j));
  }
  return z;
}

double LinearUnitExample3::label_zero(const Vector& z, const Members& members) const {
  // log N(z; +-mu, v I) = (+-z mu - mu mu / 2) / v, but for what all share.
  Vector zero;
  Vector one;
  for (const std::int64_t member : members) {
    const double* mean = means_.row(member);
    const double overlap = std::inner_product(z.begin(), z.end(), mean, 0.0);
    const double square = std::inner_product(mean, mean + sizes_.spurious, mean, 0.0);
    zero.push_back((overlap - 0.5 * square) / (kDeviation * kDeviation));
    one.push_back((-overlap - 0.5 * square) / (kDeviation * kDeviation));
  }
  return logistic(log_sum(zero) - log_sum(one));
}

/// Half the mass that the two labels' mixtures share is the error, and they share no more than
/// their components do in pairs: 2 Phi(-distance / 2 deviations) each.
double LinearUnitExample3::overlap(const Members& members) const {
  double total = 0.0;
  for (const std::int64_t a : members) {
    for (const std::int64_t b : members) {
      double square = 0.0;
      for (std::int64_t j = 0; j < sizes_.spurious; ++j) {
        square += (means_(a, j) + means_(b, j)) * (means_(a, j) + means_(b, j));
      }
      total += normal_cdf(-0.5 * std::sqrt(square) / kDeviation);
    }
  }
  return total / static_cast<double>(members.size());
}

/// Bayes error of the invariant block when something else already says P(label = 0): its
/// log-likelihood ratio is N(+-2 a, 4 a), a = dimensions * (mean / deviation)^2.
double LinearUnitExample3::error_given(double label_zero) const {
  const double a =
      static_cast<double>(sizes_.invariant) * kMean * kMean / (kDeviation * kDeviation);
  const double label_one = 1.0 - label_zero;
  if (label_zero <= 0.0 || label_one <= 0.0) return 0.0;
  const double odds = std::log(label_zero) - std::log(label_one);
  const double root = 2.0 * std::sqrt(a);
  return label_zero * normal_cdf((-2.0 * a - odds) / root) +
         label_one * normal_cdf((odds - 2.0 * a) / root);
}

Ceiling LinearUnitExample3::bayes(const Members& members, double shift) const {
  // A block that was resampled agrees with the label only by chance.
  const auto broken = [shift](double label_zero) {
    return (1.0 - shift) * label_zero + 0.5 * shift;
  };
  if (shift == 1.0) return {1.0 - error_given(0.5), Exactness::closed_form, 0.0};
  if (members.size() == 1) {
    // One direction matters: z along mu, N(|mu|, deviation) when label 0 put it there.
    const double* mean = means_.row(members.front());
    const double norm = std::sqrt(std::inner_product(mean, mean + sizes_.spurious, mean, 0.0));
    if (shift == 0.0) {
      const double a = static_cast<double>(sizes_.invariant) * kMean * kMean + norm * norm;
      return {normal_cdf(std::sqrt(a) / kDeviation), Exactness::closed_form, 0.0};
    }
    const auto error = [&](double g) {
      const double z = norm + kDeviation * g;
      return error_given(broken(logistic(2.0 * norm * z / (kDeviation * kDeviation))));
    };
    constexpr int kPerUnit = 100;
    const double coarse = normal_average(error, kPerUnit);
    const double fine = normal_average(error, 2 * kPerUnit);
    return {1.0 - fine, Exactness::quadrature, std::abs(fine - coarse) + 1e-12};
  }
  if (sizes_.spurious == 0) return {1.0 - error_given(0.5), Exactness::closed_form, 0.0};
  // The error is concave in P(label = 0 | z), with slopes of at most 1: what z leaves open about
  // the side of its own cluster moves it by no more than that.
  const double slack = (1.0 - shift) * overlap(members);
  if (slack < kApart) return but_for(1.0 - error_given(broken(1.0)), slack);
  const RandomStream turn(key_.child("bayes_ceiling").child("domain"));
  const RandomStream noise(key_.child("bayes_ceiling").child("z"));
  const auto count = static_cast<std::int64_t>(members.size());
  Ceiling error = bounded_average(error_given(0.5), [&](std::int64_t row) {
    const auto member = static_cast<std::size_t>(turn.below(count, row));
    const Vector z = draw_spurious(noise, row, members[member]);
    return error_given(broken(label_zero(z, members)));
  });
  error.value = 1.0 - error.value;
  return error;
}

/// Accuracy, where every spurious block follows its label, of the best reader of z that all train
/// domains pooled teach.
Ceiling LinearUnitExample3::linked_spurious_only(const Members& members) const {
  if (sizes_.spurious == 0) return {0.5, Exactness::closed_form, 0.0};
  Members all(static_cast<std::size_t>(sizes_.domains));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  if (all.size() == 1) {
    const double* mean = means_.row(0);
    const double square = std::inner_product(mean, mean + sizes_.spurious, mean, 0.0);
    return {normal_cdf(std::sqrt(square) / kDeviation), Exactness::closed_form, 0.0};
  }
  // The error averaged over all domains is below the overlap, so that over some is below this.
  const double slack =
      overlap(all) * static_cast<double>(all.size()) / static_cast<double>(members.size());
  if (slack < kApart) return but_for(1.0, slack);
  const RandomStream turn(key_.child("spurious_ceiling").child("domain"));
  const RandomStream noise(key_.child("spurious_ceiling").child("z"));
  const auto count = static_cast<std::int64_t>(members.size());
  return bounded_average(1.0, [&](std::int64_t row) {
    const auto member = static_cast<std::size_t>(turn.below(count, row));
    const double zero = label_zero(draw_spurious(noise, row, members[member]), all);
    return zero > 0.5 ? 1.0 : zero < 0.5 ? 0.0 : 0.5;
  });
}

Ceilings LinearUnitExample3::ceilings(const Members& members, double shift) const {
  Ceilings out;
  out.bayes = bayes(members, shift);
  out.invariant = {1.0 - error_given(0.5), Exactness::closed_form, 0.0};
  if (shift == 1.0) {
    out.spurious_only = {0.5, Exactness::closed_form, 0.0};
  } else {
    out.spurious_only = linked_spurious_only(members);
    out.spurious_only.value = (1.0 - shift) * out.spurious_only.value + 0.5 * shift;
    out.spurious_only.error_bound *= 1.0 - shift;
  }
  out.chance = 0.5;
  return out;
}

}  // namespace spurion::environments
