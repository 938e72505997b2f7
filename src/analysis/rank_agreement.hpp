#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analysis/seed_jackknife.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/export.hpp"

/// \file
/// Whether one number ranks trained models as another does.

namespace spurion::analysis {

/// Models with two numbers of each, and their seeds.
struct RankedModels {
  std::vector<double> x;
  std::vector<double> y;
  std::vector<std::int64_t> seeds;
};

/// More models than this are not ranked: all pairs of them are compared.
inline constexpr std::size_t kMostRankedModels = 2000;

/// Kendall's tau-b of the models (`kendall_tau_b`), and without each group of seeds: one number.
/// NaN where x or y does not vary. Throws `LogicError` for more than `kMostRankedModels`.
SPURION_API Jackknifed jackknifed_tau(const RankedModels& models);

/// A 95 % interval of tau-b from it: by Student's t of Fisher's z = artanh(tau), so that it stays
/// within [-1, 1]. Where every pair of models agrees (tau is 1 or -1) the seeds show no spread.
/// Then the interval ends at .025^(2 / seeds): if one of the numbers said nothing of a share q of
/// the models, tau would be (1 - q)^2, and none of the seeds would be among these with probability
/// (1 - q)^seeds. Of fewer than 5 seeds, which agree by chance, nothing is known then.
SPURION_API Estimate tau_interval(const Jackknifed& tau);
/// Two-sided p that tau-b is `bound`, in (-1, 1), in the same way: at most .05 exactly where the
/// interval excludes it. 1 where tau or its error is not known.
SPURION_API double tau_p(const Jackknifed& tau, double bound);

}  // namespace spurion::analysis
