#include "environments/linear_unit_tests/linear_unit_example_2.hpp"

#include <algorithm>
#include <cmath>

#include "environments/shared/numerics/normal.hpp"

namespace spurion::environments {
namespace {

constexpr double kFirstAgreement[] = {0.95, 0.97, 0.99};
constexpr double kFirstForeground[] = {0.3, 0.5, 0.7};
constexpr double kVariance = 0.1;  ///< of each coordinate around its mean of +-1
constexpr double kInvariantScale = 0.01;

/// The first values, then draws from U(low, high).
Vector constants(const double (&first)[3], double low, double high, const RandomKey& key,
                 std::int64_t domains) {
  const RandomStream stream(key);
  Vector out(std::begin(first), std::end(first));
  out.resize(static_cast<std::size_t>(domains));
  for (std::size_t d = std::size(first); d < out.size(); ++d) {
    out[d] = low + (high - low) * stream.uniform(static_cast<std::int64_t>(d));
  }
  return out;
}

double log_odds(double p) { return std::log(p) - std::log1p(-p); }

/// P(the sum of `size` coordinates with mean `sign` each is above `threshold`). Of none the sum is
/// 0, and at the threshold itself a coin decides.
double above(double threshold, double sign, std::int64_t size) {
  constexpr double kTie = 1e-12;
  if (size == 0) return threshold > kTie ? 0.0 : threshold < -kTie ? 1.0 : 0.5;
  const auto count = static_cast<double>(size);
  return normal_cdf((sign * count - threshold) / std::sqrt(count * kVariance));
}

}  // namespace

LinearUnitExample2::LinearUnitExample2(const UnitTestSizes& sizes, const RandomKey& key)
    : sizes_(sizes),
      agreement_(constants(kFirstAgreement, 0.9, 1.0, key.child("agreement"), sizes.domains)),
      foreground_(constants(kFirstForeground, 0.3, 0.7, key.child("foreground"), sizes.domains)),
      label_flip_(above(0.0, -1.0, sizes.invariant)) {
  // Pooled over train domains: P(background = 1) and P(foreground = 1, background = b).
  double grass = 0.0;
  double cow_on_grass = 0.0;
  double cow_on_sand = 0.0;
  const double share = 1.0 / static_cast<double>(sizes.domains);
  for (std::size_t d = 0; d < agreement_.size(); ++d) {
    const double p = agreement_[d];
    const double s = foreground_[d];
    grass += share * (p * s + (1.0 - p) * (1.0 - s));
    cow_on_grass += share * p * s;
    cow_on_sand += share * (1.0 - p) * s;
  }
  const auto label_one = [this](double cow) {
    return cow * (1.0 - label_flip_) + (1.0 - cow) * label_flip_;
  };
  const double if_grass = label_one(cow_on_grass / grass);
  const double if_sand = label_one(cow_on_sand / (1.0 - grass));
  // Label 1 is the better guess where P(background = 1 | z) exceeds this; p >= .9 and s in [.3, .7]
  // keep it inside (0, 1). The log-likelihood ratio of the background is 2 / variance * sum of z.
  const double needed = (0.5 - if_sand) / (if_grass - if_sand);
  threshold_ = (log_odds(needed) - log_odds(grass)) * kVariance / 2.0;
}

CausalGraph LinearUnitExample2::graph() const {
  return {{{"foreground", Role::hidden, "1 (cow) with probability s, else 0 (camel)"},
           {"background", Role::hidden, "foreground with probability p, else the other"},
           {"invariant", Role::causal, "0.01 N(+-1, 0.1 I), sign by foreground"},
           {"label", Role::label, "1 when the invariant block sums to more than 0"},
           {"spurious", Role::spurious, "N(+-1, 0.1 I), sign by background"},
           {"input", Role::observed, "the input of the model"}},
          {{"foreground", "invariant"},
           {"foreground", "background"},
           {"invariant", "label"},
           {"background", "spurious"},
           {"invariant", "input"},
           {"spurious", "input"}}};
}

std::string LinearUnitExample2::mechanism() const {
  return "foreground = 1 with probability s, else 0\n"
         "background = foreground with probability p, else 1 - foreground\n"
         "x = 0.01 (+-1 + N(0, 0.1 I)), + for foreground = 1\n"
         "z = +-1 + N(0, 0.1 I), + for background = 1\n"
         "label = 1 if sum_j x_j > 0 else 0\n"
         "(p, s) = (.95, .3), (.97, .5), (.99, .7), then U(.9, 1), U(.3, .7), by train domain";
}

UnitTestRows LinearUnitExample2::draw(const RandomKey& noise, RowRange rows, const Members& members,
                                      LabelCounts /*counts*/) const {
  UnitTestRows out(sizes_, rows.count);
  const auto count = static_cast<std::size_t>(rows.count);
  std::vector<double> foreground(count);
  std::vector<double> background(count);
  RandomStream(noise.child("foreground"))
      .fill_uniform(rows.first, rows.count, 1, foreground.data());
  RandomStream(noise.child("background"))
      .fill_uniform(rows.first, rows.count, 1, background.data());
  RandomStream(noise.child("x"))
      .fill_normal(rows.first, rows.count, sizes_.invariant, out.invariant.data());
  RandomStream(noise.child("z"))
      .fill_normal(rows.first, rows.count, sizes_.spurious, out.spurious.data());
  const double deviation = std::sqrt(kVariance);
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::size_t domain = member_of_row(members, rows.first + i);
    const bool cow = foreground[at] < foreground_[domain];
    const bool grass = (background[at] < agreement_[domain]) == cow;
    float* x = out.invariant.data() + i * sizes_.invariant;
    float* z = out.spurious.data() + i * sizes_.spurious;
    // The label is read off the rounded inputs, so that it is a function of what a model sees.
    double total = 0.0;
    for (std::int64_t j = 0; j < sizes_.invariant; ++j) {
      const double value = (cow ? 1.0 : -1.0) + deviation * static_cast<double>(x[j]);
      x[j] = static_cast<float>(kInvariantScale * value);
      total += static_cast<double>(x[j]);
    }
    for (std::int64_t j = 0; j < sizes_.spurious; ++j) {
      z[j] = static_cast<float>((grass ? 1.0 : -1.0) + deviation * static_cast<double>(z[j]));
    }
    out.label[static_cast<std::size_t>(i)] = total > 0.0 ? 1.0F : 0.0F;
    out.cue[static_cast<std::size_t>(i)] = grass ? 1 : 0;
  }
  return out;
}

