#include "methods/shared/clusters.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace spurion::methods {

namespace {

constexpr int kStarts = 10;
constexpr int kMostSteps = 100;

double squared_distance(const double* a, const double* b, std::int64_t dimensions) {
  double sum = 0.0;
  for (std::int64_t d = 0; d < dimensions; ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

struct Nearest {
  std::int64_t centre;
  double distance;  ///< squared
};

Nearest nearest(const double* point, const Points& centres) {
  Nearest best{0, std::numeric_limits<double>::infinity()};
  for (std::int64_t c = 0; c < centres.count(); ++c) {
    const double distance = squared_distance(point, centres.at(c), centres.dimensions);
    if (distance < best.distance) best = {c, distance};
  }
  return best;
}

void append(Points& points, const double* point) {
  points.values.insert(points.values.end(), point, point + points.dimensions);
}

/// k-means++: each further centre is a point, with a probability proportional to its squared
/// distance from the centres so far.
Points first_centres(const Points& points, std::int64_t k, const RandomKey& key) {
  const RandomStream stream(key);
  Points centres{points.dimensions};
  append(centres, points.at(stream.below(points.count(), 0)));
  while (centres.count() < k) {
    std::vector<double> sums;
    double sum = 0.0;
    for (std::int64_t i = 0; i < points.count(); ++i) {
      sum += nearest(points.at(i), centres).distance;
      sums.push_back(sum);
    }
    if (!(sum > 0.0)) break;  // every point is a centre
    const double drawn = stream.uniform(centres.count()) * sum;
    const auto place = std::upper_bound(sums.begin(), sums.end(), drawn);
    const auto number = std::min<std::int64_t>(place - sums.begin(), points.count() - 1);
    append(centres, points.at(number));
  }
  return centres;
}

/// Moves the centres to the means of their points until nothing changes; returns the sum of the
/// squared distances. A centre without points stays.
double settle(const Points& points, Points& centres) {
  const auto dimensions = static_cast<std::size_t>(points.dimensions);
  double before = std::numeric_limits<double>::infinity();
  for (int step = 0; step < kMostSteps; ++step) {
    std::vector<double> sums(centres.values.size(), 0.0);
    std::vector<double> counts(static_cast<std::size_t>(centres.count()), 0.0);
    double total = 0.0;
    for (std::int64_t i = 0; i < points.count(); ++i) {
      const Nearest to = nearest(points.at(i), centres);
      const auto c = static_cast<std::size_t>(to.centre);
      total += to.distance;
      counts[c] += 1.0;
      for (std::size_t d = 0; d < dimensions; ++d) sums[c * dimensions + d] += points.at(i)[d];
    }
    if (!(total < before)) return total;
    before = total;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const double count = counts[i / dimensions];
      if (count > 0.0) centres.values[i] = sums[i] / count;
    }
  }
  return before;
}

}  // namespace

Points k_means(const Points& points, std::int64_t k, const RandomKey& key) {
  Points best{points.dimensions};
  double least = std::numeric_limits<double>::infinity();
  for (int start = 0; start < kStarts; ++start) {
    Points centres = first_centres(points, k, key.child(static_cast<std::uint64_t>(start)));
    const double spread = settle(points, centres);
    if (!(spread < least)) continue;
    least = spread;
    best = std::move(centres);
  }
  return best;
}

std::vector<std::int64_t> nearest_centres(const Points& points, const Points& centres) {
  std::vector<std::int64_t> cluster;
  for (std::int64_t i = 0; i < points.count(); ++i) {
    cluster.push_back(nearest(points.at(i), centres).centre);
  }
  return cluster;
}

double silhouette(const Points& points, const std::vector<std::int64_t>& cluster) {
  std::vector<double> sizes;
  for (const std::int64_t c : cluster) {
    const auto number = static_cast<std::size_t>(c);
    if (number >= sizes.size()) sizes.resize(number + 1, 0.0);
    sizes[number] += 1.0;
  }
  if (std::count_if(sizes.begin(), sizes.end(), [](double size) { return size > 0.0; }) < 2) {
    return 0.0;
  }
  double sum = 0.0;
  std::vector<double> distances(sizes.size());
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    std::fill(distances.begin(), distances.end(), 0.0);
    for (std::size_t j = 0; j < cluster.size(); ++j) {
      distances[static_cast<std::size_t>(cluster[j])] +=
          std::sqrt(squared_distance(points.at(static_cast<std::int64_t>(i)),
                                     points.at(static_cast<std::int64_t>(j)), points.dimensions));
    }
    const auto own = static_cast<std::size_t>(cluster[i]);
    if (sizes[own] < 2.0) continue;  // alone in its cluster: 0
    const double within = distances[own] / (sizes[own] - 1.0);
    double other = std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < sizes.size(); ++c) {
      if (c != own && sizes[c] > 0.0) other = std::min(other, distances[c] / sizes[c]);
    }
    const double larger = std::max(within, other);
    if (larger > 0.0) sum += (other - within) / larger;
  }
  return sum / static_cast<double>(points.count());
}

}  // namespace spurion::methods
