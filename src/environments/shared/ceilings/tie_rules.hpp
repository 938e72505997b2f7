#pragma once

#include <vector>

#include "spurion/export.hpp"

namespace spurion::environments {

/// Weights are equal where they differ by no more than this share of their sum: sums of the same
/// terms in another order differ in their last bits, and a tie must not be broken by them.
inline constexpr double kTie = 1e-12;

/// How often the best guess is the first of two answers with these weights (>= 0): 1 or 0, and 1/2
/// at a tie, which is guessed.
[[nodiscard]] SPURION_API double first_is_better(double first, double second);
/// The same of an answer by its log-odds.
[[nodiscard]] SPURION_API double first_is_better(double log_odds);

/// The numbers without pairs that are each other's opposite, and without zeros: what is left of a
/// sum of odd functions of them.
[[nodiscard]] SPURION_API std::vector<double> without_opposites(std::vector<double> numbers);

/// Sum of P(N(0, 1) <= z) - P(N(0, 1) > z), of which only the sign may be relied upon: it is that
/// of the sum also where every term is +1 or -1 as far as a double shows. 0 where all are
/// opposites.
[[nodiscard]] SPURION_API double sign_of_normal_leads(const std::vector<double>& z);

}  // namespace spurion::environments
