#include "methods/shared/domain_features.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "engine/matrix/matmul.hpp"
#include "spurion/losses.hpp"

namespace spurion::methods {

namespace {

using engine::batched_matmul;
using engine::Transpose;

/// Rows less the mean of their domain, [K * E, B, F].
Tensor centred(const Tensor& rows) { return (rows - row_means(rows).unsqueeze(2)).flatten(0, 1); }

/// The mean over pairs of domains of mean_q (v_q - v'_q)^2, of values [K, E, Q] and E > 1: twice
/// their unbiased variance over the domains.
Tensor mean_pair_distance(const Tensor& values) {
  const Tensor squares = mean_squares(values - values.mean(1, true));
  return squares.sum(1) * (2.0 / static_cast<double>(values.size(1) - 1));
}

}  // namespace

Tensor domain_features(const Output& output, const Batch& batch) {
  const std::int64_t replicas = output.logits.size(0);
  return output.features.expand({replicas, -1, -1})
      .reshape({replicas, batch.domains, batch.rows_per_domain, output.features.size(2)});
}

Tensor row_means(const Tensor& rows) {
  const std::int64_t count = rows.size(2);
  const Tensor share = at::full({1, 1, count}, 1.0 / static_cast<double>(count), rows.options());
  return batched_matmul(share, Transpose::no, rows.flatten(0, 1), Transpose::no)
      .reshape({rows.size(0), rows.size(1), rows.size(3)});
}

Tensor row_covariances(const Tensor& rows) {
  const Tensor centre = centred(rows);
  const auto divisor = static_cast<double>(std::max<std::int64_t>(rows.size(2) - 1, 1));
  return (batched_matmul(centre, Transpose::yes, centre, Transpose::no) / divisor)
      .reshape({rows.size(0), rows.size(1), rows.size(3) * rows.size(3)});
}

Tensor row_variances(const Tensor& rows, std::int64_t divisor) {
  const Tensor centre = centred(rows);
  const Tensor share =
      at::full({1, 1, rows.size(2)}, 1.0 / static_cast<double>(std::max<std::int64_t>(divisor, 1)),
               rows.options());
  return batched_matmul(share, Transpose::no, centre * centre, Transpose::no)
      .reshape({rows.size(0), rows.size(1), rows.size(3)});
}

Tensor mean_row_variance(const Tensor& rows) {
  const Tensor variances = row_variances(rows, rows.size(2) - 1);  // [K, E, F]
  // All of a replica's numbers in row order: a product with a row of equal shares.
  return row_means(variances.flatten(1).unsqueeze(1).unsqueeze(3)).reshape({-1});
}

Tensor mean_squares(const Tensor& values) {
  const Tensor each = values.reshape({values.size(0) * values.size(1), 1, values.size(2)});
  return batched_matmul(each, Transpose::no, each, Transpose::yes)
             .reshape({values.size(0), values.size(1)}) /
         static_cast<double>(values.size(2));
}

Tensor coral_distance(const Tensor& rows) {
  if (rows.size(1) == 1) return at::zeros({rows.size(0)}, rows.options());
  return mean_pair_distance(row_means(rows)) + mean_pair_distance(row_covariances(rows));
}

Tensor kernel_distance(const Tensor& rows) {
  const std::int64_t replicas = rows.size(0);
  const std::int64_t domains = rows.size(1);
  const std::int64_t count = rows.size(2);
  if (domains == 1) return at::zeros({replicas}, rows.options());
  // Distances do not depend on the origin; near it, squares lose fewer digits.
  const Tensor origin = row_means(rows.flatten(1, 2).unsqueeze(1)).detach();  // [K, 1, F]
  const Tensor all = rows.flatten(1, 2) - origin;                             // [K, E * B, F]
  const Tensor products = batched_matmul(all, Transpose::no, all, Transpose::yes);
  const Tensor squares = products.diagonal(0, 1, 2);
  const Tensor distances =
      (squares.unsqueeze(1) + squares.unsqueeze(2) - 2.0 * products).clamp_min(0.0);
  Tensor kernel = at::zeros_like(distances);
  for (const double scale : {0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0}) {
    kernel = kernel + losses::exp(-scale * distances);
  }
  // The means of the blocks, [K, E, E].
  const Tensor share =
      (at::eye(domains, rows.options()) / static_cast<double>(count)).repeat_interleave(count, 1);
  const Tensor half = batched_matmul(share.unsqueeze(0), Transpose::no, kernel, Transpose::no);
  const Tensor means = batched_matmul(half, Transpose::no, share.unsqueeze(0), Transpose::yes);
  const Tensor within = means.diagonal(0, 1, 2).sum(1);
  const auto number = static_cast<double>(domains);
  return (number * within - means.flatten(1).sum(1)) * (2.0 / (number * (number - 1.0)));
}

}  // namespace spurion::methods
