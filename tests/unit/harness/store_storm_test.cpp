// A store whose disk fails in the middle of anything: what a run was told is stored stays, and no
// number changes. SPURION_KILLS says how many faults there are (default 50).
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "harness/store/sqlite.hpp"
#include "spurion/error.hpp"
#include "temporary_folder.hpp"
#include "unit/harness/faulty_disk.hpp"
#include "unit/harness/synthetic_store.hpp"

using namespace spurion;
using namespace spurion::tests;

namespace {

constexpr std::int64_t kStormTrials = 60;
constexpr std::int64_t kStormPack = 6;

int wanted_faults() {
  const char* wanted = std::getenv("SPURION_KILLS");
  return wanted == nullptr ? 50 : std::atoi(wanted);
}

Reported storm_expected() {
  const TemporaryFolder folder;
  write_synthetic_store(folder.path(), kStormTrials);
  return reported(folder.path());
}

/// What a run was told is stored.
struct Promised {
  bool suite = false;
  std::set<std::string> trials;
};

/// Goes on as a run does, a pack at a time; whether it came to its end.
bool run_goes_on(const std::filesystem::path& folder, Promised& promised) {
  try {
    Store store(folder);
    CHECK(store.damage().empty());
    store.mend();
    set_synthetic_suite(store, kStormTrials);
    promised.suite = true;
    for (std::int64_t first = 0; first < kStormTrials; first += kStormPack) {
      std::vector<TrialResult> pack;
      for (std::int64_t seed = first; seed < first + kStormPack; ++seed) {
        pack.push_back(synthetic_trial(seed));
      }
      // One of them is made again, as after a change of what makes it.
      if (first % (4 * kStormPack) == 0) store.replace({pack.front().spec.id()});
      store.append(pack);
      for (const TrialResult& trial : pack) promised.trials.insert(trial.spec.id());
    }
    store.shrink();
    return true;
  } catch (const StoreError&) {
    return false;
  }
}

/// Whether what is reported is as it was written, and all that was promised is there.
bool keeps_promises(const std::filesystem::path& folder, const Promised& promised,
                    const Reported& expected) {
  Reported found;
  try {
    found = reported(folder);
  } catch (const StoreError&) {
    return !promised.suite;  // nothing was written yet
  }
  std::set<std::string> ids;
  for (const auto& [key, line] : found.trials) {
    const auto own = expected.trials.find(key);
    if (own == expected.trials.end() || own->second != line) return false;
    ids.insert(key.substr(0, key.find(' ')));
  }
  // The device is a fact of trials.
  const bool has_facts = found.trials.empty()
                             ? found.context.find("suite_name=made_up") != std::string::npos
                             : found.context == expected.context;
  return found.notes.empty() && (!promised.suite || has_facts) &&
         std::includes(ids.begin(), ids.end(), promised.trials.begin(), promised.trials.end());
}

}  // namespace

TEST_CASE("whatever its disk does, a store keeps what it took and no number changes") {
  const Reported expected = storm_expected();
  FaultyDisk disk;
  std::mt19937_64 random(3);
  int most = 0;
  {
    const TemporaryFolder folder;
    disk.strike(Fault::none, 0);
    Promised promised;
    REQUIRE(run_goes_on(folder.path(), promised));
    most = disk.changes();
  }
  disk.restart(random);
  constexpr Fault kFaults[] = {Fault::kill,      Fault::power_cut, Fault::full,
                               Fault::full_once, Fault::refused,   Fault::no_sync};
  int faults = 0;
  while (faults < wanted_faults()) {
    const TemporaryFolder folder;
    Promised promised;
    for (bool done = false; !done;) {
      const Fault fault = kFaults[random() % std::size(kFaults)];
      const auto change = 1 + static_cast<int>(random() % static_cast<unsigned>(most));
      disk.strike(fault, change);
      done = run_goes_on(folder.path(), promised);
      faults += disk.struck() ? 1 : 0;
      disk.restart(random);
      INFO("fault " << static_cast<int>(fault) << " at change " << change << ", number " << faults);
      REQUIRE(keeps_promises(folder.path(), promised, expected));
    }
    const Reported found = reported(folder.path());
    CHECK(found.trials == expected.trials);
    CHECK(found.notes.empty());
  }
  if (std::getenv("SPURION_KILLS") != nullptr) WARN(faults << " faults");
}

TEST_CASE("a repair that is killed or finds no room loses nothing that is whole") {
  const TemporaryFolder whole;
  write_synthetic_store(whole.path(), kStormTrials);
  harness::sqlite::Database(whole.path() / "store.sqlite", harness::sqlite::Access::write)
      .execute("UPDATE trial SET flops = 0 WHERE number IN (5, 40)");
  const std::string damaged = bytes_of(whole.path() / "store.sqlite");
  const Reported expected = storm_expected();
  FaultyDisk disk;
  std::mt19937_64 random(4);
  const auto mends = [&](const std::filesystem::path& folder) {
    try {
      Store store(folder);
      store.mend();
      return true;
    } catch (const StoreError&) {
      return false;
    }
  };
  REQUIRE(mends(whole.path()));
  const int most = disk.changes();
  for (int i = 0; i < std::max(5, wanted_faults() / 5); ++i) {
    const TemporaryFolder folder;
    write_bytes(folder.path() / "store.sqlite", damaged);
    constexpr Fault kFaults[] = {Fault::kill, Fault::full, Fault::refused, Fault::no_sync};
    disk.strike(kFaults[random() % std::size(kFaults)],
                1 + static_cast<int>(random() % static_cast<unsigned>(most)));
    mends(folder.path());
    disk.restart(random);
    REQUIRE(mends(folder.path()));
    Store store(folder.path());
    CHECK(store.finished().size() == kStormTrials - 2);
    fill_synthetic_store(store, kStormTrials);
    CHECK(reported(folder.path()).trials == expected.trials);
  }
}
