#include "environments/linear_unit_tests/linear_unit_example_1.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "environments/linear_unit_tests/gaussian_mixture_regression.hpp"

namespace spurion::environments {
namespace {

constexpr double kFirstScales[] = {0.1, 1.5, 2.0};

Vector draw_scales(const RandomKey& key, std::int64_t domains) {
  const RandomStream exponent(key);
  Vector scales(std::begin(kFirstScales), std::end(kFirstScales));
  scales.resize(static_cast<std::size_t>(domains));
  for (std::size_t d = std::size(kFirstScales); d < scales.size(); ++d) {
    scales[d] = std::pow(10.0, -2.0 + 3.0 * exponent.uniform(static_cast<std::int64_t>(d)));
  }
  return scales;
}

}  // namespace

LinearUnitExample1::LinearUnitExample1(const UnitTestSizes& sizes, const RandomKey& key)
    : sizes_(sizes),
      key_(key),
      to_target_(gaussian(key.child("W"), sizes.invariant, sizes.invariant,
                          1.0 / static_cast<double>(sizes.invariant))),
      to_spurious_(gaussian(key.child("V"), sizes.invariant, sizes.spurious,
                            1.0 / static_cast<double>(std::max<std::int64_t>(sizes.spurious, 1)))),
      scales_(draw_scales(key.child("scale"), sizes.domains)) {
  for (const double scale : scales_) moments_.push_back(moments_at_scale(scale));
  const Moments pooled = average(moments_);
  erm_weights_ = least_squares(pooled);
  spurious_weights_ = least_squares(select(pooled, sizes.invariant, sizes.spurious));
}

Moments LinearUnitExample1::moments_at_scale(double scale) const {
  const double square = scale * scale;
  const std::int64_t d = sizes_.invariant;
  // Cov(t) = s^2 (W'W + I); z = t V + noise; label = t 1.
  const Matrix target =
      scaled(sum(product(transpose(to_target_), to_target_), identity(d)), square);
  const Matrix target_spurious = product(target, to_spurious_);
  const Matrix invariant_spurious = scaled(product(to_target_, to_spurious_), square);
  Moments out;
  out.inputs = Matrix(d + sizes_.spurious, d + sizes_.spurious);
  place(out.inputs, 0, 0, scaled(identity(d), square));
  place(out.inputs, 0, d, invariant_spurious);
  place(out.inputs, d, 0, transpose(invariant_spurious));
  place(out.inputs, d, d,
        sum(product(transpose(to_spurious_), target_spurious), identity(sizes_.spurious)));
  out.cross = row_sums(scaled(to_target_, square));
  const Vector spurious = row_sums(transpose(target_spurious));
  out.cross.insert(out.cross.end(), spurious.begin(), spurious.end());
  for (const double value : row_sums(target)) out.target += value;
  return out;
}

Moments LinearUnitExample1::shifted_moments(std::int64_t domain) const {
  return detach(moments(domain), sizes_.invariant, sizes_.spurious);
}

CausalGraph LinearUnitExample1::graph() const {
  return {{{"scale", Role::hidden, "s, a constant of the domain"},
           {"invariant", Role::causal, "x = s N(0, I)"},
           {"targets", Role::hidden, "t = x W + s N(0, I)"},
           {"label", Role::label, "sum of t"},
           {"spurious", Role::spurious, "z = t V + N(0, I)"},
           {"input", Role::observed, "the input of the model"}},
          {{"scale", "invariant"},
           {"scale", "targets"},
           {"invariant", "targets"},
           {"targets", "label"},
           {"targets", "spurious"},
           {"invariant", "input"},
           {"spurious", "input"}}};
}

std::string LinearUnitExample1::mechanism() const {
  return "x = s N(0, I)\n"
         "t = x W + s N(0, I), W ~ N(0, 1) / invariant_dimensions\n"
         "label = sum_j t_j\n"
         "z = t V + N(0, I), V ~ N(0, 1) / spurious_dimensions\n"
         "s = 0.1, 1.5, 2.0, then 10^U(-2, 1), by train domain";
}

UnitTestRows LinearUnitExample1::draw(const RandomKey& noise, RowRange rows, const Members& members,
                                      LabelCounts /*counts*/) const {
  const std::int64_t d = sizes_.invariant;
  UnitTestRows out(sizes_, rows.count);
  std::vector<float> target_noise(out.invariant.size());
  RandomStream(noise.child("x")).fill_normal(rows.first, rows.count, d, out.invariant.data());
  RandomStream(noise.child("t")).fill_normal(rows.first, rows.count, d, target_noise.data());
  RandomStream(noise.child("z"))
      .fill_normal(rows.first, rows.count, sizes_.spurious, out.spurious.data());
  Vector targets(static_cast<std::size_t>(d));
  double* t = targets.data();
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const double scale = scales_[member_of_row(members, rows.first + i)];
    const float* t_noise = target_noise.data() + i * d;
    float* x = out.invariant.data() + i * d;
    float* z = out.spurious.data() + i * sizes_.spurious;
    for (std::int64_t j = 0; j < d; ++j) t[j] = scale * static_cast<double>(t_noise[j]);
    for (std::int64_t k = 0; k < d; ++k) {
      const double value = scale * static_cast<double>(x[k]);
      x[k] = static_cast<float>(value);
      for (std::int64_t j = 0; j < d; ++j) t[j] += value * to_target_(k, j);
    }
    for (std::int64_t j = 0; j < sizes_.spurious; ++j) {
      auto value = static_cast<double>(z[j]);
      for (std::int64_t k = 0; k < d; ++k) value += t[k] * to_spurious_(k, j);
      z[j] = static_cast<float>(value);
    }
    const double label = std::accumulate(targets.begin(), targets.end(), 0.0);
    out.label[static_cast<std::size_t>(i)] = static_cast<float>(label);
  }
  return out;
}

