#include "environments/linear_unit_tests/gaussian_mixture_regression.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "core/clones.hpp"
#include "core/random_block.hpp"

namespace spurion::environments {
namespace {

#define SPURION_EVERY_CLONE inline __attribute__((always_inline))

/// Draws worked on side by side, each in a lane of its own.
constexpr std::int64_t kDraws = 8;
typedef double Lanes __attribute__((vector_size(8 * kDraws)));
typedef std::uint64_t BitLanes __attribute__((vector_size(8 * kDraws)));

/// A part with what its density and its conditional mean need.
struct Expert {
  explicit Expert(const GaussianPart& part) : weight(part.weight) {
    const Cholesky cholesky(part.moments.inputs);
    const std::int64_t size = part.moments.inputs.rows();
    factor = cholesky.lower();
    coefficients = cholesky.solve(part.moments.cross);
    variance = residual_variance(part.moments);
    log_scale = std::log(part.weight) - 0.5 * cholesky.log_determinant();
    // L^-1 column by column, for it is applied many times.
    inverse = Matrix(size, size);
    for (std::int64_t j = 0; j < size; ++j) {
      Vector unit(static_cast<std::size_t>(size));
      unit[static_cast<std::size_t>(j)] = 1.0;
      const Vector column = cholesky.whiten(unit);
      for (std::int64_t i = j; i < size; ++i) inverse(i, j) = column[static_cast<std::size_t>(i)];
    }
  }

