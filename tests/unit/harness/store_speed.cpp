// How long a store of many trials takes, run by hand: unit_store "[speed]". SPURION_TRIALS says how
// many (default 100,000).
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>

#include "catch.hpp"
#include "harness/store/stored_facts.hpp"
#include "temporary_folder.hpp"
#include "unit/harness/synthetic_store.hpp"

using namespace spurion;
using namespace spurion::tests;

namespace {

double megabytes_in_use() {
  std::ifstream file("/proc/self/statm");
  double whole = 0.0;
  double resident = 0.0;
  file >> whole >> resident;
  return resident * 4096e-6;
}

class Clock {
 public:
  double seconds() {
    const auto now = std::chrono::steady_clock::now();
    const double passed = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    return passed;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace

TEST_CASE("a store of many trials", "[.][speed]") {
  const char* wanted = std::getenv("SPURION_TRIALS");
  const std::int64_t trials = wanted == nullptr ? 100'000 : std::atoll(wanted);
  const TemporaryFolder folder;
  Clock clock;
  {
    Store store(folder.path());
    Memberships memberships;
    for (std::int64_t seed = 0; seed < trials; ++seed) {
      memberships.emplace_back(synthetic_trial(seed).spec.id(), "grid");
    }
    clock.seconds();
    store.set_suite("made_up", memberships, {{"suite", "x"}, {"suite_name", "made_up"}});
    for (std::int64_t first = 0; first < trials; first += 32) {
      std::vector<TrialResult> pack;
      for (std::int64_t i = first; i < std::min(first + 32, trials); ++i) {
        pack.push_back(synthetic_trial(i, 40));
      }
      store.append(pack);
    }
    WARN(trials << " trials of 40 numbers written, 32 at a time: " << clock.seconds() << " s, "
                << std::filesystem::file_size(folder.path() / "store.sqlite") / 1'000'000 << " MB");
  }
  clock.seconds();
  const double before = megabytes_in_use();
  {
    const Store store(folder.path());
    const harness::StoredFacts facts = store.facts();
    CHECK(facts.finished.size() == static_cast<std::size_t>(trials));
    WARN("opened and checked: " << clock.seconds() << " s, " << megabytes_in_use() - before
                                << " MB");
  }
  clock.seconds();
  const double then = megabytes_in_use();
  const StoredResults results = read_results(folder.path());
  CHECK(results.trials.size() == static_cast<std::size_t>(trials));
  WARN("read: " << clock.seconds() << " s, " << megabytes_in_use() - then << " MB");
}
