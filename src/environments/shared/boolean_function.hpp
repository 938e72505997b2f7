#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {

/// A function of `degree` bits, each -1 or +1, with values -1 and +1.
///
///     parity:     x_1 x_2 ... x_k
///     staircase:  sign(x_1 + x_1 x_2 + ... + x_1 x_2 ... x_k), with sign(0) = +1
///
/// The k products of a staircase are independent fair coins if the bits are. So its value is the
/// side that most of k coins are on, and everything about it follows from binomial coefficients.
/// A staircase of even degree is +1 more often than -1, because a tie counts as +1.
class SPURION_API BooleanFunction {
 public:
  enum class Kind { parity, staircase };
  /// Highest degree.
  static constexpr std::int64_t kMaxDegree = 1000;

  /// Throws `UsageError` for a degree outside 1..kMaxDegree.
  BooleanFunction(Kind kind, std::int64_t degree);
  /// "parity" or "staircase". Throws `UsageError` for another name.
  static Kind kind_of(const std::string& name);

  [[nodiscard]] std::int64_t degree() const { return degree_; }
  /// The value, -1 or +1, at `degree()` bits.
  [[nodiscard]] int value(const float* bits) const;
  /// P(value = +1) if the bits are fair and independent.
  [[nodiscard]] double positive_share() const { return positive_share_; }
  /// Writes bits at which the function has this value, uniform over all such bits. They are a
  /// function of the stream's draws for `row`, so that the bits for the other value are a twin: a
  /// parity then differs in its last bit only, a staircase of odd degree in its first bit only.
  void place(int value, const RandomStream& stream, std::int64_t row, float* bits) const;
  /// "x_1 x_2 x_3" with names `name`_1 and so on.
  [[nodiscard]] std::string formula(const std::string& name) const;

 private:
  [[nodiscard]] std::int64_t steps_on_side(int value, double uniform) const;
  void place_parity(int value, const RandomStream& stream, std::int64_t row, float* bits) const;
  void place_staircase(int value, const RandomStream& stream, std::int64_t row, float* bits) const;

  Kind kind_;
  std::int64_t degree_;
  double positive_share_ = 0.5;
  /// Of a staircase: the cumulative distribution of the number of products on the side of the
  /// value, from the least possible number on, for the values +1 and -1.
  std::vector<double> positive_steps_;
  std::vector<double> negative_steps_;
};

}  // namespace spurion::environments
