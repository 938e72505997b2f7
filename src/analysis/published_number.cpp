#include "analysis/published_number.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "analysis/student_distribution.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

constexpr std::array<SpreadKind, 4> kSpreadKinds = {
    SpreadKind::population_deviation, SpreadKind::sample_deviation, SpreadKind::standard_error,
    SpreadKind::population_standard_error};

/// A mean with what is known of its variance.
struct MeanVariance {
  double variance = 0.0;  ///< of the mean
  double freedom = 0.0;   ///< degrees of freedom of that variance
};

/// Welch & Satterthwaite's degrees of freedom of the sum; 0 where nothing varies.
double joint_freedom(const MeanVariance& a, const MeanVariance& b) {
  const auto part = [](const MeanVariance& one) {
    return one.variance > 0.0 ? one.variance * one.variance / std::max(one.freedom, 1.0) : 0.0;
  };
  const double sum = a.variance + b.variance;
  return sum > 0.0 ? sum * sum / (part(a) + part(b)) : 0.0;
}

}  // namespace

const char* spread_kind_name(SpreadKind kind) {
  switch (kind) {
    case SpreadKind::sample_deviation:
      return "sample_deviation";
    case SpreadKind::standard_error:
      return "standard_error";
    case SpreadKind::population_standard_error:
      return "population_standard_error";
    case SpreadKind::population_deviation:
      break;
  }
  return "population_deviation";
}

std::vector<std::string> spread_kind_names() {
  std::vector<std::string> names;
  for (const SpreadKind kind : kSpreadKinds) names.emplace_back(spread_kind_name(kind));
  return names;
}

SpreadKind spread_kind(const std::string& name) {
  for (const SpreadKind kind : kSpreadKinds) {
    if (name == spread_kind_name(kind)) return kind;
  }
  throw UsageError(unknown_name_message("kind of spread", name, spread_kind_names()));
}

std::optional<double> PublishedNumber::variance_of_mean() const {
  if (!spread) return std::nullopt;
  const double square = *spread * *spread;
  const double freedom = runs > 1.0 ? runs - 1.0 : 1.0;  // one run tells no divisor
  switch (kind) {
    case SpreadKind::sample_deviation:
      return square / runs;
    case SpreadKind::standard_error:
      return square;
    case SpreadKind::population_standard_error:
      return square * runs / freedom;
    case SpreadKind::population_deviation:
      break;
  }
  return square / freedom;
}

ComparedMeans compare_means(const std::vector<double>& ours, const PublishedNumber& published) {
  const auto count = static_cast<double>(ours.size());
  ComparedMeans out;
  out.mean = mean(ours);
  out.deviation = population_deviation(ours);
  out.runs = ours.size();
  const std::optional<double> known = published.variance_of_mean();
  MeanVariance own{out.deviation * out.deviation / std::max(count - 1.0, 1.0), count - 1.0};
  MeanVariance other{known.value_or(0.0), published.runs - 1.0};
  if (ours.size() == 1) own = {other.variance * published.runs, other.freedom};
  if (!known) other = {own.variance * count / published.runs, own.freedom};
  const double difference = out.mean - published.value;
  const double beyond = std::max(std::abs(difference) - published.rounding, 0.0);
  if (beyond <= kRounding * std::abs(published.value)) return out;
  const double error = std::sqrt(own.variance + other.variance);
  if (error == 0.0) {
    out.errors = std::copysign(std::numeric_limits<double>::infinity(), difference);
    out.p = 0.0;
    return out;
  }
  out.errors = std::copysign(beyond / error, difference);
  out.p = 2.0 * student_probability(-beyond / error, joint_freedom(own, other));
  return out;
}

}  // namespace spurion::analysis
