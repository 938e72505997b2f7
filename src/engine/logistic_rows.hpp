#pragma once

#include <cstdint>

namespace spurion::engine {

/// Row counts of a `LogisticRows` are padded to a multiple of this.
constexpr std::int64_t kRowPadding = 32;

/// Rows of one domain, column by column, as a linear model with a bias sees them: the last of
/// `width` columns holds ones. Padding rows are zero everywhere, ones and labels included.
struct LogisticRows {
  const float* columns;  ///< [width, stride]
  const float* labels;   ///< [stride], 0 or 1
  std::int64_t stride;   ///< rows with padding
  std::int64_t rows;     ///< rows without
  std::int64_t width;    ///< inputs and the bias
};

/// One replica's part in a pass over the rows.
struct LogisticReplica {
  const float* weights;  ///< [width]; of a Hessian product: the direction
  float* risk;           ///< mean negative log-likelihood in nats; unused by a Hessian product
  float* gradient;       ///< [width] its gradient; of a Hessian product: the product
  float* curvature;      ///< [stride] s (1 - s), s the predicted probability; null: not kept
};

/// Mean logistic loss and its gradient for every replica, in one pass over the rows. The bits of a
/// replica's numbers do not depend on which others stand beside it.
void logistic_risks(const LogisticRows& rows, const LogisticReplica* replicas, std::int64_t count);

/// Product of the Hessian of the mean logistic loss with each replica's direction, from the
/// curvature that `logistic_risks` kept.
void logistic_hessian_products(const LogisticRows& rows, const LogisticReplica* replicas,
                               std::int64_t count);

}  // namespace spurion::engine
