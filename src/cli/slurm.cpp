#include "cli/slurm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "cli/text.hpp"

namespace spurion::cli {

std::string slurm_script(const SlurmJob& job) {
  std::string text = fmt::format(
      "#!/bin/bash\n"
      "#SBATCH --job-name={}\n"
      "#SBATCH --output={}\n"
      "#SBATCH --open-mode=append\n"
      "#SBATCH --ntasks=1\n"
      "#SBATCH --cpus-per-task={}\n"
      "#SBATCH --requeue\n"
      "#SBATCH --signal=B:USR1@120\n",
      job.name, (job.logs / "%x_%A_%a.log").string(), job.cores);
  for (const std::string& option : job.options) text += fmt::format("#SBATCH {}\n", option);
  std::vector<std::string> words = {job.program.string(), "run", job.plan.string()};
  words.insert(words.end(), job.run_options.begin(), job.run_options.end());
  text += fmt::format(
      "# Made by 'spurion submit'. $1: shards before the first of this array.\n"
      "shard=$(( ${{1:-0}} + SLURM_ARRAY_TASK_ID + 1 ))\n"
      "{} --shard \"$shard/{}\" --jobs {} --quiet &\n"
      "run=$!\n"
      "# Told to stop: spurion saves its place and ends with 130.\n"
      "trap 'kill -USR1 \"$run\" 2>/dev/null' USR1 TERM\n"
      "wait \"$run\"\n"
      "code=$?\n"
      "while kill -0 \"$run\" 2>/dev/null; do\n"
      "  wait \"$run\"\n"
      "  code=$?\n"
      "done\n"
      "# 138 and 143: a signal ended the waiting while spurion ended.\n"
      "case $code in\n"
      "  130 | 138 | 143) scontrol requeue \"$SLURM_JOB_ID\" ;;\n"
      "esac\n"
      "exit \"$code\"\n",
      shell_line(words), job.tasks, job.cores);
  return text;
}

std::vector<std::vector<std::string>> slurm_arrays(const SlurmJob& job,
                                                   const std::filesystem::path& script) {
  std::vector<std::vector<std::string>> arrays;
  const std::int64_t most = std::max<std::int64_t>(job.max_array, 1);
  for (std::int64_t first = 0; first < job.tasks; first += most) {
    std::string range = fmt::format("--array=0-{}", std::min(most, job.tasks - first) - 1);
    if (job.max_parallel > 0) range += fmt::format("%{}", job.max_parallel);
    std::vector<std::string> words = {"--parsable", range};
    if (job.max_parallel > 0 && first > 0) words.emplace_back(kEarlierArray);
    words.push_back(script.string());
    words.push_back(fmt::format("{}", first));
    arrays.push_back(std::move(words));
  }
  return arrays;
}

std::int64_t max_array_size(const std::string& config) {
  constexpr std::int64_t kDefault = 1001;
  const std::string key = "MaxArraySize";
  const auto at = config.find(key);
  if (at == std::string::npos) return kDefault;
  const auto digits = config.find_first_of("0123456789", at + key.size());
  if (digits == std::string::npos) return kDefault;
  std::int64_t size = 0;
  std::from_chars(config.data() + digits, config.data() + config.size(), size);
  return size > 0 ? size : kDefault;
}

}  // namespace spurion::cli
