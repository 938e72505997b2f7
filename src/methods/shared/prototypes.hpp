#pragma once

#include <cstdint>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/random.hpp"

namespace spurion::methods {

/// Features of rows, each of unit length, in float64.
struct UnitRows {
  std::int64_t features = 0;             ///< F
  std::vector<double> x = {};            ///< [n, F]
  std::vector<std::int64_t> label = {};  ///< [n]

  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(label.size()); }
};

/// A prototype of each class and the scale of the distances to them.
struct Prototypes {
  std::vector<double> points = {};  ///< [C, F], of any length
  double scale = 1.0;
};

/// How prototypes are trained (To et al. 2025): gradient descent with momentum on
///
///     mean_i -log softmax_c(-entropic |s| d_ic) at c = y_i  +  a mean_c ||p_c||^2
///         + b |mean_c sum_m p_c . p'_mc| / (M + 1)
///
/// with d_ic = ||x_i - p_c / ||p_c|| ||, s the scale and p' those of the M earlier members.
struct PrototypeDescent {
  double entropic = 30.0;
  double shrinkage = 10.0;  ///< a
  double covariance = 0.0;  ///< b
  double rate = 1e-3;       ///< of each update
  double momentum = 0.9;
  std::int64_t batch = 256;  ///< rows of an update; all, where there are fewer
  std::int64_t epochs = 20;
};

/// The first values: points from Normal(0, 0.2048 / F), scale 1. So a point of 2,048 features, as
/// many as the authors have, begins with their deviation 0.01, and others are as long.
[[nodiscard]] SPURION_API Prototypes fresh_prototypes(const RandomKey& key, std::int64_t classes,
                                                      std::int64_t features);
/// The loss above over some of the rows, and its gradient: by the points, then by the scale.
struct PrototypeLoss {
  double value = 0.0;
  std::vector<double> gradient = {};  ///< [C * F + 1]
};
[[nodiscard]] SPURION_API PrototypeLoss prototype_loss(const Prototypes& prototypes,
                                                       const UnitRows& rows,
                                                       const std::vector<std::int64_t>& chosen,
                                                       const PrototypeDescent& descent,
                                                       const std::vector<Prototypes>& earlier);
/// The class whose prototype is nearest to each row.
[[nodiscard]] SPURION_API std::vector<std::int64_t> nearest_prototypes(const Prototypes& prototypes,
                                                                       const UnitRows& rows);

}  // namespace spurion::methods
