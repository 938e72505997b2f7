#include "analysis/questions/authenticity/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "analysis/fits/seed_modes.hpp"

namespace spurion::analysis::questions::authenticity {

namespace {

constexpr std::size_t kMostBins = 10;
constexpr std::size_t kLeastInBin = 5;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// Slope, intercept, bias and error of some of the models.
std::vector<double> line_numbers(const ProbedModels& models,
                                 const std::vector<std::size_t>& items) {
  const auto count = static_cast<double>(items.size());
  double x = 0.0;
  double y = 0.0;
  double squares = 0.0;
  for (const std::size_t i : items) {
    x += models.probe[i] / count;
    y += models.truth[i] / count;
    const double off = models.probe[i] - models.truth[i];
    squares += off * off / count;
  }
  double both = 0.0;
  double spread = 0.0;
  double largest = 0.0;
  for (const std::size_t i : items) {
    both += (models.probe[i] - x) * (models.truth[i] - y);
    spread += (models.probe[i] - x) * (models.probe[i] - x);
    largest = std::max(largest, std::abs(models.probe[i]));
  }
  // A spread of rounding errors tells of no line.
  const bool varies = spread > count * kRounding * largest * largest;
  const double slope = varies ? both / spread : kUnknown;
  return {slope, y - slope * x, x - y, std::sqrt(squares)};
}

ProbeMistakes mistakes(const ProbedModels& models, const std::vector<bool>& said,
                       const std::vector<bool>& wrong) {
  ProbeMistakes out;
  std::vector<std::size_t> saying;
  std::vector<std::int64_t> seeds;
  for (std::size_t i = 0; i < said.size(); ++i) {
    if (!said[i]) continue;
    ++out.said;
    if (wrong[i]) ++out.wrong;
    saying.push_back(i);
    seeds.push_back(models.seeds[i]);
  }
  if (out.said == 0) return out;
  constexpr double kCoverage = 0.95;
  out.share = fits::share_of(out.wrong, out.said, kCoverage);
  const Jackknifed over_seeds =
      jackknife_over_seeds(seeds, [&](const std::vector<std::size_t>& items) {
        double sum = 0.0;
        for (const std::size_t item : items) sum += wrong[saying[item]] ? 1.0 : 0.0;
        return std::vector<double>{sum / static_cast<double>(items.size())};
      });
  out.share.seeds = over_seeds.seeds;
  if (over_seeds.seeds == out.said) return out;
  const Estimate clustered = over_seeds.estimate(0, kRate);
  if (clustered.count == 0) return out;
  out.share.low = std::min(out.share.low, clustered.low);
  out.share.high = std::max(out.share.high, clustered.high);
  return out;
}

}  // namespace

Calibration calibration_of(const ProbedModels& models) {
  Calibration out;
  if (models.probe.empty()) return out;
  const Jackknifed numbers = jackknife_over_seeds(
      models.seeds,
      [&](const std::vector<std::size_t>& items) { return line_numbers(models, items); });
  out.slope = numbers.estimate(0);
  out.intercept = numbers.estimate(1);
  out.bias = numbers.estimate(2, range_of_difference(models.probe_range, models.truth_range));
  out.error = numbers.estimate(3, {0.0, std::numeric_limits<double>::infinity()});
  return out;
}

std::vector<CalibrationBin> calibration_bins(const ProbedModels& models) {
  std::vector<CalibrationBin> bins;
  const std::size_t count = models.probe.size();
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return models.probe[a] < models.probe[b]; });
  const std::size_t wanted = std::clamp<std::size_t>(count / kLeastInBin, 1, kMostBins);
  const std::size_t size = (count + wanted - 1) / wanted;
  std::size_t begin = 0;
  while (begin < count) {
    std::size_t end = std::min(count, begin + size);
    while (end < count && models.probe[order[end]] == models.probe[order[end - 1]]) ++end;
    if (count - end < kLeastInBin) end = count;
    CalibrationBin bin;
    std::vector<std::int64_t> seeds;
    for (std::size_t i = begin; i < end; ++i) {
      bin.probe += models.probe[order[i]] / static_cast<double>(end - begin);
      seeds.push_back(models.seeds[order[i]]);
    }
    const Jackknifed truth =
        jackknife_over_seeds(seeds, [&, first = begin](const std::vector<std::size_t>& items) {
          double sum = 0.0;
          for (const std::size_t item : items) sum += models.truth[order[first + item]];
          return std::vector<double>{sum / static_cast<double>(items.size())};
        });
    bin.truth = truth.estimate(0, models.truth_range);
    bin.models = static_cast<std::int64_t>(end - begin);
    bins.push_back(bin);
    begin = end;
  }
  return bins;
}

ProbeMistakes false_reassurance(const ProbedModels& models, const CleanLimits& limits) {
  std::vector<bool> said;
  std::vector<bool> wrong;
  for (std::size_t i = 0; i < models.probe.size(); ++i) {
    said.push_back(models.probe[i] < limits.clean_below);
    wrong.push_back(models.truth[i] > limits.confused_above);
  }
  return mistakes(models, said, wrong);
}

ProbeMistakes false_alarm(const ProbedModels& models, const CleanLimits& limits) {
  std::vector<bool> said;
  std::vector<bool> wrong;
  for (std::size_t i = 0; i < models.probe.size(); ++i) {
    said.push_back(models.probe[i] > limits.confused_above);
    wrong.push_back(models.truth[i] < limits.clean_below);
  }
  return mistakes(models, said, wrong);
}

}  // namespace spurion::analysis::questions::authenticity
