// Time and memory of a report by the number of trials and experiments, over stores made up for it:
//   report_scale FOLDER TRIALS EXPERIMENTS [SEEDS]
// makes the store (no training) unless FOLDER has one, with so many seeds of each method (default:
// 20), then writes its report in a process of its
// own, whose peak memory it tells.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <filesystem>

#include "made_up_trials.hpp"
#include "spurion/report.hpp"
#include "spurion/store.hpp"

namespace {

using namespace spurion;

/// Processor time, so other processes hardly count.
double seconds_since(std::clock_t start) {
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

/// Of this process, so far.
double peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

/// Prints what it took; in a process of its own.
int write_and_measure(const std::filesystem::path& folder, std::int64_t trials,
                      std::int64_t experiments) {
  const double libraries = peak_bytes();
  const std::clock_t start = std::clock();
  const std::size_t read = read_results(folder).trials.size();
  const double reading = seconds_since(start);
  const std::clock_t again = std::clock();
  const ReportFiles files = write_report(folder);
  const double whole = seconds_since(again);
  const double peak = peak_bytes();
  double bytes = static_cast<double>(std::filesystem::file_size(files.html));
  const double html = bytes;
  for (const auto& file : files.csv) bytes += static_cast<double>(std::filesystem::file_size(file));
  fmt::print(
      "{} trials ({} stored), {} experiments: report {:.2f} s, of it reading {:.2f} s; peak {:.0f} "
      "MB, {:.2f} kB a trial beside {:.0f} MB of libraries; page {:.1f} MB, {} CSV files, {:.1f} "
      "MB "
      "with the page\n",
      trials, read, experiments, whole, reading, peak / 1e6,
      (peak - libraries) / 1e3 / static_cast<double>(trials), libraries / 1e6, html / 1e6,
      files.csv.size(), bytes / 1e6);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    fmt::print(stderr, "usage: report_scale FOLDER TRIALS EXPERIMENTS [SEEDS]\n");
    return 2;
  }
  try {
    const std::filesystem::path folder = argv[1];
    const std::int64_t trials = std::max<std::int64_t>(1, std::atoll(argv[2]));
    const std::int64_t experiments = std::clamp<std::int64_t>(std::atoll(argv[3]), 1, trials);
    const std::int64_t seeds =
        argc == 5 ? std::max<std::int64_t>(1, std::atoll(argv[4])) : speed::kUsualSeeds;
    if (!std::filesystem::exists(folder / "store.sqlite")) {
      const pid_t maker = fork();
      if (maker == 0) {
        speed::make_store(folder, trials, experiments, seeds);
        std::fflush(nullptr);
        _exit(0);
      }
      int status = 0;
      waitpid(maker, &status, 0);
      if (status != 0) return 1;
    }
    return write_and_measure(folder, trials, experiments);
  } catch (const std::exception& error) {
    fmt::print(stderr, "report_scale: {}\n", error.what());
    return 1;
  }
}
