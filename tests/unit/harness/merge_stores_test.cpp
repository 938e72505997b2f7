// Stores that several machines wrote, and folders on network file systems.
#include "harness/store/merge_stores.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>

#include "catch.hpp"
#include "harness/store/deal_shards.hpp"
#include "harness/store/network_folder.hpp"
#include "harness/store/staged_folder.hpp"
#include "spurion/error.hpp"
#include "spurion/store.hpp"
#include "temporary_folder.hpp"
#include "unit/harness/synthetic_store.hpp"

using namespace spurion;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

/// A store of synthetic trials `first` to `last`, of suite "s".
void write_part(const fs::path& folder, std::int64_t first, std::int64_t last, double seconds = 1.0,
                double change = 0.0) {
  Store store(folder);
  std::vector<TrialResult> results;
  Memberships memberships;
  for (std::int64_t seed = first; seed <= last; ++seed) {
    TrialResult result = tests::synthetic_trial(seed);
    result.cost.seconds = seconds;
    if (change != 0.0) {
      result.measurements.set_value(0, result.measurements.value(0) + change);
    }
    memberships.emplace_back(result.spec.id(), "x");
    results.push_back(std::move(result));
  }
  store.set_suite("s", memberships,
                  {{"suite", "text"}, {"suite_name", "s"}, {"seconds", std::to_string(seconds)}});
  store.append(results);
}

void merge(const fs::path& folder, std::vector<fs::path> sources) {
  harness::merge_stores(folder, std::move(sources));
}

}  // namespace

TEST_CASE("merged stores have every trial once, whatever their order, and again changes nothing") {
  const tests::TemporaryFolder folder;
  const fs::path root = folder.path();
  write_part(root / "whole", 0, 8);
  write_part(root / "all" / "shard_1", 0, 3, 5.0);
  write_part(root / "all" / "shard_2", 3, 6, 4.0);  // trial 3 twice, with equal numbers
  write_part(root / "all" / "shard_3", 7, 8);
  const std::vector<fs::path> parts = harness::shard_stores(root / "all");
  REQUIRE(parts.size() == 3);
  const harness::Merged merged = harness::merge_stores(root / "all", parts);
  CHECK(merged.trials == 9);
  CHECK(merged.added == 9);
  CHECK(merged.twice == 1);
  CHECK(merged.notes.empty());
  const StoredResults whole = read_results(root / "whole");
  const StoredResults joined = read_results(root / "all");
  REQUIRE(joined.trials.size() == whole.trials.size());
  for (std::size_t i = 0; i < whole.trials.size(); ++i) {
    CHECK(joined.trials[i].spec.id() == whole.trials[i].spec.id());
    CHECK(joined.trials[i].spec.experiment == "x");
    REQUIRE(joined.trials[i].measurements.size() == whole.trials[i].measurements.size());
    for (std::size_t row = 0; row < whole.trials[i].measurements.size(); ++row) {
      const double a = joined.trials[i].measurements[row].value;
      const double b = whole.trials[i].measurements[row].value;
      CHECK((a == b || (std::isnan(a) && std::isnan(b))));
    }
  }
  const std::string bytes = tests::bytes_of(root / "all" / "store.sqlite");
  CHECK(harness::merge_stores(root / "all", parts).added == 0);
  CHECK(tests::bytes_of(root / "all" / "store.sqlite") == bytes);
  // One after the other and in another order: the same trials with the same costs.
  for (const std::size_t part : {2U, 0U, 1U}) merge(root / "other", {parts[part]});
  CHECK(tests::reported(root / "other").trials == tests::reported(root / "all").trials);
  CHECK(tests::reported(root / "other").context == tests::reported(root / "all").context);
}

TEST_CASE("a trial with other numbers in two stores, and another suite, are refused by file") {
  const tests::TemporaryFolder folder;
  const fs::path root = folder.path();
  write_part(root / "a", 0, 2);
  write_part(root / "b", 2, 4, 1.0, 0.25);
  const fs::path a = root / "a" / "store.sqlite";
  const fs::path b = root / "b" / "store.sqlite";
  CHECK_THROWS_WITH(merge(root / "all", {b, a}), Contains("has other numbers in '") &&
                                                     Contains(a.string()) && Contains(b.string()));
  CHECK_FALSE(fs::exists(root / "all" / "store.sqlite"));
  write_part(root / "c", 5, 6);
  Store(root / "c").set_context({{"suite", "another"}});
  CHECK_THROWS_WITH(merge(root / "all", {a, root / "c" / "store.sqlite"}),
                    Contains("holds another suite than '") && Contains(a.string()));
}

