#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/suite/trial_id.hpp"
#include "spurion/export.hpp"
#include "spurion/provenance.hpp"

namespace spurion::harness {

/// How the names of plans end, and the plan of a whole suite in the folder of its results.
inline constexpr const char* kPlanSuffix = ".plan";
inline constexpr const char* kPlanFile = "suite.plan";

/// Trials that can train together.
struct PlannedPack {
  std::uint32_t trials = 0;   ///< how many; `TrialPlan::trials` has them pack after pack
  double flops = 0.0;         ///< expected, of all of them
  double memory_bytes = 0.0;  ///< expected peak
};

/// A trial of a plan.
struct PlannedTrial {
  std::uint32_t place = 0;  ///< among all trials of the suite, in the order of its grids
  TrialId id;
};

/// What `spurion plan` writes and runs, shards and submissions read: the trials of a suite, what
/// they are expected to cost, and what they are to be made with.
struct TrialPlan {
  std::string suite_name;
  std::string suite_text;                      ///< the suite as TOML
  std::string version;                         ///< of the spurion that made the plan
  std::string code;                            ///< identity of its build, as `Provenance::code`
  std::vector<CodeFile> plugins;               ///< their files, as absolute paths, with hashes
  std::map<std::string, std::string> data;     ///< hashes of recorded rows, by their names
  std::map<std::string, std::string> context;  ///< facts of the run, as stores keep them
  std::int64_t distinct = 0;                   ///< trials of the whole suite, each once
  std::vector<PlannedPack> packs;              ///< the most expensive first
  std::vector<PlannedTrial> trials;            ///< each once
  /// The same trials once more, where several experiments have them.
  std::vector<PlannedTrial> shared;
};

/// Whether a path has the name of a plan.
SPURION_API bool is_plan(const std::filesystem::path& file);

/// Writes a plan with a hash over all of it: all of the file or none. Throws `StoreError`.
SPURION_API void write_plan(const TrialPlan& plan, const std::filesystem::path& file);

/// Throws `UsageError` where the file is missing or no plan, `StoreError` where it is damaged.
SPURION_API TrialPlan read_plan(const std::filesystem::path& file);

/// What is left of a plan without the trials for which `done` is true. The cost of a pack shrinks
/// with its trials; its expected memory stays, which is at most too much.
template <class Done>
TrialPlan left_of(const TrialPlan& plan, const Done& done) {
  TrialPlan left = plan;
  left.packs.clear();
  left.trials.clear();
  left.shared.clear();
  std::size_t at = 0;
  for (const PlannedPack& pack : plan.packs) {
    PlannedPack rest = pack;
    rest.trials = 0;
    for (std::uint32_t i = 0; i < pack.trials; ++i, ++at) {
      if (done(plan.trials[at].id)) continue;
      left.trials.push_back(plan.trials[at]);
      ++rest.trials;
    }
    if (rest.trials == 0) continue;
    rest.flops *= static_cast<double>(rest.trials) / static_cast<double>(pack.trials);
    left.packs.push_back(rest);
  }
  for (const PlannedTrial& trial : plan.shared) {
    if (!done(trial.id)) left.shared.push_back(trial);
  }
  return left;
}

}  // namespace spurion::harness
