// What a trial costs in a report, whatever their number. By hand, for a store of any size:
// SPURION_TRIALS=100000 SPURION_EXPERIMENTS=4 unit_report "[speed]".
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "../benchmarks/speed/made_up_trials.hpp"
#include "catch.hpp"
#include "harness/store/stored_facts.hpp"
#include "spurion/report.hpp"
#include "temporary_folder.hpp"

using namespace spurion;
using namespace spurion::tests;

namespace {

struct Used {
  double seconds = 0.0;  ///< of processor time
  double bytes = 0.0;    ///< most memory beyond what was there before
};

/// Of the process, from the system.
Used used_by(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return {seconds(usage.ru_utime) + seconds(usage.ru_stime),
          1024.0 * static_cast<double>(usage.ru_maxrss)};
}

/// What `work` takes in a process of its own.
template <class Work>
Used measure(const Work& work) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const Used before = used_by(RUSAGE_SELF);
    work();
    Used after = used_by(RUSAGE_SELF);
    after.seconds -= before.seconds;
    after.bytes -= before.bytes;
    const auto told = write(ends[1], &after, sizeof(after));
    _exit(told == sizeof(after) ? 0 : 1);
  }
  Used used;
  close(ends[1]);
  const auto heard = read(ends[0], &used, sizeof(used));
  close(ends[0]);
  int status = 1;
  waitpid(child, &status, 0);
  REQUIRE(status == 0);
  REQUIRE(heard == sizeof(used));
  return used;
}

/// Least of a few, as other processes take turns on the same cores.
Used report_of(const std::filesystem::path& folder, int times) {
  Used least;
  for (int i = 0; i < times; ++i) {
    const Used used = measure([&] { write_report(folder); });
    least.seconds = i == 0 ? used.seconds : std::min(least.seconds, used.seconds);
    least.bytes = i == 0 ? used.bytes : std::min(least.bytes, used.bytes);
  }
  return least;
}

std::int64_t number_from(const char* variable, std::int64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoll(text);
}

}  // namespace

TEST_CASE("a trial costs a report the same time and memory, however many there are") {
  const TemporaryFolder folder;
  constexpr std::int64_t kFew = 1000;
  constexpr std::int64_t kMany = 8000;
  speed::make_store(folder.path() / "few", kFew, 2);
  speed::make_store(folder.path() / "many", kMany, 2);
  const Used few = report_of(folder.path() / "few", 3);
  const Used many = report_of(folder.path() / "many", 2);
  const double trials = kMany - kFew;
  const double kilobytes = (many.bytes - few.bytes) / trials / 1e3;
  const double growth = (many.seconds - few.seconds) / trials / (few.seconds / kFew);
  INFO(fmt::format("{} trials: {:.3f} s, {:.1f} MB; {}: {:.3f} s, {:.1f} MB", kFew, few.seconds,
                   few.bytes / 1e6, kMany, many.seconds, many.bytes / 1e6));
  CHECK(kilobytes < 2.0);
  CHECK(growth < 2.0);
}

TEST_CASE("a report of many trials", "[.][speed]") {
  const std::int64_t trials = number_from("SPURION_TRIALS", 100'000);
  const std::int64_t experiments = number_from("SPURION_EXPERIMENTS", 1);
  const TemporaryFolder temporary;
  const char* kept = std::getenv("SPURION_FOLDER");
  const std::filesystem::path folder = kept == nullptr ? temporary.path() : kept;
  const auto tell = [&](const char* what, const Used& used) {
    fmt::print("{}: {:.2f} s, {:.2f} kB a trial\n", what, used.seconds,
               used.bytes / 1e3 / static_cast<double>(trials));
  };
  if (!std::filesystem::exists(folder / "store.sqlite")) {
    tell("made", measure([&] { speed::make_store(folder, trials, experiments); }));
  }
  fmt::print("{} trials, {} experiments, {} MB\n", trials, experiments,
             std::filesystem::file_size(folder / "store.sqlite") / 1'000'000);
  tell("opened to be written to", measure([&] { const Store store(folder); }));
  tell("looked at", measure([&] { harness::read_facts(folder); }));
  tell("read", measure([&] { read_results(folder); }));
  tell("told in a terminal", measure([&] { terminal_report(folder, 100); }));
  tell("reported", measure([&] { write_report(folder); }));
}
