#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace spurion::cli {

/// Tasks of Slurm that run the shards of a plan.
struct SlurmJob {
  std::string name;                  ///< of the job
  std::filesystem::path program;     ///< spurion
  std::filesystem::path plan;        ///< absolute
  std::filesystem::path logs;        ///< folder of a log file a task
  std::int64_t tasks = 1;            ///< shards
  std::int64_t cores = 1;            ///< of a task
  std::int64_t max_parallel = 0;     ///< tasks that run at once; 0: as many as there is room for
  std::int64_t max_array = 1001;     ///< most tasks of an array: MaxArraySize of the cluster
  std::vector<std::string> options;  ///< further options of sbatch: "--partition=short"
  std::vector<std::string> run_options;  ///< further options of `spurion run`
};

/// The script of a task. Slurm tells it 120 seconds before its time is over (USR1), or when the
/// node is needed (TERM): it has spurion save its place, and asks to be queued again. The number of
/// shards before the first of its array is its first argument.
std::string slurm_script(const SlurmJob& job);

/// What is put after the name of sbatch to submit the script, for each array of tasks. Where only
/// so many tasks may run at once, each array but the first waits for the one before it: the number
/// of that is to be put after `kEarlierArray`.
std::vector<std::vector<std::string>> slurm_arrays(const SlurmJob& job,
                                                   const std::filesystem::path& script);
inline constexpr const char* kEarlierArray = "--dependency=afterany:";

/// MaxArraySize in what `scontrol show config` prints; 1001, Slurm's default, where it has none.
std::int64_t max_array_size(const std::string& config);

}  // namespace spurion::cli
