#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/random.hpp"

/// \file
/// Small dense float64 matrices, for the closed forms of environments with some ten dimensions.
/// Written out rather than handed to LAPACK so that the constants of an environment have the same
/// bits everywhere.

namespace spurion::environments {

using Vector = std::vector<double>;

/// A dense matrix, row by row.
class Matrix {
 public:
  Matrix() = default;
  /// All zero.
  Matrix(std::int64_t rows, std::int64_t columns)
      : rows_(rows), columns_(columns), values_(static_cast<std::size_t>(rows * columns)) {}

  [[nodiscard]] std::int64_t rows() const { return rows_; }
  [[nodiscard]] std::int64_t columns() const { return columns_; }
  [[nodiscard]] double& operator()(std::int64_t row, std::int64_t column) {
    return values_[static_cast<std::size_t>(row * columns_ + column)];
  }
  [[nodiscard]] double operator()(std::int64_t row, std::int64_t column) const {
    return values_[static_cast<std::size_t>(row * columns_ + column)];
  }
  [[nodiscard]] double* row(std::int64_t row) { return values_.data() + row * columns_; }
  [[nodiscard]] const double* row(std::int64_t row) const {
    return values_.data() + row * columns_;
  }

 private:
  std::int64_t rows_ = 0;
  std::int64_t columns_ = 0;
  std::vector<double> values_;
};

[[nodiscard]] SPURION_API Matrix identity(std::int64_t size);
[[nodiscard]] SPURION_API Matrix transpose(const Matrix& a);
/// a b
[[nodiscard]] SPURION_API Matrix product(const Matrix& a, const Matrix& b);
/// a + b
[[nodiscard]] Matrix sum(const Matrix& a, const Matrix& b);
/// factor a
[[nodiscard]] SPURION_API Matrix scaled(const Matrix& a, double factor);
/// a^-1 of a symmetric positive definite a; empty where it is not positive definite to rounding.
[[nodiscard]] std::optional<Matrix> symmetric_inverse(Matrix a);
/// Writes `block` into `target`, its first element at (row, column).
void place(Matrix& target, std::int64_t row, std::int64_t column, const Matrix& block);
/// a v
[[nodiscard]] SPURION_API Vector product(const Matrix& a, const Vector& v);
[[nodiscard]] SPURION_API double dot(const Vector& a, const Vector& b);
/// The sum of each row: a 1.
[[nodiscard]] Vector row_sums(const Matrix& a);

/// Independent normals with this standard deviation; element (i, j) is row i, lane j of the stream,
/// so a larger matrix has the smaller one in its corner.
[[nodiscard]] Matrix gaussian(const RandomKey& key, std::int64_t rows, std::int64_t columns,
                              double deviation);
/// A rotation drawn uniformly: Q of the QR factorisation of a Gaussian matrix, R's diagonal
/// positive.
[[nodiscard]] Matrix random_rotation(const RandomKey& key, std::int64_t size);

/// a = L L' for a symmetric positive definite a. Throws `LogicError` when it is not.
class Cholesky {
 public:
  explicit Cholesky(const Matrix& a);

  [[nodiscard]] const Matrix& lower() const { return lower_; }
  /// log det a
  [[nodiscard]] double log_determinant() const;
  /// L^-1 v; the squared norm of it is v' a^-1 v.
  [[nodiscard]] Vector whiten(const Vector& v) const;
  /// a^-1 v
  [[nodiscard]] Vector solve(const Vector& v) const;

 private:
  Matrix lower_;
};

}  // namespace spurion::environments
