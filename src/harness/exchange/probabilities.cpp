#include "harness/exchange/probabilities.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

/// How far rows of so many probabilities may miss 1: two printed digits each, float16 at most.
double slack(std::int64_t columns) {
  return std::min(0.005 * static_cast<double>(std::max<std::int64_t>(columns, 2)), 0.05);
}

/// What keeps a row from being probabilities; empty when nothing does.
std::string problem_of(const double* row, std::int64_t columns) {
  double sum = 0.0;
  for (std::int64_t c = 0; c < columns; ++c) {
    if (!(row[c] >= 0.0 && row[c] <= 1.0)) return fmt::format("{} is not a probability", row[c]);
    sum += row[c];
  }
  if (columns > 1 && std::fabs(sum - 1.0) > slack(columns)) {
    return fmt::format("the probabilities sum to {}, expected 1", sum);
  }
  return {};
}

Tensor as_columns(const Tensor& values) {
  return (values.dim() == 1 ? values.unsqueeze(1) : values).to(at::kDouble).contiguous();
}

}  // namespace

bool look_like_probabilities(const Tensor& values) {
  const Tensor rows = as_columns(values);
  if (rows.numel() == 0) return false;
  const double* data = rows.data_ptr<double>();
  for (std::int64_t row = 0; row < rows.size(0); ++row) {
    if (!problem_of(data + row * rows.size(1), rows.size(1)).empty()) return false;
  }
  return true;
}

Tensor logits_of_probabilities(const Tensor& values, const std::string& place) {
  const Tensor rows = as_columns(values);
  const std::int64_t columns = rows.size(1);
  Tensor out = at::empty_like(rows);
  const double* from = rows.data_ptr<double>();
  double* to = out.data_ptr<double>();
  const double least = std::ldexp(1.0, -149);
  for (std::int64_t row = 0; row < rows.size(0); ++row, from += columns, to += columns) {
    if (const std::string problem = problem_of(from, columns); !problem.empty()) {
      throw DataError(fmt::format("{}: row {}: {}", place, row, problem));
    }
    for (std::int64_t c = 0; c < columns; ++c) {
      const double p = from[c];
      to[c] = std::log(std::max(p, least));
      if (columns == 1) to[c] -= p < 1.0 ? std::log1p(-p) : std::log(least);
    }
  }
  return out;
}

}  // namespace spurion::harness
