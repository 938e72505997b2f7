#pragma once

#include "spurion/method.hpp"

namespace spurion::methods {

/// The features of a minibatch by domain: [K, E, B, F]. Rows that all replicas share are repeated
/// for each.
[[nodiscard]] SPURION_API Tensor domain_features(const Output& output, const Batch& batch);
/// The mean over the rows of each domain: from [K, E, B, F] to [K, E, F].
[[nodiscard]] SPURION_API Tensor row_means(const Tensor& rows);
/// The covariance matrix of the rows of each domain, flattened: from [K, E, B, F] to [K, E, F * F].
/// The sums are divided by B - 1, and by 1 where a domain has one row: it varies in nothing.
[[nodiscard]] SPURION_API Tensor row_covariances(const Tensor& rows);
/// The variance over the rows of each domain: from [K, E, B, F] to [K, E, F]. The sums of squares
/// are divided by `divisor` (B: of the population; B - 1: unbiased), which is at least 1.
[[nodiscard]] SPURION_API Tensor row_variances(const Tensor& rows, std::int64_t divisor);
/// The mean over domains and features of their unbiased variance over the rows of a domain (0 for
/// one row): from [K, E, B, F] to [K]; the bottleneck of Ahuja et al. 2021, arXiv:2106.06607.
[[nodiscard]] SPURION_API Tensor mean_row_variance(const Tensor& rows);
/// The mean over the last dimension of the squares of each [K, E, Q]: [K, E]. A replica's numbers
/// are the same bits whatever K is.
[[nodiscard]] SPURION_API Tensor mean_squares(const Tensor& values);

/// The mean over all pairs of domains of CORAL's distance (Sun & Saenko 2016, arXiv:1607.01719),
/// [K]: mean_f (mu_f - mu'_f)^2 + mean_fg (C_fg - C'_fg)^2, with the features' means and covariance
/// matrices; 0 for one domain.
[[nodiscard]] SPURION_API Tensor coral_distance(const Tensor& rows);
/// The mean over all pairs of domains of the squared maximum mean discrepancy (Gretton et al. 2012)
/// of their features, [K]: mean k(x, x) + mean k(y, y) - 2 mean k(x, y), with the kernel
/// sum_g exp(-g ||x - y||^2), g in {0.001, 0.01, 0.1, 1, 10, 100, 1000}; 0 for one domain.
[[nodiscard]] SPURION_API Tensor kernel_distance(const Tensor& rows);
/// Bytes that it needs for a minibatch of one replica: distances, seven kernels, their sums and
/// gradients, float32 for each pair of rows.
[[nodiscard]] inline double kernel_distance_bytes(const MemorySizes& sizes) {
  return 4.0 * 24.0 * sizes.batch_rows * sizes.batch_rows;
}

}  // namespace spurion::methods
