#include "analysis/questions/goodhart/equal_gain.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/paired_test.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis::questions::goodhart {

namespace {

constexpr double kNotReached = std::numeric_limits<double>::quiet_NaN();
constexpr double kLevels[] = {0.2, 0.4, 0.6, 0.8};
/// Of each level: overstated and ID change of the filter, the same of the other.
constexpr std::size_t kPerLevel = 4;

/// Readings of a line in one set of its numbers, which begin at `offset`.
struct LineNumbers {
  const PressureLine& line;
  const std::vector<double>& of;
  std::size_t offset;

  [[nodiscard]] double value(std::size_t place, std::size_t reading) const {
    return of[offset + line.at(place, reading)];
  }
  [[nodiscard]] double overstated(std::size_t place) const {
    return value(place, kProxy) - value(place, kTruth);
  }
  [[nodiscard]] double reach() const {
    double most = 0.0;
    for (std::size_t place = 0; place < line.judged; ++place) {
      most = std::max(most, value(place, kOod));
    }
    return most;
  }
  /// Overstated and ID change where the gain first reaches a level.
  void add_at(double level, std::vector<double>& out) const {
    double gain = 0.0;
    double overstated_before = 0.0;
    double id_before = 0.0;
    for (std::size_t place = 0; place < line.judged; ++place) {
      const double next = value(place, kOod);
      if (next >= level) {
        const double share = next > gain ? (level - gain) / (next - gain) : 1.0;
        out.push_back(overstated_before + share * (overstated(place) - overstated_before));
        out.push_back(id_before + share * (value(place, kId) - id_before));
        return;
      }
      gain = next;
      overstated_before = overstated(place);
      id_before = value(place, kId);
    }
    out.push_back(kNotReached);
    out.push_back(kNotReached);
  }
};

/// Both lines in one jackknife, so that seeds that they share are left out of both.
Jackknifed joint_numbers(const PressureLine& filter, const PressureLine& other) {
  std::vector<std::int64_t> seeds = filter.numbers.seeds;
  const std::size_t first = seeds.size();
  seeds.insert(seeds.end(), other.numbers.seeds.begin(), other.numbers.seeds.end());
  Jackknifed joint = jackknife_over_seeds(seeds, [&](const std::vector<std::size_t>& kept) {
    std::vector<std::size_t> own;
    std::vector<std::size_t> theirs;
    for (const std::size_t item : kept) {
      if (item < first) {
        own.push_back(item);
      } else {
        theirs.push_back(item - first);
      }
    }
    std::vector<double> all = filter.numbers.statistic(own);
    const std::vector<double> more = other.numbers.statistic(theirs);
    all.insert(all.end(), more.begin(), more.end());
    return all;
  });
  // No more is known than the line with fewer seeds tells.
  joint.seeds = std::min(filter.gains.seeds, other.gains.seeds);
  joint.freedom = std::min(filter.gains.freedom, other.gains.freedom);
  return joint;
}

GainComparison compared(const PressureLine& filter, const PressureLine& other) {
  GainComparison out;
  out.environment = filter.environment;
  out.other = other.name;
  const Jackknifed joint = joint_numbers(filter, other);
  const std::size_t offset = filter.gains.values.size();
  const Jackknifed reaches = joint.made([&](const std::vector<double>& of) {
    return std::vector<double>{LineNumbers{filter, of, 0}.reach(),
                               LineNumbers{other, of, offset}.reach()};
  });
  out.filter_reach = reaches.estimate(0);
  out.other_reach = reaches.estimate(1);
  for (const std::size_t reach : {0, 1}) {
    if (reaches.p_above(reach, 0.0) > kTestLevel) return out;
  }
  const double most = std::min(reaches.values[0], reaches.values[1]);
  const Jackknifed at_levels = joint.made([&](const std::vector<double>& of) {
    std::vector<double> numbers;
    for (const double share : kLevels) {
      LineNumbers{filter, of, 0}.add_at(share * most, numbers);
      LineNumbers{other, of, offset}.add_at(share * most, numbers);
    }
    return numbers;
  });
  const Jackknifed differences = at_levels.made([](const std::vector<double>& of) {
    std::vector<double> numbers;
    for (std::size_t i = 0; i < of.size(); i += kPerLevel) {
      numbers.push_back(of[i] - of[i + 2]);
      numbers.push_back(of[i + 1] - of[i + 3]);
    }
    return numbers;
  });
  for (std::size_t i = 0; i < std::size(kLevels); ++i) {
    GainLevel level;
    level.gain = kLevels[i] * most;
    level.filter_overstated = at_levels.estimate(kPerLevel * i);
    level.other_overstated = at_levels.estimate(kPerLevel * i + 2);
    level.difference = differences.estimate(2 * i);
    level.id_difference = differences.estimate(2 * i + 1);
    level.p = differences.p(2 * i, 0.0);
    out.levels.push_back(level);
  }
  return out;
}

}  // namespace

const char* equal_gain_name(EqualGain result) {
  switch (result) {
    case EqualGain::filter_better:
      return "filter beats it";
    case EqualGain::other_better:
      return "it beats the filter";
    case EqualGain::not_shown:
      return "neither is shown to be better";
  }
  throw LogicError("unknown result of a comparison");
}

std::vector<GainComparison> equal_gain_comparisons(const std::vector<PressureLine>& lines) {
  std::vector<GainComparison> all;
  for (const PressureLine& filter : lines) {
    if (filter.kind != PressureKind::filter || filter.judged == 0) continue;
    for (const PressureLine& other : lines) {
      const bool trained = other.kind == PressureKind::loss || other.kind == PressureKind::iterated;
      if (!trained || other.environment != filter.environment || other.judged == 0) continue;
      all.push_back(compared(filter, other));
    }
  }
  std::vector<double> p;
  for (const GainComparison& one : all) {
    for (const GainLevel& level : one.levels) p.push_back(level.p);
  }
  const std::vector<double> adjusted = holm(p);
  std::size_t next = 0;
  for (GainComparison& one : all) {
    for (GainLevel& level : one.levels) {
      level.adjusted_p = adjusted[next++];
      if (level.adjusted_p > kTestLevel || level.difference.count == 0) continue;
      level.result =
          level.difference.value < 0.0 ? EqualGain::filter_better : EqualGain::other_better;
    }
  }
  return all;
}

}  // namespace spurion::analysis::questions::goodhart