  double weight;
  Matrix factor;   ///< L of the inputs' covariance L L'
  Matrix inverse;  ///< L^-1
  Vector coefficients;
  double variance = 0.0;
  double log_scale = 0.0;
};

/// The same number in every lane.
SPURION_EVERY_CLONE Lanes all(double value) { return Lanes{} + value; }

/// Lanes number `index` of memory that need not be aligned.
SPURION_EVERY_CLONE Lanes load(const double* from, std::int64_t index) {
  Lanes lanes;
  std::memcpy(&lanes, from + index * kDraws, sizeof lanes);
  return lanes;
}
SPURION_EVERY_CLONE void store(const Lanes& lanes, double* to, std::int64_t index) {
  std::memcpy(to + index * kDraws, &lanes, sizeof lanes);
}

/// sum_j row[j] x[j], j < count.
SPURION_EVERY_CLONE Lanes inner_product(const double* row, const double* x, std::int64_t count) {
  Lanes sum = {};
  for (std::int64_t j = 0; j < count; ++j) sum += row[j] * load(x, j);
  return sum;
}

/// e^x for -700 < x <= 0, to an ulp: 2^n times a polynomial of what is left, below log(2) / 2.
SPURION_EVERY_CLONE Lanes exponential(const Lanes& x) {
  constexpr double kRound = 0x1.8p52;
  constexpr double kPerLog2 = 1.44269504088896338700;
  constexpr double kFactorials[] = {6227020800.0, 479001600.0, 39916800.0, 3628800.0, 362880.0,
                                    40320.0,      5040.0,      720.0,      120.0,     24.0,
                                    6.0,          2.0,         1.0,        1.0};
  const Lanes rounded = x * kPerLog2 + kRound;
  const Lanes n = rounded - kRound;
  const Lanes r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
  Lanes power = {};
  for (const double factorial : kFactorials) power = power * r + 1.0 / factorial;
  // The low bits of `rounded` hold n.
  const BitLanes two_to_n = ((BitLanes)rounded + 1023U) << 52;
  return power * (Lanes)two_to_n;
}

/// What the functions below write to; one for each of `size` inputs, or for each expert.
struct Scratch {
  std::vector<double> x;
  std::vector<double> log_density;
  std::vector<double> mean;
};

/// Adds to `value` a part's weight times the variance of all parts' conditional means under the
/// posterior, where that part makes x of white noise.
SPURION_CLONES void add_disagreement(const Expert& source, const std::vector<Expert>& experts,
                                     const double* white, Scratch& scratch, double* value) {
  const std::int64_t size = source.factor.rows();
  const auto count = static_cast<std::int64_t>(experts.size());
  double* x = scratch.x.data();
  double* log_density = scratch.log_density.data();
  double* mean = scratch.mean.data();
  for (std::int64_t i = 0; i < size; ++i) {
    store(inner_product(source.factor.row(i), white, i + 1), x, i);
  }
  Lanes top = all(-std::numeric_limits<double>::infinity());
  for (std::int64_t c = 0; c < count; ++c) {
    // log(weight * density), but for a constant that all parts share.
    const Expert& expert = experts[static_cast<std::size_t>(c)];
    Lanes square = {};
    for (std::int64_t i = 0; i < size; ++i) {
      const Lanes whitened = inner_product(expert.inverse.row(i), x, i + 1);
      square += whitened * whitened;
    }
    const Lanes likely = expert.log_scale - 0.5 * square;
    top = top < likely ? likely : top;
    store(likely, log_density, c);
    store(inner_product(expert.coefficients.data(), x, size), mean, c);
  }
  Lanes total = {};
  Lanes first = {};
  Lanes second = {};
  for (std::int64_t c = 0; c < count; ++c) {
    const Lanes nothing = all(-40.0);  // below rounding error beside the largest
    const Lanes behind = load(log_density, c) - top;
    const Lanes likely = exponential(behind < nothing ? nothing : behind);
    const Lanes posterior = behind < nothing ? Lanes{} : likely;
    // Means are taken relative to one of them: less is lost when they hardly differ.
    const Lanes apart = load(mean, c) - load(mean, 0);
    total += posterior;
    first += posterior * apart;
    second += posterior * apart * apart;
  }
  const Lanes centre = first / total;
  const Lanes spread = second / total - centre * centre;
  store(load(value, 0) + source.weight * (spread > 0.0 ? spread : Lanes{}), value, 0);
}

/// white[lane][d] = normal of row `first` + d and that lane.
void fill_white(const RandomKey& key, std::int64_t first, std::int64_t lanes, double* white) {
  core::CounterBlock counters;
  core::RandomBlock bits;
  for (std::int64_t at = 0; at < lanes * kDraws; at += core::kBlockDraws) {
    const std::int64_t count = std::min(core::kBlockDraws, lanes * kDraws - at);
    for (std::int64_t i = 0; i < count; ++i) {
      counters.set(i, first + (at + i) % kDraws, (at + i) / kDraws);
    }
    core::philox(key.value(), counters, count, bits);
    core::normals(bits, count, white + at);
  }
}

/// Draws for each part: enough for a bound of about a per cent in ten dimensions, fewer where a
/// draw costs more.
std::int64_t draw_count(const std::vector<Expert>& experts) {
  constexpr double kOperations = 3e7;
  constexpr double kFewest = 500.0;
  constexpr double kMost = 20000.0;
  const auto size = static_cast<double>(experts.front().coefficients.size());
  const auto count = static_cast<double>(experts.size());
  return static_cast<std::int64_t>(
      std::clamp(kOperations / (count * count * size * size), kFewest, kMost));
}

}  // namespace

Ceiling mixture_bayes_error(const std::vector<GaussianPart>& parts, const RandomKey& key) {
  std::vector<Expert> experts;
  for (const GaussianPart& part : parts) {
    if (part.weight > 0.0) experts.emplace_back(part);
  }
  double within = 0.0;
  for (const Expert& expert : experts) within += expert.weight * expert.variance;
  if (experts.size() == 1) return {within, Exactness::closed_form, 0.0};

  const auto size = static_cast<std::int64_t>(experts.front().coefficients.size());
  const std::int64_t draws = draw_count(experts);
  std::vector<double> white(static_cast<std::size_t>(size * kDraws));
  const std::size_t each = experts.size() * static_cast<std::size_t>(kDraws);
  Scratch scratch{std::vector<double>(white.size()), std::vector<double>(each),
                  std::vector<double>(each)};
  double mean = 0.0;
  double square = 0.0;
  for (std::int64_t first = 0; first < draws; first += kDraws) {
    fill_white(key, first, size, white.data());
    // The same noise goes through every part, so one draw gives one term of the average.
    double value[kDraws] = {};
    for (const Expert& expert : experts) {
      add_disagreement(expert, experts, white.data(), scratch, value);
    }
    for (std::int64_t d = 0; d < std::min(kDraws, draws - first); ++d) {
      // Welford's update.
      const double before = value[d] - mean;
      mean += before / static_cast<double>(first + d + 1);
      square += before * (value[d] - mean);
    }
  }
  const auto count = static_cast<double>(draws);
  const double standard_error = std::sqrt(square / (count - 1.0) / count);
  return {within + mean, Exactness::empirical, 5.0 * standard_error};
}

}  // namespace spurion::environments
