#include "methods/shared/ridge_solution.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace spurion::methods {

namespace {

/// A square matrix, of which the lower half is used. Loops run along rows, so that they are
/// vectorised without another order of the sums.
class Symmetric {
 public:
  explicit Symmetric(std::int64_t size)
      : size_(size), values_(static_cast<std::size_t>(size * size)) {}

  [[nodiscard]] double* row(std::int64_t i) { return values_.data() + i * size_; }
  [[nodiscard]] std::int64_t size() const { return size_; }

  /// Adds `amount` to the diagonal, and what keeps rounding errors from making it singular.
  void raise(double amount) {
    constexpr double kRelative = 1e-12;
    double trace = 0.0;
    for (std::int64_t i = 0; i < size_; ++i) trace += row(i)[i];
    const double least = kRelative * trace / static_cast<double>(size_);
    for (std::int64_t i = 0; i < size_; ++i) row(i)[i] += amount + least;
    // All rows are 0: so is the solution.
    if (trace + amount <= 0.0) {
      for (std::int64_t i = 0; i < size_; ++i) row(i)[i] = 1.0;
    }
  }

  /// Solves for `right` [size, columns] in place, by the factorisation L D L'.
  void solve(std::vector<double>& right, std::int64_t columns) {
    // The upper half gets what the lower half has, so that each step goes along rows.
    for (std::int64_t i = 0; i < size_; ++i) {
      for (std::int64_t j = 0; j < i; ++j) row(j)[i] = row(i)[j];
    }
    for (std::int64_t k = 0; k < size_; ++k) {
      const double* pivot = row(k);
      for (std::int64_t i = k + 1; i < size_; ++i) {
        double* target = row(i);
        const double factor = pivot[i] / pivot[k];
        for (std::int64_t j = i; j < size_; ++j) target[j] -= factor * pivot[j];
        for (std::int64_t c = 0; c < columns; ++c) {
          right[at(i * columns + c)] -= factor * right[at(k * columns + c)];
        }
      }
    }
    for (std::int64_t k = size_ - 1; k >= 0; --k) {
      const double* pivot = row(k);
      for (std::int64_t c = 0; c < columns; ++c) {
        double value = right[at(k * columns + c)];
        for (std::int64_t j = k + 1; j < size_; ++j) {
          value -= pivot[j] * right[at(j * columns + c)];
        }
        right[at(k * columns + c)] = value / pivot[k];
      }
    }
  }

 private:
  static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

  std::int64_t size_;
  std::vector<double> values_;
};

/// Adds factor * from to `to`, the first `count` numbers of both.
void add_multiple(double factor, const double* from, std::int64_t count, double* to) {
  for (std::int64_t j = 0; j < count; ++j) to[j] += factor * from[j];
}

/// Subtracts the weighted mean of each column of `values` [n, columns]; returns the means.
std::vector<double> centre(std::vector<double>& values, std::int64_t columns,
                           const std::vector<double>& weight) {
  std::vector<double> mean(static_cast<std::size_t>(columns));
  double total = 0.0;
  for (const double one : weight) total += one;
  if (!(total > 0.0)) return mean;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    add_multiple(weight[i] / total, values.data() + static_cast<std::int64_t>(i) * columns, columns,
                 mean.data());
  }
  for (std::size_t i = 0; i < weight.size(); ++i) {
    add_multiple(-1.0, mean.data(), columns,
                 values.data() + static_cast<std::int64_t>(i) * columns);
  }
  return mean;
}

/// [F, C] from the system of the features.
std::vector<double> by_features(const RidgeRows& rows, double ridge) {
  const std::int64_t width = rows.features;
  Symmetric gram(width);
  std::vector<double> right(static_cast<std::size_t>(width * rows.outputs));
  for (std::int64_t i = 0; i < rows.count(); ++i) {
    const double* x = rows.x.data() + i * width;
    const double* y = rows.y.data() + i * rows.outputs;
    for (std::int64_t f = 0; f < width; ++f) {
      add_multiple(x[f], x, f + 1, gram.row(f));
      add_multiple(x[f], y, rows.outputs, right.data() + f * rows.outputs);
    }
  }
  gram.raise(ridge);
  gram.solve(right, rows.outputs);
  return right;
}

/// The same from the system of the rows: w = X' (X X' + ridge)^-1 y.
std::vector<double> by_rows(const RidgeRows& rows, double ridge) {
  const std::int64_t width = rows.features;
  const std::int64_t count = rows.count();
  // Feature by feature, so that the sums go along rows of the system.
  std::vector<double> turned(rows.x.size());
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t f = 0; f < width; ++f) {
      turned[static_cast<std::size_t>(f * count + i)] =
          rows.x[static_cast<std::size_t>(i * width + f)];
    }
  }
  Symmetric gram(count);
  for (std::int64_t f = 0; f < width; ++f) {
    const double* column = turned.data() + f * count;
    for (std::int64_t i = 0; i < count; ++i) add_multiple(column[i], column, i + 1, gram.row(i));
  }
  gram.raise(ridge);
  std::vector<double> right = rows.y;
  gram.solve(right, rows.outputs);
  std::vector<double> weights(static_cast<std::size_t>(width * rows.outputs));
  for (std::int64_t i = 0; i < count; ++i) {
    const double* x = rows.x.data() + i * width;
    for (std::int64_t f = 0; f < width; ++f) {
      add_multiple(x[f], right.data() + i * rows.outputs, rows.outputs,
                   weights.data() + f * rows.outputs);
    }
  }
  return weights;
}

}  // namespace

RidgeSolution ridge_solution(RidgeRows rows, double l2) {
  const std::int64_t width = rows.features;
  const auto outputs = static_cast<std::size_t>(rows.outputs);
  RidgeSolution out;
  out.bias.assign(outputs, 0.0);
  std::vector<double> x_mean;
  std::vector<double> y_mean;
  if (rows.intercept) {
    x_mean = centre(rows.x, width, rows.weight);
    y_mean = centre(rows.y, rows.outputs, rows.weight);
  }
  // A row of weight v counts as one of weight 1 that is sqrt(v) times as large.
  for (std::int64_t i = 0; i < rows.count(); ++i) {
    const double root = std::sqrt(rows.weight[static_cast<std::size_t>(i)]);
    if (root == 1.0) continue;
    for (std::int64_t f = 0; f < width; ++f)
      rows.x[static_cast<std::size_t>(i * width + f)] *= root;
    for (std::size_t c = 0; c < outputs; ++c) {
      rows.y[static_cast<std::size_t>(i) * outputs + c] *= root;
    }
  }
  const double ridge = l2 * static_cast<double>(rows.count());
  out.weights = width <= rows.count() ? by_features(rows, ridge) : by_rows(rows, ridge);
  const auto small = static_cast<double>(std::min(width, rows.count()));
  const auto large = static_cast<double>(std::max(width, rows.count()));
  out.flops = small * small * (large + small / 3.0);
  if (!rows.intercept) return out;
  for (std::size_t c = 0; c < outputs; ++c) {
    out.bias[c] = y_mean[c];
    for (std::size_t f = 0; f < x_mean.size(); ++f) {
      out.bias[c] -= x_mean[f] * out.weights[f * outputs + c];
    }
  }
  return out;
}

}  // namespace spurion::methods
