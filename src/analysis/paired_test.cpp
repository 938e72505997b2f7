#include "analysis/paired_test.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/normal_distribution.hpp"
#include "analysis/seed_table.hpp"
#include "spurion/analysis/results_view.hpp"

namespace spurion::analysis {

std::string PairedTest::text() const {
  return fmt::format("paired t test {}, sign-flip test {}", show_p(student), show_p(flips));
}

std::string few_seeds_text(const std::vector<PairedTest>& tests) {
  std::int64_t fewest = 0;
  std::int64_t most = 0;
  std::size_t compared = 0;  // one seed is compared by no test
  std::size_t few = 0;
  double least = 1.0;
  for (const PairedTest& test : tests) {
    if (test.seeds < 2) continue;
    ++compared;
    if (!test.flips_cannot_show()) continue;
    fewest = few == 0 ? test.seeds : std::min(fewest, test.seeds);
    most = std::max(most, test.seeds);
    least = std::min(least, test.least);
    ++few;
  }
  if (few == 0) return {};
  const std::string where =
      few == compared ? std::string() : fmt::format("In {} of {} comparisons ", few, compared);
  const std::string seeds =
      fewest == most ? fmt::format("{}", most) : fmt::format("{} to {}", fewest, most);
  return fmt::format(
      "{}{} seeds are too few for the sign-flip test (its p is at least {}), so the paired t test "
      "alone decides. ",
      where, seeds, show(least, least < 0.1 ? 4 : 3));
}

Shown PairedTest::shown(const Estimate& difference) const {
  if (!shown()) return Shown::no;
  return difference.low > 0.0 ? Shown::above : difference.high < 0.0 ? Shown::below : Shown::no;
}

double PairedTest::detectable() const {
  constexpr double kPower = 0.8;
  const double place = 1.0 - 0.5 * level / static_cast<double>(comparisons);
  double least_shown = 0.0;
  if (error > 0.0) {
    least_shown = (student_quantile(place, freedom) + student_quantile(kPower, freedom)) * error;
  }
  const double of_rows = (probit(place) + probit(kPower)) * noise;
  return std::max(least_shown, of_rows);
}

std::string PairedTest::not_shown_text(const Estimate& difference) const {
  const bool apart = difference.low > 0.0 || difference.high < 0.0;
  std::string out;
  if (student > level && student <= kTestLevel) {
    out = fmt::format(
        "; at this look of a run that may stop early only p of at most {} shows a difference",
        fmt::format("{:.2g}", level));
  } else if (student > level) {
    if (apart && !(error > 0.0 || noise > 0.0)) {
      return "; every seed gave the same difference, so nothing tells how it varies";
    }
    if (apart && comparisons > 1) {
      out = fmt::format(
          "; the interval is of this difference alone, the p values are adjusted for {} "
          "comparisons",
          comparisons);
    } else if (apart) {
      out = "; the bootstrap interval excludes 0, the t test does not";
    }
  } else if (!shown()) {
    out = "; only one of the two tests shows it";
  } else {
    out = "; the interval includes 0";
  }
  if (const double least_shown = detectable(); least_shown > 0.0) {
    out += fmt::format("; {} seeds like these show a difference of {} in 4 of 5 cases", seeds,
                       show(least_shown));
  }
  return out;
}

int digits_of_p(double p, int digits) {
  if (!(p > kTestLevel)) return digits;
  constexpr int kMost = 12;
  for (double scale = std::pow(10.0, digits);
       digits < kMost && std::round(p * scale) <= kTestLevel * scale; ++digits) {
    scale *= 10.0;
  }
  return digits;
}

namespace {

/// What a table says of how seeds vary, and its rows of their noise.
void add_spread(const SeedTable& table, const SeedCells& differences, PairedTest& test) {
  const MeanError mean = error_of_mean(table);
  test.error = mean.error;
  test.freedom = mean.freedom;
  if (table.seeds() > 1) test.noise_parts = differences.noise_parts();
  test.noise = std::hypot(test.noise_parts.own, test.noise_parts.shared);
}

}  // namespace

PairedTest untested(const SeedCells& differences) {
  PairedTest test;
  const SeedTable table(differences.configurations());
  test.seeds = static_cast<std::int64_t>(table.seeds());
  add_spread(table, differences, test);
  return test;
}

PairedTest paired_test(const SeedCells& differences, const std::string& key, double offset) {
  std::vector<double> means = differences.seed_means();
  for (double& one : means) one -= offset;
  std::vector<BySeed> configurations = differences.configurations();
  for (BySeed& values : configurations) {
    for (auto& [seed, value] : values) value -= offset;
  }
  PairedTest test;
  test.seeds = static_cast<std::int64_t>(means.size());
  const SeedTable table(configurations);
  add_spread(table, differences, test);
  test.student = student_p(table, test.noise);
  test.flips = sign_flip_p(means, key);
  test.least = least_sign_flip_p(means.size());
  return test;
}

void adjust(std::vector<PairedTest>& tests, double level) {
  std::vector<double> student;
  std::vector<double> flips;
  for (const PairedTest& test : tests) {
    student.push_back(test.student);
    flips.push_back(test.flips);
  }
  std::vector<double> least;  // what flips could be, all others as they are
  for (std::size_t i = 0; i < tests.size(); ++i) {
    std::vector<double> could = flips;
    could[i] = tests[i].least;
    least.push_back(holm(could)[i]);
  }
  student = holm(student);
  flips = holm(flips);
  for (std::size_t i = 0; i < tests.size(); ++i) {
    tests[i].student = student[i];
    tests[i].flips = flips[i];
    tests[i].least = least[i];
    tests[i].comparisons = static_cast<std::int64_t>(tests.size());
    tests[i].level = level;
  }
}

}  // namespace spurion::analysis
