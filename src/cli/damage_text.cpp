#include "cli/damage_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstddef>

#include "cli/text.hpp"

namespace spurion::cli {

namespace {

/// Most damaged trials that are listed, each in a line.
constexpr std::size_t kListedTrials = 1000;

std::string trial_text(const harness::DamagedTrial& trial) {
  std::string text = trial.id.empty() ? fmt::format("trial number {}", trial.number)
                                      : fmt::format("trial {}", trial.id);
  if (!trial.experiments.empty()) {
    text += fmt::format(" of experiment{} '{}'", trial.experiments.size() == 1 ? "" : "s",
                        fmt::join(trial.experiments, "', '"));
  }
  return text + (trial.missing ? " is missing" : " is damaged");
}

}  // namespace

std::string damage_text(const harness::CheckedStore& store) {
  if (!store.problem.empty()) return store.problem + '\n';
  const std::string file = store.file.string();
  if (store.is_whole()) return fmt::format("{}: {}, whole\n", file, count(store.trials, "trial"));
  std::string text = fmt::format("{}: damaged; {} {} whole\n", file, count(store.trials, "trial"),
                                 store.trials == 1 ? "is" : "are");
  for (const std::string& sentence : store.damage) text += fmt::format("  {}\n", sentence);
  std::size_t listed = 0;
  for (const harness::DamagedTrial& trial : store.damaged_trials) {
    if (++listed > kListedTrials) {
      text += fmt::format("    and {} more\n", store.damaged_trials.size() - kListedTrials);
      break;
    }
    text += fmt::format("    {}\n", trial_text(trial));
  }
  if (store.makers_lost > 0) {
    text += fmt::format("  the record of what made {} is damaged; their numbers are not\n",
                        count(store.makers_lost, "trial"));
  }
  return text;
}

}  // namespace spurion::cli
