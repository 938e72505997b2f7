// Time and memory of a report by the number of trials and experiments, over stores made up for it:
//   report_scale FOLDER TRIALS EXPERIMENTS
// makes the store (no training) unless FOLDER has one, then writes its report in a process of its
// own, whose peak memory it tells.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "spurion/report.hpp"
#include "spurion/store.hpp"

namespace {

using namespace spurion;

constexpr std::int64_t kSeeds = 20;
constexpr const char* kMethods[] = {"erm", "irm_v1", "v_rex", "group_dro"};
constexpr std::int64_t kBatch = 1000;

/// As many options as the trials of a usual suite have.
Value options(const char* stem, int count, std::int64_t first) {
  Value::Table table;
  for (int i = 0; i < count; ++i) {
    table.emplace(fmt::format("{}_{}", stem, i), i == 0 ? Value(first) : Value(0.25 * i));
  }
  return table;
}

/// Numbered within its experiment.
TrialResult trial(std::int64_t experiment, std::int64_t number) {
  const std::int64_t seed = number % kSeeds;
  const std::int64_t method = number / kSeeds % 4;
  const std::int64_t setting = number / kSeeds / 4;
  TrialResult result;
  TrialSpec& spec = result.spec;
  spec.environment = {"made_up_world", options("shift", 10, experiment)};
  spec.model = {"mlp", options("width", 5, 8 << (setting % 5))};
  spec.method = {kMethods[method], options("weight", 5, 1)};
  spec.regime = {"offline", options("share", 3, 1)};
  spec.optimizer = options("rate", 6, 1);
  spec.training = options("rows", 3, 100 * (1 + setting / 5));
  spec.evaluation = options("measured", 3, 1000);
  spec.seed = seed;
  const double score = 0.5 + 0.4 * std::abs(std::sin(static_cast<double>(number) + 0.1));
  const auto add = [&](const std::string& domain, double shift, const char* metric, double value) {
    result.measurements.push_back({0, 1000, domain, shift, metric, value});
  };
  for (const char* domain : {"train_0", "train_1", "in_distribution", "test"}) {
    for (const char* metric : {"accuracy", "loss", "flip_rate", "worst_group_accuracy", "ece",
                               "ceiling_bayes", "ceiling_invariant"}) {
      add(domain, 0.1, metric, score / 1.1);
    }
  }
  add("test", 0.9, "gap", 0.9 - score);
  for (int i = 0; i <= 20; ++i) {
    const std::string domain = fmt::format("dial={}", 0.05 * i);
    for (const char* metric : {"accuracy", "loss", "ceiling_bayes"}) {
      add(domain, 0.05 * i, metric, score * (1.0 - 0.01 * i));
    }
  }
  result.cost = {1e9, 1000, 64000, 64000, 0.123456789, 32};
  return result;
}

void make_store(const std::filesystem::path& folder, std::int64_t trials,
                std::int64_t experiments) {
  Store store(folder);
  std::string suite = "name = \"made_up\"\n";
  Memberships memberships;
  std::vector<TrialResult> batch;
  for (std::int64_t e = 0; e < experiments; ++e) {
    const std::string name = fmt::format("experiment_{}", e);
    suite += fmt::format("[[experiment]]\nname = \"{}\"\n", name);
    const std::int64_t own = trials / experiments + (e < trials % experiments ? 1 : 0);
    for (std::int64_t i = 0; i < own; ++i) {
      batch.push_back(trial(e, i));
      memberships.emplace_back(batch.back().spec.id(), name);
      if (static_cast<std::int64_t>(batch.size()) < kBatch) continue;
      store.append(batch);
      batch.clear();
    }
  }
  store.append(batch);
  store.set_suite("made_up", memberships, {{"suite", suite}, {"suite_name", "made_up"}});
}

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
  if (argc != 4) {
    fmt::print(stderr, "usage: report_scale FOLDER TRIALS EXPERIMENTS\n");
    return 2;
  }
  try {
    const std::filesystem::path folder = argv[1];
    const std::int64_t trials = std::max<std::int64_t>(1, std::atoll(argv[2]));
    const std::int64_t experiments = std::clamp<std::int64_t>(std::atoll(argv[3]), 1, trials);
    if (!std::filesystem::exists(folder / "store.sqlite")) {
      const pid_t maker = fork();
      if (maker == 0) {
        make_store(folder, trials, experiments);
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
