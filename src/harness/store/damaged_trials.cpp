#include "harness/store/damaged_trials.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace spurion::harness {

namespace {

/// Most ids of damaged trials that a sentence lists.
constexpr std::size_t kListedTrials = 5;

}  // namespace

void name_experiments(std::vector<DamagedTrial>& trials, LostExperiments experiments) {
  for (DamagedTrial& trial : trials) {
    const auto own = experiments.find(trial.number);
    if (own == experiments.end()) continue;
    trial.experiments.assign(own->second.begin(), own->second.end());
    experiments.erase(own);
  }
  for (const auto& [number, names] : experiments) {
    trials.push_back({number, "", true, {names.begin(), names.end()}});
  }
  std::sort(trials.begin(), trials.end(),
            [](const DamagedTrial& a, const DamagedTrial& b) { return a.number < b.number; });
}

std::vector<std::string> trial_damage(const std::vector<DamagedTrial>& trials, const Tally& whole,
                                      const Tally* expected) {
  std::vector<std::string> sentences;
  std::vector<std::string> listed;
  std::int64_t damaged = 0;
  for (const DamagedTrial& trial : trials) {
    if (trial.missing || static_cast<std::size_t>(++damaged) > kListedTrials) continue;
    listed.push_back(trial.id.empty() ? fmt::format("number {}", trial.number) : trial.id);
  }
  if (damaged == 1) {
    sentences.push_back(fmt::format("trial {} is damaged", listed.front()));
  } else if (damaged > 1) {
    if (static_cast<std::size_t>(damaged) > kListedTrials) listed.emplace_back("...");
    sentences.push_back(
        fmt::format("{} trials are damaged ({})", damaged, fmt::join(listed, ", ")));
  }
  if (expected == nullptr) return sentences;
  const std::int64_t lost = expected->rows - whole.rows - damaged;
  if (lost > 0) {
    sentences.push_back(lost == 1 ? "a trial is missing"
                                  : fmt::format("{} trials are missing", lost));
  } else if (lost < 0 || (damaged == 0 && *expected != whole)) {
    sentences.emplace_back("it holds trials that no run has written");
  }
  return sentences;
}

}  // namespace spurion::harness
