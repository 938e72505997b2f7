#include "environments/shared/numerics/linear_algebra.hpp"

#include <cmath>
#include <numeric>

#include "spurion/error.hpp"

namespace spurion::environments {

Matrix identity(std::int64_t size) {
  Matrix out(size, size);
  for (std::int64_t i = 0; i < size; ++i) out(i, i) = 1.0;
  return out;
}

Matrix transpose(const Matrix& a) {
  Matrix out(a.columns(), a.rows());
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    for (std::int64_t j = 0; j < a.columns(); ++j) out(j, i) = a(i, j);
  }
  return out;
}

Matrix product(const Matrix& a, const Matrix& b) {
  SPURION_CHECK(a.columns() == b.rows(), "matrix sizes differ");
  Matrix out(a.rows(), b.columns());
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    for (std::int64_t k = 0; k < a.columns(); ++k) {
      for (std::int64_t j = 0; j < b.columns(); ++j) out(i, j) += a(i, k) * b(k, j);
    }
  }
  return out;
}

Matrix sum(const Matrix& a, const Matrix& b) {
  SPURION_CHECK(a.rows() == b.rows() && a.columns() == b.columns(), "matrix sizes differ");
  Matrix out = a;
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    for (std::int64_t j = 0; j < a.columns(); ++j) out(i, j) += b(i, j);
  }
  return out;
}

Matrix scaled(const Matrix& a, double factor) {
  Matrix out = a;
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    for (std::int64_t j = 0; j < a.columns(); ++j) out(i, j) *= factor;
  }
  return out;
}

/// Gauss and Jordan's elimination in place. Without a choice of pivots, which a positive definite
/// matrix does not need, all inner loops go along rows.
std::optional<Matrix> symmetric_inverse(Matrix a) {
  SPURION_CHECK(a.rows() == a.columns(), "matrix is not square");
  const std::int64_t size = a.rows();
  for (std::int64_t k = 0; k < size; ++k) {
    double* pivot_row = a.row(k);
    const double pivot = pivot_row[k];
    if (!(pivot > 0.0)) return {};
    pivot_row[k] = 1.0;
    for (std::int64_t j = 0; j < size; ++j) pivot_row[j] /= pivot;
    for (std::int64_t i = 0; i < size; ++i) {
      if (i == k) continue;
      double* row = a.row(i);
      const double factor = row[k];
      row[k] = 0.0;
      for (std::int64_t j = 0; j < size; ++j) row[j] -= factor * pivot_row[j];
    }
  }
  return a;
}

void place(Matrix& target, std::int64_t row, std::int64_t column, const Matrix& block) {
  SPURION_CHECK(row + block.rows() <= target.rows() && column + block.columns() <= target.columns(),
                "block reaches beyond the matrix");
  for (std::int64_t i = 0; i < block.rows(); ++i) {
    for (std::int64_t j = 0; j < block.columns(); ++j) target(row + i, column + j) = block(i, j);
  }
}

Vector product(const Matrix& a, const Vector& v) {
  SPURION_CHECK(a.columns() == static_cast<std::int64_t>(v.size()), "matrix sizes differ");
  Vector out;
  out.reserve(static_cast<std::size_t>(a.rows()));
  for (std::int64_t i = 0; i < a.rows(); ++i) {
    out.push_back(std::inner_product(v.begin(), v.end(), a.row(i), 0.0));
  }
  return out;
}

double dot(const Vector& a, const Vector& b) {
  SPURION_CHECK(a.size() == b.size(), "vector sizes differ");
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

Vector row_sums(const Matrix& a) {
  return product(a, Vector(static_cast<std::size_t>(a.columns()), 1.0));
}

Matrix gaussian(const RandomKey& key, std::int64_t rows, std::int64_t columns, double deviation) {
  const RandomStream stream(key);
  Matrix out(rows, columns);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) out(i, j) = deviation * stream.normal(i, j);
  }
  return out;
}

Matrix random_rotation(const RandomKey& key, std::int64_t size) {
  // Gram-Schmidt on the columns, each one cleaned twice: orthogonal to rounding error.
  Matrix q = gaussian(key, size, size, 1.0);
  constexpr int kPasses = 2;
  for (std::int64_t column = 0; column < size; ++column) {
    for (int pass = 0; pass < kPasses; ++pass) {
      for (std::int64_t earlier = 0; earlier < column; ++earlier) {
        double overlap = 0.0;
        for (std::int64_t i = 0; i < size; ++i) overlap += q(i, column) * q(i, earlier);
        for (std::int64_t i = 0; i < size; ++i) q(i, column) -= overlap * q(i, earlier);
      }
      double square = 0.0;
      for (std::int64_t i = 0; i < size; ++i) square += q(i, column) * q(i, column);
      const double norm = std::sqrt(square);
      for (std::int64_t i = 0; i < size; ++i) q(i, column) /= norm;
    }
  }
  return q;
}

Cholesky::Cholesky(const Matrix& a) : lower_(a.rows(), a.columns()) {
  SPURION_CHECK(a.rows() == a.columns(), "matrix is not square");
  for (std::int64_t j = 0; j < a.rows(); ++j) {
    double pivot = a(j, j);
    for (std::int64_t k = 0; k < j; ++k) pivot -= lower_(j, k) * lower_(j, k);
    SPURION_CHECK(pivot > 0.0, "matrix is not positive definite");
    lower_(j, j) = std::sqrt(pivot);
    for (std::int64_t i = j + 1; i < a.rows(); ++i) {
      double value = a(i, j);
      for (std::int64_t k = 0; k < j; ++k) value -= lower_(i, k) * lower_(j, k);
      lower_(i, j) = value / lower_(j, j);
    }
  }
}

double Cholesky::log_determinant() const {
  double log_root = 0.0;
  for (std::int64_t i = 0; i < lower_.rows(); ++i) log_root += std::log(lower_(i, i));
  return 2.0 * log_root;
}

Vector Cholesky::whiten(const Vector& v) const {
  Vector out = v;
  for (std::int64_t i = 0; i < lower_.rows(); ++i) {
    double value = out[static_cast<std::size_t>(i)];
    for (std::int64_t k = 0; k < i; ++k) value -= lower_(i, k) * out[static_cast<std::size_t>(k)];
    out[static_cast<std::size_t>(i)] = value / lower_(i, i);
  }
  return out;
}

Vector Cholesky::solve(const Vector& v) const {
  Vector out = whiten(v);
  for (std::int64_t i = lower_.rows() - 1; i >= 0; --i) {
    double value = out[static_cast<std::size_t>(i)];
    for (std::int64_t k = i + 1; k < lower_.rows(); ++k) {
      value -= lower_(k, i) * out[static_cast<std::size_t>(k)];
    }
    out[static_cast<std::size_t>(i)] = value / lower_(i, i);
  }
  return out;
}

}  // namespace spurion::environments
