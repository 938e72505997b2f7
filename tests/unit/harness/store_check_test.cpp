#include "harness/store/store_check.hpp"

#include "catch.hpp"
#include "harness/store/sqlite.hpp"
#include "spurion/error.hpp"
#include "temporary_folder.hpp"
#include "unit/harness/synthetic_store.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

constexpr std::int64_t kCheckedTrials = 30;

/// A folder with a store in which statements of SQL were run.
class ChangedStore {
 public:
  explicit ChangedStore(const std::string& sql) {
    write_synthetic_store(folder_.path(), kCheckedTrials);
    if (sql.empty()) return;
    harness::sqlite::Database(file(), harness::sqlite::Access::write).execute(sql);
  }
  [[nodiscard]] std::filesystem::path file() const { return path() / "store.sqlite"; }
  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }
  [[nodiscard]] harness::CheckedStore checked() const {
    const auto stores = harness::check_stores(path());
    REQUIRE(stores.size() == 1);
    return stores.front();
  }
  /// Repairs it.
  [[nodiscard]] harness::RepairedStore repaired() const {
    const auto stores = harness::repair_stores(path());
    REQUIRE(stores.size() == 1);
    return stores.front();
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("a whole store is found whole, and repairing it changes nothing") {
  const ChangedStore store("");
  const std::string before = bytes_of(store.file());
  CHECK(store.checked().is_whole());
  CHECK(store.checked().trials == kCheckedTrials);
  CHECK(store.repaired().copy.empty());
  CHECK(bytes_of(store.file()) == before);
}

TEST_CASE("a check names each damaged trial with its experiments and writes nothing") {
  const ChangedStore store(
      "UPDATE trial SET flops = flops + 1 WHERE number IN (3, 11); "
      "DELETE FROM trial WHERE number = 21");
  const std::string before = bytes_of(store.file());
  const harness::CheckedStore checked = store.checked();
  CHECK_FALSE(checked.is_whole());
  CHECK(checked.needs_repair());
  CHECK(checked.trials == kCheckedTrials - 3);
  REQUIRE(checked.damaged_trials.size() == 3);
  CHECK(checked.damaged_trials[0].id == synthetic_trial(2).spec.id());
  CHECK(checked.damaged_trials[0].experiments == std::vector<std::string>{"grid"});
  CHECK(checked.damaged_trials[1].id == synthetic_trial(10).spec.id());
  CHECK(checked.damaged_trials[1].experiments == std::vector<std::string>{"grid", "shared"});
  CHECK_FALSE(checked.damaged_trials[1].missing);
  CHECK(checked.damaged_trials[2].number == 21);
  CHECK(checked.damaged_trials[2].missing);
  CHECK(checked.damaged_trials[2].experiments == std::vector<std::string>{"grid", "shared"});
  CHECK(bytes_of(store.file()) == before);
}

TEST_CASE("a repair drops what is damaged, and the next run makes just that again") {
  const ChangedStore store("UPDATE trial SET numbers = '[]' WHERE number = 3");
  const std::string damaged = bytes_of(store.file());
  const harness::RepairedStore repaired = store.repaired();
  CHECK(repaired.after.is_whole());
  CHECK(repaired.after.trials == kCheckedTrials - 1);
  CHECK(bytes_of(repaired.copy) == damaged);
  Store open(store.path());
  CHECK(open.damage().empty());
  CHECK(open.finished().count(synthetic_trial(2).spec.id()) == 0);
  fill_synthetic_store(open, kCheckedTrials);
  CHECK(store.checked().trials == kCheckedTrials);
}

TEST_CASE("a lost record of what made trials is found, and a repair leaves it to the next run") {
  const ChangedStore store("UPDATE provenance SET facts = facts || ' '");
  const harness::CheckedStore checked = store.checked();
  CHECK(checked.makers_lost == kCheckedTrials);
  CHECK_FALSE(checked.is_whole());
  CHECK_FALSE(checked.needs_repair());
  CHECK(store.repaired().copy.empty());
}

TEST_CASE("a file that is no store of ours is named and left alone") {
  const ChangedStore store("");
  const std::filesystem::path foreign = store.path() / "z.sqlite";
  write_bytes(foreign, std::string(4096, 'x'));
  for (const harness::RepairedStore& one : harness::repair_stores(store.path())) {
    const bool own = one.before.file.filename() == "store.sqlite";
    CHECK(one.after.is_whole() == own);
    CHECK(one.copy.empty());
    if (!own) CHECK_THAT(one.before.problem, Contains("z.sqlite"));
  }
  CHECK(bytes_of(foreign) == std::string(4096, 'x'));
}

TEST_CASE("the stores of shards are checked and repaired, too") {
  const TemporaryFolder folder;
  for (const char* name : {"shard_1_of_2", "shard_2_of_2"}) {
    write_synthetic_store(folder.path() / name, kCheckedTrials);
  }
  harness::sqlite::Database(folder.path() / "shard_2_of_2" / "store.sqlite",
                            harness::sqlite::Access::write)
      .execute("UPDATE trial SET flops = 0 WHERE number = 3");
  const auto stores = harness::check_stores(folder.path());
  REQUIRE(stores.size() == 2);
  CHECK(stores[0].is_whole());
  CHECK_FALSE(stores[1].is_whole());
  harness::repair_stores(folder.path());
  CHECK(harness::check_stores(folder.path())[1].is_whole());
  CHECK_THROWS_WITH(harness::check_stores(folder.path() / "shard_3_of_2"),
                    Contains("is not a folder"));
}

TEST_CASE("a store in use is checked, but not repaired") {
  const ChangedStore store("UPDATE trial SET flops = 0 WHERE number = 3");
  const Store open(store.path());
  CHECK_FALSE(store.checked().is_whole());
  CHECK_THROWS_WITH(harness::repair_stores(store.path()), Contains("is in use"));
}
