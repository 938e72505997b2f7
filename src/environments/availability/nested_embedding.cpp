#include "environments/availability/nested_embedding.hpp"

#include <cmath>
#include <numeric>

#include "spurion/error.hpp"

namespace spurion::environments {

namespace {

double squared_norm(const std::vector<double>& values) {
  return std::inner_product(values.begin(), values.end(), values.begin(), 0.0);
}

std::vector<double> normals(const RandomKey& key, std::size_t count) {
  const RandomStream stream(key);
  std::vector<double> drawn(count);
  for (std::size_t i = 0; i < count; ++i) drawn[i] = stream.normal(static_cast<std::int64_t>(i));
  return drawn;
}

}  // namespace

NestedEmbedding::NestedEmbedding(const RandomKey& key, std::int64_t width, std::int64_t depth) {
  SPURION_CHECK(width >= 1 && depth >= 0, "no such embedding");
  const auto size = static_cast<std::size_t>(width);
  direction_ = normals(key.child("direction"), size);
  const double stretch = std::sqrt(static_cast<double>(width) / squared_norm(direction_));
  for (double& one : direction_) one *= stretch;
  for (std::int64_t layer = 0; layer < depth; ++layer) {
    const RandomKey own = key.child("layer").child(static_cast<std::uint64_t>(layer));
    layers_.push_back(
        {normals(own.child("weights"), size * size), normals(own.child("bias"), size)});
    for (double& one : layers_.back().weights) one *= kGain / std::sqrt(static_cast<double>(width));
  }
  // E |h|^2 under N(0, 1) by the trapezoidal rule; the scale need only be the same everywhere.
  constexpr int kSteps = 400;
  constexpr double kReach = 8.0;
  double sum = 0.0;
  double mass = 0.0;
  for (int i = -kSteps; i <= kSteps; ++i) {
    const double z = kReach * i / kSteps;
    const double density = std::exp(-0.5 * z * z);
    sum += density * squared_norm(hidden(z));
    mass += density;
  }
  scale_ = std::sqrt(mass / sum);
}

std::vector<double> NestedEmbedding::hidden(double z) const {
  std::vector<double> now = direction_;
  for (double& one : now) one *= z;
  std::vector<double> next(now.size());
  for (const Layer& layer : layers_) {
    next = layer.bias;
    const double* column = layer.weights.data();
    for (const double input : now) {
      for (double& one : next) one += *column++ * input;
    }
    for (double& one : next) one = std::tanh(one);
    now.swap(next);
  }
  return now;
}

void NestedEmbedding::show(double z, double amplification, float* out) const {
  for (const double one : hidden(z)) *out++ = static_cast<float>(amplification * scale_ * one);
}

}  // namespace spurion::environments
