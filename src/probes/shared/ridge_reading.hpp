#pragma once

#include <cstdint>
#include <vector>

#include "probes/shared/cells.hpp"
#include "spurion/tensor.hpp"

namespace spurion::probes {

/// Every second row, from `first` on.
std::vector<std::int64_t> every_second(std::int64_t rows, std::int64_t first);

/// A linear reading of classes out of the rows of one replica: weighted ridge regression on one-hot
/// classes with an intercept, in float64, in the form that is as large as there are rows.
class RidgeReading {
 public:
  /// What is fitted.
  struct Fit {
    Tensor rows;                        ///< float64 [B, F]
    std::vector<std::int64_t> chosen;   ///< the rows that it is fitted to
    std::vector<std::int64_t> classes;  ///< [B]: 0 .. count - 1
    std::int64_t count = 2;             ///< classes
    double ridge = 1e-3;                ///< as a share of the mean square of a row
  };
  /// Each cell counts alike, however many rows it has.
  RidgeReading(const Fit& fit, const Cells& cells);

  /// The class that it reads out of rows [B, F].
  [[nodiscard]] std::vector<std::int64_t> read(const Tensor& rows) const;

 private:
  Tensor middle_;      // [1, F]
  Tensor directions_;  // [F, classes]
  Tensor offsets_;     // [1, classes]
};

/// The rows of a tensor [K, B, F] that replica k has, in float64 and host memory.
Tensor replica_rows(const Tensor& values, std::int64_t replica);

}  // namespace spurion::probes
