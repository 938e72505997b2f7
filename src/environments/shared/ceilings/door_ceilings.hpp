#pragma once

#include <cstdint>

#include "environments/shared/door_beliefs.hpp"
#include "spurion/export.hpp"

namespace spurion::environments {

/// Whoever guesses the good door from its history gives each door a score, a sum of
///
///     opened * (how often it was opened) + evidence * (observations 1 minus observations 0),
///
/// and takes a door with the largest score, all of them equally likely. The scores of all Bayesian
/// and naive guesses are of this kind.
struct DoorScore {
  double opened = 0.0;
  double evidence = 0.0;
};

/// P(the guess is right) after t steps of an expert with this law, averaged over t = 0 .. steps -
/// 1. Exact: given how often each door is opened, doors are independent, so that
///
///     P(right at t) = t! [x^t] sum over scores c of  G_c(x) sum_j (K-1 over j) A_c(x)^(K-1-j)
///                                                       B_c(x)^j / (j + 1),
///
/// where the coefficient n of G_c and B_c is P(score = c and opened n times) / n! of the good and
/// of another door, and that of A_c is P(score < c and opened n times) / n!, all with rates instead
/// of probabilities of being opened.
[[nodiscard]] SPURION_API double right_guesses(const DoorLaw& law, const DoorScore& score,
                                               std::int64_t steps);
/// Whether `right_guesses` takes less than about 100 ms.
[[nodiscard]] SPURION_API bool right_guesses_are_cheap(const DoorLaw& law, std::int64_t steps);

}  // namespace spurion::environments
