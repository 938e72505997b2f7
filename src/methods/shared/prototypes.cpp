#include "methods/shared/prototypes.hpp"

#include <algorithm>
#include <cmath>

namespace spurion::methods {

namespace {

/// Unit vectors of the points, and what lengths they had.
struct Directions {
  std::vector<double> unit;    // [C, F]
  std::vector<double> length;  // [C]
};

Directions directions_of(const Prototypes& prototypes, std::int64_t features) {
  Directions out;
  out.unit = prototypes.points;
  for (auto first = out.unit.begin(); first != out.unit.end(); first += features) {
    double squares = 0.0;
    for (auto value = first; value != first + features; ++value) squares += *value * *value;
    const double length = std::max(std::sqrt(squares), 1e-12);
    for (auto value = first; value != first + features; ++value) *value /= length;
    out.length.push_back(length);
  }
  return out;
}

double distance(const double* x, const double* p, std::int64_t features) {
  double squares = 0.0;
  for (std::int64_t f = 0; f < features; ++f) squares += (x[f] - p[f]) * (x[f] - p[f]);
  return std::sqrt(squares);
}

/// Adds a mean_c ||p_c||^2 and the covariance with earlier members.
void add_penalties(const Prototypes& prototypes, std::int64_t features,
                   const PrototypeDescent& descent, const std::vector<Prototypes>& earlier,
                   PrototypeLoss& loss) {
  const std::size_t count = prototypes.points.size();
  const double classes = static_cast<double>(count) / static_cast<double>(features);
  for (std::size_t i = 0; i < count; ++i) {
    const double value = prototypes.points[i];
    loss.value += descent.shrinkage * value * value / classes;
    loss.gradient[i] += 2.0 * descent.shrinkage * value / classes;
  }
  if (earlier.empty()) return;
  const double share = 1.0 / (classes * static_cast<double>(earlier.size() + 1));
  double covariance = 0.0;
  std::vector<double> slopes(count, 0.0);
  for (const Prototypes& other : earlier) {
    for (std::size_t i = 0; i < count; ++i) {
      covariance += share * prototypes.points[i] * other.points[i];
      slopes[i] += share * other.points[i];
    }
  }
  const double sign = covariance < 0.0 ? -1.0 : 1.0;
  loss.value += descent.covariance * std::abs(covariance);
  for (std::size_t i = 0; i < count; ++i) {
    loss.gradient[i] += descent.covariance * sign * slopes[i];
  }
}

}  // namespace

Prototypes fresh_prototypes(const RandomKey& key, std::int64_t classes, std::int64_t features) {
  const RandomStream stream(key);
  const double deviation = std::sqrt(0.2048 / static_cast<double>(features));
  Prototypes out;
  for (std::int64_t i = 0; i < classes * features; ++i) {
    out.points.push_back(deviation * stream.normal(i));
  }
  return out;
}

PrototypeLoss prototype_loss(const Prototypes& prototypes, const UnitRows& rows,
                             const std::vector<std::int64_t>& chosen,
                             const PrototypeDescent& descent,
                             const std::vector<Prototypes>& earlier) {
  const std::int64_t features = rows.features;
  const std::size_t count = prototypes.points.size();
  const std::size_t classes = count / static_cast<std::size_t>(features);
  const Directions to = directions_of(prototypes, features);
  PrototypeLoss loss;
  loss.gradient.assign(count + 1, 0.0);
  std::vector<double> by_unit(count, 0.0);  // the gradient by the unit vectors
  const double steepness = descent.entropic * std::abs(prototypes.scale);
  const double sign = prototypes.scale < 0.0 ? -1.0 : 1.0;
  const double share = 1.0 / static_cast<double>(chosen.size());
  std::vector<double> far(classes);
  for (const std::int64_t row : chosen) {
    const double* x = rows.x.data() + row * features;
    double least = 1e300;
    for (std::size_t c = 0; c < classes; ++c) {
      far[c] = distance(x, to.unit.data() + static_cast<std::int64_t>(c) * features, features);
      least = std::min(least, far[c]);
    }
    double sum = 0.0;
    for (const double d : far) sum += std::exp(-steepness * (d - least));
    const auto label = static_cast<std::size_t>(rows.label[static_cast<std::size_t>(row)]);
    loss.value += share * (steepness * (far[label] - least) + std::log(sum));
    for (std::size_t c = 0; c < classes; ++c) {
      // d loss / d (-entropic |s| d_c) is the probability of c less 1 for the label.
      const double slope = std::exp(-steepness * (far[c] - least)) / sum - (c == label ? 1.0 : 0.0);
      loss.gradient[count] -= share * slope * descent.entropic * sign * far[c];
      if (far[c] <= 1e-12) continue;  // at the prototype a distance has no direction
      const double factor = -share * slope * steepness / far[c];
      const std::size_t first = c * static_cast<std::size_t>(features);
      for (std::int64_t f = 0; f < features; ++f) {
        const std::size_t i = first + static_cast<std::size_t>(f);
        by_unit[i] += factor * (to.unit[i] - x[f]);
      }
    }
  }
  for (std::size_t c = 0; c < classes; ++c) {
    const std::size_t first = c * static_cast<std::size_t>(features);
    const std::size_t last = first + static_cast<std::size_t>(features);
    double along = 0.0;
    for (std::size_t i = first; i < last; ++i) along += by_unit[i] * to.unit[i];
    for (std::size_t i = first; i < last; ++i) {
      loss.gradient[i] += (by_unit[i] - along * to.unit[i]) / to.length[c];
    }
  }
  add_penalties(prototypes, features, descent, earlier, loss);
  return loss;
}

std::vector<std::int64_t> nearest_prototypes(const Prototypes& prototypes, const UnitRows& rows) {
  const Directions to = directions_of(prototypes, rows.features);
  std::vector<std::int64_t> out;
  for (std::int64_t row = 0; row < rows.count(); ++row) {
    std::int64_t nearest = 0;
    double least = 1e300;
    for (std::size_t c = 0; c < to.length.size(); ++c) {
      const double d =
          distance(rows.x.data() + row * rows.features,
                   to.unit.data() + static_cast<std::int64_t>(c) * rows.features, rows.features);
      if (d >= least) continue;
      least = d;
      nearest = static_cast<std::int64_t>(c);
    }
    out.push_back(nearest);
  }
  return out;
}

}  // namespace spurion::methods
