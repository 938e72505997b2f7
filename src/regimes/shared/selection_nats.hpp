#pragma once

#include <cstdint>

#include "spurion/export.hpp"

namespace spurion::regimes {

/// How strong one round of selection is, in nats: KL(survivors || candidates) where the best
/// `survivors` of `candidates` independent ones are kept and each survivor is as likely to be
/// taken. In ranks u, uniform in [0, 1] over candidates, survivors have the density
///
///     f(u) = n / s P(Binomial(n - 1, u) >= n - s),
///
/// and the number is the integral of f log f. For one survivor it is log n - (n - 1) / n (best of
/// n; Gao et al. 2022, arXiv:2210.10760), for n of n it is 0.
SPURION_API double selection_nats(std::int64_t candidates, std::int64_t survivors);

}  // namespace spurion::regimes