TEST_CASE("a merge checks every row and leaves out what is damaged, by name") {
  const tests::TemporaryFolder folder;
  const fs::path root = folder.path();
  write_part(root / "a", 0, 5);
  const fs::path file = root / "a" / "store.sqlite";
  std::string bytes = tests::bytes_of(file);
  const std::string id = tests::synthetic_trial(3).spec.id();
  const auto at = bytes.find(id);
  REQUIRE(at != std::string::npos);
  bytes[at + id.size() + 20] ^= 1;  // in the spec, which follows
  tests::write_bytes(file, bytes);
  const harness::Merged merged = harness::merge_stores(root / "all", {file});
  CHECK(merged.trials == 5);
  REQUIRE(merged.notes.size() == 1);
  CHECK_THAT(merged.notes.front(),
             Contains(file.string()) && Contains(id) && Contains("left out; run them again"));
}

TEST_CASE("shards get equal work, the most expensive trials first, each trial once") {
  std::vector<harness::PlannedPack> packs;
  for (std::uint32_t i = 1; i <= 40; ++i) packs.push_back({1 + i % 7, 1e12 / i, 1e6});
  packs.push_back({128, 6e12, 1e6});  // more than its share: is cut
  std::size_t trials = 0;
  double total = 0.0;
  for (const auto& pack : packs) {
    trials += pack.trials;
    total += harness::expected_work(pack);
  }
  for (const std::int64_t shards : {1, 3, 16, 500}) {
    const auto dealt = harness::deal_shards(packs, shards);
    REQUIRE(dealt.size() == static_cast<std::size_t>(shards));
    std::vector<double> work_of_trial;
    for (const auto& pack : packs) {
      work_of_trial.insert(work_of_trial.end(), pack.trials,
                           harness::expected_work(pack) / pack.trials);
    }
    std::vector<int> seen(trials, 0);
    double most = 0.0;
    for (const auto& shard : dealt) {
      double own = 0.0;
      for (const auto& stretch : shard) {
        for (std::size_t i = stretch.first; i < stretch.first + stretch.count; ++i) {
          ++seen.at(i);
          own += work_of_trial[i];
        }
      }
      most = std::max(most, own);
    }
    CHECK(std::all_of(seen.begin(), seen.end(), [](int times) { return times == 1; }));
    const double largest = *std::max_element(work_of_trial.begin(), work_of_trial.end());
    CHECK(most <= total / static_cast<double>(shards) + largest);
  }
}

TEST_CASE("network file systems are told by their numbers, local disks are not") {
  CHECK(harness::network_file_system(std::uint64_t{0x6969}) == "NFS");
  CHECK(harness::network_file_system(std::uint64_t{0x0bd00bd0}) == "Lustre");
  CHECK(harness::network_file_system(std::uint64_t{0xef53}).empty());  // ext4
  CHECK(harness::network_file_system(fs::path("/proc/none/at/all")).empty());
  CHECK_FALSE(harness::local_folder().empty());
}

TEST_CASE("a folder on a network file system gets whole copies, now and then and at the end") {
  const tests::TemporaryFolder folder;
  const fs::path shared = folder.path() / "shared";
  const fs::path local = folder.path() / "local";
  fs::create_directories(local);
  write_part(shared, 0, 1);
  fs::create_directories(shared / "checkpoints");
  std::ofstream(shared / "checkpoints" / "0.state") << "old";
  {
    harness::StagedFolder staged(shared, {local, 0.02, {}});
    REQUIRE(staged.is_staged());
    CHECK(read_results(staged.path()).trials.size() == 2);  // what was there goes on
    CHECK(tests::bytes_of(staged.path() / "checkpoints" / "0.state") == "old");
    CHECK_THROWS_WITH(harness::StagedFolder(shared, {local, 60.0, {}}),
                      Contains("in use by another spurion process"));
    fs::remove(staged.path() / "checkpoints" / "0.state");
    std::ofstream(staged.path() / "checkpoints" / "1.state") << "new";
    Store store(staged.path());
    for (std::int64_t seed = 2; seed < 12; ++seed) store.append({tests::synthetic_trial(seed)});
    for (int i = 0; i < 500 && !fs::exists(shared / "checkpoints" / "1.state"); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    CHECK(fs::exists(shared / "checkpoints" / "1.state"));
    store.append({tests::synthetic_trial(12)});
    staged.finish();
    CHECK_FALSE(fs::exists(shared / "checkpoints" / "0.state"));
  }
  CHECK(Store(shared).finished().size() == 13);
  CHECK(fs::is_empty(local));
  // A run on a local disk works where its results are.
  CHECK(harness::staging_for(folder.path()).local.empty());
  const harness::StagedFolder direct(shared, {});
  CHECK(direct.path() == shared);
}