Ceilings LinearUnitExample2::ceilings(const Members& members, double shift) const {
  const double says_one_on_grass = above(threshold_, 1.0, sizes_.spurious);
  const double says_one_on_sand = above(threshold_, -1.0, sizes_.spurious);
  const double share = 1.0 / static_cast<double>(members.size());
  double label_one = 0.0;
  double reads_background = 0.0;
  for (const std::int64_t member : members) {
    const double p = agreement_[static_cast<std::size_t>(member)];
    const double s = foreground_[static_cast<std::size_t>(member)];
    const auto right = [](double one, double says_one) {
      return one * says_one + (1.0 - one) * (1.0 - says_one);
    };
    const double one = s * (1.0 - label_flip_) + (1.0 - s) * label_flip_;
    const double grass = p * s + (1.0 - p) * (1.0 - s);
    const double says_one = grass * says_one_on_grass + (1.0 - grass) * says_one_on_sand;
    const double if_cow = p * says_one_on_grass + (1.0 - p) * says_one_on_sand;
    const double if_camel = (1.0 - p) * says_one_on_grass + p * says_one_on_sand;
    const double linked =
        s * right(1.0 - label_flip_, if_cow) + (1.0 - s) * right(label_flip_, if_camel);
    reads_background += share * ((1.0 - shift) * linked + shift * right(one, says_one));
    label_one += share * one;
  }
  Ceilings out;
  out.bayes = {1.0, Exactness::closed_form, 0.0};
  out.invariant = {1.0, Exactness::closed_form, 0.0};
  out.spurious_only = {reads_background, Exactness::closed_form, 0.0};
  out.chance = std::max(label_one, 1.0 - label_one);
  return out;
}

}  // namespace spurion::environments
