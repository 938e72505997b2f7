// planted_curves [REPEATS] [PART OF A NAME] [SEEDS]: how often the scaling verdict is right, and
// how often the interval of g_inf covers, on curves that are known. Prints a Markdown table.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "planted_lines.hpp"

namespace {

using spurion::analysis::fits::scaling_outcome_name;
using spurion::analysis::fits::ScalingOutcome;
using spurion::planted::PlantedLine;
using spurion::planted::PlantedScore;

std::string percent(std::int64_t part, std::int64_t all) {
  return fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(all));
}

std::string names(const std::vector<ScalingOutcome>& outcomes) {
  std::string out;
  for (const ScalingOutcome one : outcomes) {
    if (!out.empty()) out += " or ";
    out += scaling_outcome_name(one);
  }
  return out;
}

std::string others(const PlantedLine& line, const PlantedScore& score) {
  std::string out;
  for (std::size_t i = 0; i < score.by_outcome.size(); ++i) {
    const auto outcome = static_cast<ScalingOutcome>(i);
    const bool only = line.right.size() == 1 && line.right.front() == outcome;
    if (score.by_outcome[i] == 0 || only) continue;
    if (!out.empty()) out += ", ";
    out += fmt::format("{} {}", scaling_outcome_name(outcome),
                       percent(score.by_outcome[i], score.repeats));
  }
  return out;
}

void print_row(const PlantedLine& line, const PlantedScore& score) {
  std::string coverage = "|  |  ";
  if (line.has_g_inf) {
    coverage = fmt::format("| {} | {:.4f} ", percent(score.covered, score.repeats),
                           score.widths[score.widths.size() / 2]);
  }
  fmt::print("| {} | {} | {} | {:.4f} | {} | {} | {} | {} | {} {}| {:.0f} |\n", line.name,
             line.formula, line.seeds, line.deviation(), line.margin, names(line.right),
             percent(score.right, score.repeats), percent(score.wrong, score.repeats),
             others(line, score), coverage,
             1000.0 * score.seconds / static_cast<double>(score.repeats));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t repeats = argc > 1 ? std::atoll(argv[1]) : 500;
  const std::string part = argc > 2 ? argv[2] : "";
  if (repeats < 1) {
    fmt::print(stderr, "usage: planted_curves [REPEATS] [PART OF A NAME] [SEEDS] [FACTOR]\n");
    return 2;
  }
  fmt::print(
      "| planted | gap at x | seeds | sd of a trial | margin | right verdict | right | wrong | "
      "other "
      "verdicts | g_inf covered | width of its interval | ms each |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  for (PlantedLine line : spurion::planted::planted_lines()) {
    if (line.name.find(part) == std::string::npos) continue;
    if (argc > 3) line.seeds = std::atoll(argv[3]);
    if (argc > 4) {
      const double factor = std::atof(argv[4]);
      line.noise.seed *= factor;
      line.noise.trial *= factor;
      line.noise.last *= factor;
      line.noise.rows /= factor * factor;
    }
    print_row(line, spurion::planted::score(line, repeats));
  }
  return 0;
}
