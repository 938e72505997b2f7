#include "environments/shared/boolean_function.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "spurion/error.hpp"

namespace spurion::environments {

namespace {

/// P(number <= least + i | number >= least) of heads among `coins` fair ones. The weights go down
/// from the first, so that the sum loses nothing however many coins there are.
std::vector<double> cumulative_heads(std::int64_t coins, std::int64_t least) {
  std::vector<double> sums;
  double weight = 1.0;
  double sum = 0.0;
  for (std::int64_t heads = least; heads <= coins; ++heads) {
    sum += weight;
    sums.push_back(sum);
    weight *= static_cast<double>(coins - heads) / static_cast<double>(heads + 1);
  }
  for (double& one : sums) one /= sum;
  return sums;
}

/// P(as many heads as tails) of an even number of fair coins.
double tie_probability(std::int64_t coins) {
  double product = 1.0;
  for (std::int64_t pair = 1; pair <= coins / 2; ++pair) {
    product *= 1.0 - 0.5 / static_cast<double>(pair);
  }
  return product;
}

/// The product of the first `count` bits.
float product_of(const float* bits, std::int64_t count) {
  float product = 1.0F;
  for (std::int64_t i = 0; i < count; ++i) product *= bits[i];
  return product;
}

}  // namespace

BooleanFunction::BooleanFunction(Kind kind, std::int64_t degree) : kind_(kind), degree_(degree) {
  if (degree < 1 || degree > kMaxDegree) {
    throw UsageError(
        fmt::format("the degree of a Boolean function is 1 to {}, got {}", kMaxDegree, degree));
  }
  if (kind_ == Kind::parity) return;
  positive_steps_ = cumulative_heads(degree_, (degree_ + 1) / 2);
  negative_steps_ = cumulative_heads(degree_, degree_ / 2 + 1);
  if (degree_ % 2 == 0) positive_share_ = 0.5 + 0.5 * tie_probability(degree_);
}

BooleanFunction::Kind BooleanFunction::kind_of(const std::string& name) {
  if (name == "parity") return Kind::parity;
  if (name == "staircase") return Kind::staircase;
  throw UsageError(fmt::format("a Boolean function is 'parity' or 'staircase', not '{}'", name));
}

int BooleanFunction::value(const float* bits) const {
  if (kind_ == Kind::parity) return product_of(bits, degree_) > 0.0F ? 1 : -1;
  float product = 1.0F;
  float sum = 0.0F;
  for (std::int64_t i = 0; i < degree_; ++i) {
    product *= bits[i];
    sum += product;
  }
  return sum >= 0.0F ? 1 : -1;
}

void BooleanFunction::place(int value, const RandomStream& stream, std::int64_t row,
                            float* bits) const {
  if (kind_ == Kind::parity) return place_parity(value, stream, row, bits);
  place_staircase(value, stream, row, bits);
}

void BooleanFunction::place_parity(int value, const RandomStream& stream, std::int64_t row,
                                   float* bits) const {
  const std::int64_t free = degree_ - 1;
  for (std::int64_t i = 0; i < free; ++i) bits[i] = stream.bernoulli(0.5, row, i) ? 1.0F : -1.0F;
  bits[free] = static_cast<float>(value) * product_of(bits, free);
}

std::int64_t BooleanFunction::steps_on_side(int value, double uniform) const {
  const std::vector<double>& sums = value > 0 ? positive_steps_ : negative_steps_;
  const std::int64_t least = value > 0 ? (degree_ + 1) / 2 : degree_ / 2 + 1;
  const auto found = std::upper_bound(sums.begin(), sums.end() - 1, uniform);
  return least + (found - sums.begin());
}

void BooleanFunction::place_staircase(int value, const RandomStream& stream, std::int64_t row,
                                      float* bits) const {
  // How many of the products are on the side of the value, then which of them, each with the
  // probability that a random subset of that size has it.
  std::int64_t wanted = steps_on_side(value, stream.uniform(row, 0));
  const auto side = static_cast<float>(value);
  float before = 1.0F;
  for (std::int64_t i = 0; i < degree_; ++i) {
    const auto left = static_cast<double>(degree_ - i);
    const bool on_side = stream.uniform(row, 1 + i) * left < static_cast<double>(wanted);
    const float product = on_side ? side : -side;
    if (on_side) --wanted;
    bits[i] = product * before;
    before = product;
  }
}

std::string BooleanFunction::formula(const std::string& name) const {
  const auto bit = [&](std::int64_t i) { return fmt::format("{}_{}", name, i); };
  const auto product = [&](std::int64_t count) {
    if (count > 4) return fmt::format("{} {} ... {}", bit(1), bit(2), bit(count));
    std::string text = bit(1);
    for (std::int64_t i = 2; i <= count; ++i) text += " " + bit(i);
    return text;
  };
  if (kind_ == Kind::parity || degree_ == 1) return product(degree_);
  std::string sum = bit(1) + " + " + product(2);
  if (degree_ > 3) sum += " + ...";
  if (degree_ > 2) sum += " + " + product(degree_);
  return fmt::format("sign({}){}", sum, degree_ % 2 == 0 ? ", sign(0) = +1" : "");
}

}  // namespace spurion::environments
