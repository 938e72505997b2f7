#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>

#include "catch.hpp"
#include "unit/analysis/planted.hpp"

/// \file
/// Planted gaps along a scale, and what a question of kind scaling_law says of them.

namespace spurion::tests::scaling_law {

using Curve = std::function<double(double)>;

/// Widths over 2.1 decades.
constexpr std::int64_t kWidths[] = {4, 8, 16, 32, 64, 128, 256, 512};

/// Noise of a seed at a scale: as good as independent.
inline double noise_of(std::int64_t seed, std::int64_t width, double size) {
  const double angle = 12.9898 * static_cast<double>(seed + 1) + 78.233 * std::log2(width);
  return size * std::sin(43758.5453 * std::sin(angle));
}

struct Planted {
  std::string method = "erm";
  std::string environment = "world";
  Curve gap = [](double) { return 0.0; };
  Curve shortfall = [](double width) { return 0.1 / width; };
  double size = 0.004;
};

/// A line of trials; the Bayes ceiling in distribution is .9.
inline void plant(PlantedTrials& trials, const Planted& line) {
  for (std::int64_t seed = 0; seed < 6; ++seed) {
    for (const std::int64_t width : kWidths) {
      const auto scale = static_cast<double>(width);
      const double id = 0.9 - line.shortfall(scale) + noise_of(seed + 50, width, 0.001);
      const double gap = line.gap(scale) + noise_of(seed, width, line.size);
      TrialResult& trial = trials.add(line.method, seed, id, id - gap);
      trial.measurements.push_back({0, 0, "in_distribution", 0.0, "ceiling_bayes", 0.9});
      trial.spec.environment.name = line.environment;
      trial.spec.model.options = Value::Table{{"width", width}};
      trial.spec.training = Value::Table{{"rows", 1000}, {"steps", 500}, {"batch", 100}};
      trial.cost.flops = 1e6 * scale;
      trial.cost.steps = 9;
    }
  }
}

inline PlantedTrials planted(const Curve& gap) {
  PlantedTrials trials;
  Planted line;
  line.gap = gap;
  plant(trials, line);
  return trials;
}

inline const std::string kAsk =
    "kind = \"scaling_law\"\naxis = \"model.width\"\nresamples = 100\nplanted = 0\n";

/// The table with this part in its name.
inline const analysis::Table& table_of(const analysis::Answer& answer, const std::string& part) {
  for (const analysis::Table& table : answer.tables) {
    if (table.name.find(part) != std::string::npos) return table;
  }
  FAIL("no table " << part);
  return answer.tables.front();
}

inline std::string verdict_of(const analysis::Answer& answer, const std::string& method = "erm") {
  return planted_cell(table_of(answer, "_verdicts"), method, "verdict");
}

inline double closing(double width) { return 1.2 / width; }
inline double plateau(double width) { return 0.1 + 1.2 / width; }

}  // namespace spurion::tests::scaling_law
