#pragma once

#include <vector>

#include "spurion/export.hpp"

/// \file
/// The normal distribution, and sums of numbers that are given by their logarithms.

namespace spurion::environments {

inline constexpr double kPi = 3.14159265358979323846;
/// Beyond this many standard deviations a normal has nothing that a double shows.
inline constexpr double kNormalTail = 9.0;

/// Density of N(0, 1).
[[nodiscard]] SPURION_API double normal_density(double z);
/// P(N(0, 1) <= z), accurate in both tails.
[[nodiscard]] SPURION_API double normal_cdf(double z);
/// log P(N(0, 1) <= z), also where that is too small for a double.
[[nodiscard]] SPURION_API double log_normal_cdf(double z);
/// z with P(N(0, 1) <= z) = p, for 0 < p < 1. Throws `LogicError` for another p.
[[nodiscard]] SPURION_API double normal_quantile(double p);
/// log(exp(a) + exp(b)); either may be minus infinity.
[[nodiscard]] SPURION_API double log_sum(double a, double b);
/// log of the sum of exp(each of `logs`); there is at least one, and all are finite.
[[nodiscard]] SPURION_API double log_sum(const std::vector<double>& logs);

}  // namespace spurion::environments
