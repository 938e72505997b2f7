#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "cli/output.hpp"
#include "cli/text.hpp"
#include "cli/training/actions.hpp"
#include "cli/training/file_system.hpp"
#include "data/data_directory.hpp"
#include "harness/run/provenance_maker.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"
#include "spurion/suite.hpp"
#include "spurion/version.hpp"

namespace spurion::cli {

namespace {

/// One thing that was looked at.
struct Finding {
  std::string what;
  std::string state;  ///< "ok", "note" or "mend"
  std::string text;
};
using Findings = std::vector<Finding>;

void look_at_versions(const Catalog& catalog, Findings& out) {
  out.push_back({"spurion", "ok", build_description()});
  const Provenance made = harness::ProvenanceMaker(catalog, {}, c10::kCPU).of_build();
  const bool slow = made.libraries.find("libblas.so") != std::string::npos ||
                    made.libraries.find("no BLAS") != std::string::npos;
  out.push_back({"libraries", slow ? "mend" : "ok",
                 slow ? made.libraries +
                            ": LibTorch is many times slower with this BLAS; on Debian: apt-get "
                            "install libopenblas0-openmp"
                      : made.libraries});
  out.push_back({"kernels", "ok", made.processor});
  out.push_back({"code", "ok", made.code});
  for (const std::string& plugin : catalog.plugins()) out.push_back({"plug-in", "ok", plugin});
}

/// Cores that this process may use.
int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof(set), &set) == 0
             ? CPU_COUNT(&set)
             : static_cast<int>(std::thread::hardware_concurrency());
}

/// Cores' worth of time that the container may use; 0: no limit.
double container_cores() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  double quota = 0.0;
  double period = 0.0;
  return file >> quota >> period && period > 0.0 ? quota / period : 0.0;
}

void look_at_machine(Findings& out) {
  const int cores = usable_cores();
  const double limit = container_cores();
  const bool less = limit > 0.0 && limit < cores;
  out.push_back({"cores", less ? "note" : "ok",
                 less ? fmt::format("{} usable, but the container gives the time of {:.1f}: use "
                                    "--jobs {:.0f}",
                                    cores, limit, std::max(limit, 1.0))
                      : fmt::format("{} usable", cores)});
  const double memory = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
                        static_cast<double>(::sysconf(_SC_PAGE_SIZE));
  const double left = static_cast<double>(::sysconf(_SC_AVPHYS_PAGES)) *
                      static_cast<double>(::sysconf(_SC_PAGE_SIZE));
  out.push_back({"memory", "ok", fmt::format("{}, {} unused", bytes(memory), bytes(left))});
}

void look_at_data(const Catalog& catalog, Findings& out) {
  const std::filesystem::path directory = data::data_directory();
  for (const std::string& name : catalog.image_sources.names()) {
    const auto source = catalog.image_sources.at(name).make({Value()});
    const data::SourceStatus status = data::source_status(name, source->info(), directory);
    const bool there = status.folder.empty() || status.installed;
    out.push_back({"data " + name, there ? "ok" : "note",
                   there
                       ? (status.folder.empty() ? "built in" : status.detail)
                       : fmt::format("{}; to install: {}", status.detail, status.install_command)});
  }
}

void look_at_folder(const std::filesystem::path& folder, Findings& out) {
  constexpr double kLittle = 1e9;
  constexpr double kSlow = 0.05;
  const FileSystem disk = file_system_of(folder);
  const std::string what = fmt::format("folder {}", folder.string());
  if (!disk.problem.empty()) {
    out.push_back({what, "mend", fmt::format("cannot be written: {}", disk.problem)});
    return;
  }
  const std::string facts =
      fmt::format("{}, {} free, {:.1f} ms to write 4 kB to the disk", disk.kind,
                  bytes(disk.free_bytes), disk.seconds_to_keep * 1e3);
  if (disk.free_bytes < kLittle) {
    out.push_back({what, "note", facts + ": little room; a trial takes about 2 kB"});
  } else if (disk.network) {
    out.push_back({what, "note",
                   facts + ": files of another machine; one run at a time may write "
                           "a store there"});
  } else if (disk.seconds_to_keep > kSlow) {
    out.push_back({what, "note", facts + ": slow; each pack of trials waits for it once"});
  } else {
    out.push_back({what, "ok", facts});
  }
}

/// Sixteen small trials that train together.
constexpr const char* kProbe = R"toml(
name = "doctor"
seeds = 16
[defaults]
environment = { name = "two_bit" }
model = { name = "mlp", width = 64, depth = 2 }
method = { name = "erm" }
regime = { name = "offline" }
training = { steps = 400, rows = 500, batch = 64 }
evaluation = { rows = 100, training_rows = 0 }
[[experiment]]
name = "speed"
)toml";

void look_at_speed(const Catalog& catalog, Findings& out) {
  const std::vector<TrialSpec> trials = Suite::parse(kProbe, "doctor").trials(catalog);
  const auto sources = std::make_shared<const DataSources>(catalog.image_sources);
  const Pack pack = pack_of(trials, catalog, *sources);
  const auto start = std::chrono::steady_clock::now();
  double flop = 0.0;
  for (const TrialResult& result : run_pack(pack, catalog, sources)) {
    if (result.status == Status::failed) {
      out.push_back({"speed", "mend", "the training failed: " + result.message});
      return;
    }
    flop += result.cost.flops;
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double rate = flop / seconds;
  out.push_back(
      {"speed", "ok",
       fmt::format("{} a second on one core (16 replicas of a small MLP, {:.1f} s): about "
                   "{} an hour on {}; 'spurion run SUITE --dry-run' says what a suite "
                   "takes",
                   flops(rate), seconds, flops(rate * 3600.0 * usable_cores()),
                   count(usable_cores(), "core"))});
}

}  // namespace

int doctor(const DoctorArguments& arguments, const Catalog& catalog) {
  Findings findings;
  look_at_versions(catalog, findings);
  look_at_machine(findings);
  look_at_data(catalog, findings);
  look_at_folder(arguments.folder, findings);
  if (!arguments.no_speed) look_at_speed(catalog, findings);
  if (arguments.format == "json") {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const Finding& one : findings) {
      all.push_back({{"what", one.what}, {"state", one.state}, {"text", one.text}});
    }
    print("{}\n", all.dump(2));
    return 0;
  }
  Table table({"what", "state", "found"});
  for (const Finding& one : findings) table.add({one.what, one.state, one.text});
  print("{}", table.text(0, terminal_columns(STDOUT_FILENO, 100)));
  return 0;
}

}  // namespace spurion::cli
