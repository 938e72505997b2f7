#pragma once

#include <cstdint>

namespace spurion::engine {

/// Rows are kept in tiles of this many, the last one padded with rows of zeros.
constexpr std::int64_t kTileRows = 64;

/// Rows of one domain. Within a tile the rows stand input by input, so that a pass reads memory in
/// order. Arrays start at multiples of 64 bytes.
struct LogisticRows {
  const float* tiles;   ///< [tiles, inputs, kTileRows]
  const float* labels;  ///< [tiles, kTileRows]: -0 for label 1, +0 for label 0
  std::int64_t rows;    ///< without padding
  std::int64_t inputs;

  [[nodiscard]] std::int64_t tile_count() const { return (rows + kTileRows - 1) / kTileRows; }
};

/// One replica's part in a pass over the rows.
struct LogisticReplica {
  const float* weights;  ///< [inputs] and the bias; of a Hessian product: the direction
  float* risk;           ///< mean negative log-likelihood in nats; unused by a Hessian product
  float* gradient;       ///< [inputs + 1] its gradient; of a Hessian product: the product
  float* curvature;      ///< [tiles, kTileRows] s (1 - s), s the predicted probability; or null
};

/// Mean logistic loss and its gradient for every replica, in one pass over the rows. The bits of a
/// replica's numbers do not depend on which others stand beside it.
void logistic_risks(const LogisticRows& rows, const LogisticReplica* replicas, std::int64_t count);

/// Product of the Hessian of the mean logistic loss with each replica's direction, from the
/// curvature that `logistic_risks` kept.
void logistic_hessian_products(const LogisticRows& rows, const LogisticReplica* replicas,
                               std::int64_t count);

}  // namespace spurion::engine
