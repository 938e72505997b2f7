#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "spurion/export.hpp"

/// \file
/// Selection as pressure: what is expected of the best of n candidates, exactly, from candidates
/// that are stored. Nothing is drawn and nothing is run again.

namespace spurion::analysis {

/// N candidates of which n are drawn without replacement. The one with the highest proxy is chosen;
/// candidates with equal proxies are equally likely to be.
class SPURION_API BestOfN {
 public:
  /// `proxy`: of each candidate. Throws `UsageError` for no candidates or a number that is NaN.
  explicit BestOfN(const std::vector<double>& proxy);

  /// Number of candidates.
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(order_.size()); }
  /// The probability of each candidate to be chosen, in the order in which they were given; they
  /// add up to 1. The candidate of rank i (1: the lowest proxy) has C(i-1, n-1) / C(N, n), and
  /// candidates with equal proxies share the sum of theirs. The ratios are products of factors up
  /// to 1, so that no n overflows. Throws `UsageError` unless 1 <= n <= N.
  [[nodiscard]] std::vector<double> weights(std::int64_t n) const;
  /// The expectation of a number of the chosen candidate; `values`: of each candidate.
  [[nodiscard]] double expectation(const std::vector<double>& values, std::int64_t n) const;

 private:
  std::vector<std::size_t> order_;  ///< candidates by rank
  std::vector<std::size_t> ends_;   ///< of each group of equal proxies: the rank behind it
};

/// Nats of selection of the best of n: log n - (n - 1) / n, the Kullback-Leibler divergence of the
/// chosen candidate from a random one where no two are equal (Gao et al. 2022, arXiv:2210.10760).
SPURION_API double selection_nats(std::int64_t n);

/// Numbers of candidates with about equal ratios: 1, 2, 3, 4, 6, 8, 12, 16 ... up to `most`, which
/// is the last.
SPURION_API std::vector<std::int64_t> selection_sizes(std::int64_t most);

}  // namespace spurion::analysis
