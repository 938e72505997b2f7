#include "environments/shared/ceilings/population_regression.hpp"

#include "spurion/error.hpp"

namespace spurion::environments {

Moments average(const std::vector<Moments>& parts) {
  SPURION_CHECK(!parts.empty(), "a mixture needs a part");
  const double share = 1.0 / static_cast<double>(parts.size());
  Moments out;
  out.inputs = Matrix(parts.front().inputs.rows(), parts.front().inputs.columns());
  out.cross.resize(parts.front().cross.size());
  for (const Moments& part : parts) {
    out.inputs = sum(out.inputs, scaled(part.inputs, share));
    for (std::size_t i = 0; i < out.cross.size(); ++i) out.cross[i] += share * part.cross[i];
    out.target += share * part.target;
  }
  return out;
}

Moments blend(const Moments& a, const Moments& b, double share) {
  Moments out;
  out.inputs = sum(scaled(a.inputs, 1.0 - share), scaled(b.inputs, share));
  for (std::size_t i = 0; i < a.cross.size(); ++i) {
    out.cross.push_back((1.0 - share) * a.cross[i] + share * b.cross[i]);
  }
  out.target = (1.0 - share) * a.target + share * b.target;
  return out;
}

Moments select(const Moments& moments, std::int64_t first, std::int64_t count) {
  Moments out;
  out.inputs = Matrix(count, count);
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t j = 0; j < count; ++j)
      out.inputs(i, j) = moments.inputs(first + i, first + j);
    out.cross.push_back(moments.cross[static_cast<std::size_t>(first + i)]);
  }
  out.target = moments.target;
  return out;
}

Moments detach(const Moments& moments, std::int64_t first, std::int64_t count) {
  const auto inside = [&](std::int64_t i) { return i >= first && i < first + count; };
  Moments out = moments;
  for (std::int64_t i = 0; i < out.inputs.rows(); ++i) {
    for (std::int64_t j = 0; j < out.inputs.columns(); ++j) {
      if (inside(i) != inside(j)) out.inputs(i, j) = 0.0;
    }
    if (inside(i)) out.cross[static_cast<std::size_t>(i)] = 0.0;
  }
  return out;
}

Vector least_squares(const Moments& moments) {
  return Cholesky(moments.inputs).solve(moments.cross);
}

double squared_error(const Moments& moments, const Vector& weights) {
  return moments.target - 2.0 * dot(weights, moments.cross) +
         dot(weights, product(moments.inputs, weights));
}

double residual_variance(const Moments& moments) {
  const Vector whitened = Cholesky(moments.inputs).whiten(moments.cross);
  return moments.target - dot(whitened, whitened);
}

}  // namespace spurion::environments