Ceilings LinearUnitExample1::ceilings(const Members& members, double shift) const {
  const double share = 1.0 / static_cast<double>(members.size());
  std::vector<GaussianPart> parts;
  double invariant = 0.0;
  for (const std::int64_t member : members) {
    parts.push_back({(1.0 - shift) * share, moments(member)});
    parts.push_back({shift * share, shifted_moments(member)});
    const double scale = scales_[static_cast<std::size_t>(member)];
    invariant += share * static_cast<double>(sizes_.invariant) * scale * scale;
  }
  // Errors of a fixed linear predictor are linear in the moments, hence in the shares.
  const auto error = [&](const Vector& weights, std::int64_t first, std::int64_t count) {
    double total = 0.0;
    for (const GaussianPart& part : parts) {
      total += part.weight * squared_error(select(part.moments, first, count), weights);
    }
    return Ceiling{total, Exactness::closed_form, 0.0};
  };
  Ceilings out;
  out.invariant = {invariant, Exactness::closed_form, 0.0};
  // Without z, or with every z cut off, E[label | x, z] = x W 1 whatever the row's scale may be.
  const bool linked = shift < 1.0 && sizes_.spurious > 0;
  out.bayes = linked ? mixture_bayes_error(parts, key_.child("bayes_ceiling")) : out.invariant;
  out.spurious_only = error(spurious_weights_, sizes_.invariant, sizes_.spurious);
  out.population_erm = error(erm_weights_, 0, sizes_.invariant + sizes_.spurious);
  for (const GaussianPart& part : parts) out.chance += part.weight * part.moments.target;
  return out;
}

std::optional<Moments> LinearUnitExample1::moments_in(const Members& members, double shift) const {
  std::vector<Moments> each;
  for (const std::int64_t member : members) {
    each.push_back(blend(moments(member), shifted_moments(member), shift));
  }
  return average(each);
}

}  // namespace spurion::environments
