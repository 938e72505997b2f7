#include "analysis/paired_test.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "spurion/analysis/results_view.hpp"

namespace spurion::analysis {

std::string PairedTest::text() const {
  std::string out = fmt::format("paired t test {}, sign flips {}", show_p(student), show_p(flips));
  if (flips_cannot_show()) {
    out += fmt::format(", which {} cannot bring below {}",
                       seeds == 1 ? std::string("one seed") : fmt::format("{} seeds", seeds),
                       show(least, least < 0.1 ? 4 : 3));
  }
  return out;
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
  test.student = student_p(configurations, differences.noise());
  test.flips = sign_flip_p(means, key);
  test.least =
      std::min(1.0, std::ldexp(2.0, -static_cast<int>(std::min<std::size_t>(means.size(), 60))));
  return test;
}

void adjust(std::vector<PairedTest>& tests) {
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
  }
}

}  // namespace spurion::analysis
