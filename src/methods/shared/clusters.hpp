#pragma once

#include <cstdint>
#include <vector>

#include "spurion/random.hpp"

namespace spurion::methods {

/// Points in a space of few dimensions, one after the other.
struct Points {
  std::int64_t dimensions = 1;
  std::vector<double> values = {};  ///< [n, dimensions]

  [[nodiscard]] std::int64_t count() const {
    return static_cast<std::int64_t>(values.size()) / dimensions;
  }
  [[nodiscard]] const double* at(std::int64_t i) const { return values.data() + i * dimensions; }
};

/// Centres of k clusters: k-means by Lloyd's steps from k-means++ (Arthur & Vassilvitskii 2007),
/// the best of 10 starts. There are fewer where fewer points differ.
[[nodiscard]] SPURION_API Points k_means(const Points& points, std::int64_t k,
                                         const RandomKey& key);
/// The nearest centre of each point.
[[nodiscard]] SPURION_API std::vector<std::int64_t> nearest_centres(const Points& points,
                                                                    const Points& centres);
/// Mean silhouette of the points (Rousseeuw 1987), in [-1, 1]; 0 where there is one cluster.
[[nodiscard]] SPURION_API double silhouette(const Points& points,
                                            const std::vector<std::int64_t>& cluster);

}  // namespace spurion::methods
