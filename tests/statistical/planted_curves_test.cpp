// The scaling verdict on planted curves, a small version of benchmarks/scaling/planted_curves: few
// repeats, so the bounds are those that 19 of 20 right verdicts pass in 999 of 1000 cases.
#include "../benchmarks/scaling/planted_lines.hpp"
#include "catch.hpp"

namespace spurion::planted {

TEST_CASE("scaling verdicts on planted curves are right, and their intervals cover") {
  constexpr std::int64_t kRepeats = 10;
  std::int64_t lines = 0;
  std::int64_t right = 0;
  std::int64_t wrong = 0;
  std::int64_t intervals = 0;
  std::int64_t covered = 0;
  for (const PlantedLine& line : planted_lines()) {
    const PlantedScore got = score(line, kRepeats);
    INFO(line.name);
    CHECK(got.right >= 6);
    CHECK(got.wrong <= 3);
    lines += kRepeats;
    right += got.right;
    wrong += got.wrong;
    if (line.has_g_inf) {
      intervals += kRepeats;
      covered += got.covered;
    }
  }
  const auto share = [](std::int64_t part, std::int64_t all) {
    return static_cast<double>(part) / static_cast<double>(all);
  };
  CHECK(share(right, lines) >= 0.92);
  CHECK(share(wrong, lines) <= 0.05);
  CHECK(share(covered, intervals) >= 0.85);
}

}  // namespace spurion::planted
