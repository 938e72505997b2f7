#pragma once

#include <vector>

#include "spurion/export.hpp"

namespace spurion::environments {

/// Weights count as equal if they differ by at most this share of their sum. Sums of the same terms
/// in another order differ in their last bits, and these must not break a tie.
inline constexpr double kTie = 1e-12;

/// Probability that the best guess is the first of two answers with these weights (>= 0): 1 or 0,
/// and 1/2 at a tie.
[[nodiscard]] SPURION_API double first_is_better(double first, double second);
/// The same for an answer with these log-odds.
[[nodiscard]] SPURION_API double first_is_better(double log_odds);

/// The numbers without zeros and without pairs of opposites, which cancel in a sum of odd
/// functions.
[[nodiscard]] SPURION_API std::vector<double> without_opposites(std::vector<double> numbers);

/// Sum of P(N(0, 1) <= z) - P(N(0, 1) > z). Only the sign is exact; it is correct even if every
/// term rounds to +1 or -1. 0 if all terms cancel.
[[nodiscard]] SPURION_API double sign_of_normal_leads(const std::vector<double>& z);

}  // namespace spurion::environments
