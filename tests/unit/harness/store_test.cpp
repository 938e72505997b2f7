#include "spurion/store.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cmath>
#include <fstream>
#include <map>
#include <set>

#include "catch.hpp"
#include "harness/store/folder_lock.hpp"
#include "harness/store/sqlite.hpp"
#include "harness/store/store_tables.hpp"
#include "harness/store/stored_facts.hpp"
#include "spurion/error.hpp"
#include "temporary_folder.hpp"
#include "unit/harness/synthetic_store.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

TrialResult result_of(std::int64_t seed) {
  TrialResult result;
  result.spec.environment = {"e", Value()};
  result.spec.model = {"m", Value()};
  result.spec.method = {"f", Value()};
  result.spec.regime = {"r", Value()};
  result.spec.seed = seed;
  result.measurements = {{0, 5, "test", 0.9, "accuracy", 0.1 + 0.2},
                         {1, 6, "shift=0.1", 0.1, "loss", std::nan("")}};
  result.cost.flops = 1e18 / 3;
  return result;
}

std::string id_of(std::int64_t seed) { return result_of(seed).spec.id(); }

}  // namespace

TEST_CASE("what is stored reads back bit for bit") {
  const tests::TemporaryFolder folder;
  {
    Store store(folder.path());
    store.append({result_of(1), result_of(0)});
    store.set_memberships({{id_of(0), "x"}, {id_of(1), "x"}, {id_of(0), "y"}});
    store.set_context({{"suite", "text"}});
    CHECK(store.finished().size() == 2);
  }
  const StoredResults results = read_results(folder.path());
  CHECK(results.notes.empty());
  REQUIRE(results.trials.size() == 3);
  CHECK(results.context.at("suite") == "text");
  CHECK(results.trials.back().spec.experiment == "y");
  const TrialResult& trial = results.trials.front();
  REQUIRE(trial.measurements.size() == 2);
  CHECK(trial.measurements[0].value == 0.1 + 0.2);
  CHECK(std::isnan(trial.measurements[1].value));
  CHECK(trial.cost.flops == 1e18 / 3);
}

TEST_CASE("a trial already there is left as it is") {
  const tests::TemporaryFolder folder;
  Store store(folder.path());
  store.append({result_of(0)});
  TrialResult again = result_of(0);
  again.measurements.clear();
  store.append({again});
  store.set_memberships({{again.spec.id(), "x"}});
  CHECK(read_results(folder.path()).trials.front().measurements.size() == 2);
}

TEST_CASE("memberships of a suite are replaced, and may be told before its trials are there") {
  const tests::TemporaryFolder folder;
  Store store(folder.path());
  const std::map<std::string, std::string> context = {{"suite", "text"}, {"suite_name", "one"}};
  store.set_suite("one", {{id_of(0), "x"}, {id_of(1), "x"}, {id_of(1), "y"}}, context);
  store.append({result_of(0), result_of(1), result_of(2)});
  CHECK(read_results(folder.path()).trials.size() == 3);

  store.set_suite("one", {{id_of(1), "y"}, {id_of(3), "y"}}, context);
  store.append({result_of(3)});
  const StoredResults edited = read_results(folder.path());
  REQUIRE(edited.trials.size() == 2);
  for (const TrialResult& trial : edited.trials) CHECK(trial.spec.experiment == "y");
  REQUIRE(edited.notes.size() == 1);
  CHECK_THAT(edited.notes.front(),
             Contains("2 other trials in the store belong to no experiment") &&
                 Contains("spurion report --all") && Contains("spurion prune"));
  const StoredResults all = read_results(folder.path(), {true});
  std::multiset<std::string> names;
  for (const TrialResult& trial : all.trials) names.insert(trial.spec.experiment);
  CHECK(names ==
        std::multiset<std::string>{"(not in the suite)", "x (not in the suite)", "y", "y"});
  // Another suite in the same folder: both keep their own.
  store.set_suite("two", {{id_of(3), "y"}, {id_of(2), "z"}},
                  {{"suite", "other"}, {"suite_name", "two"}});
  const StoredResults second = read_results(folder.path());
  CHECK(second.trials.size() == 2);
  REQUIRE(second.notes.size() == 2);
  CHECK_THAT(second.notes[0], Contains("1 other trial in the store belongs to suite 'one'"));
  CHECK_THAT(second.notes[1], Contains("1 other trial in the store belongs to no experiment"));
  CHECK(store.leftovers() == std::map<std::string, std::string>{{id_of(0), "x"}});
}

TEST_CASE("pruning drops what belongs to no experiment of any suite") {
  const tests::TemporaryFolder folder;
  {
    Store store(folder.path());
    store.set_suite("one", {{id_of(0), "x"}, {id_of(1), "x"}}, {{"suite_name", "one"}});
    store.append({result_of(0), result_of(1), result_of(2)});
    store.add_scored(result_of(5), "x", {{"access.net", "not known"}});
    store.set_suite("one", {{id_of(1), "x"}}, {{"suite_name", "one"}});
  }
  const std::map<std::string, std::int64_t> expected = {{"", 1}, {"x", 1}};
  CHECK(prune(folder.path(), true).trials == expected);
  CHECK(read_results(folder.path(), {true}).trials.size() == 4);
  CHECK(prune(folder.path(), false).trials == expected);
  const StoredResults left = read_results(folder.path(), {true});
  CHECK(left.notes.empty());
  CHECK(left.trials.size() == 2);
  CHECK(left.context.at("access.net") == "not known");
  CHECK(prune(folder.path(), false).trials.empty());
}

TEST_CASE("what was scored stays when its suite runs again, and goes with its experiment") {
  const tests::TemporaryFolder folder;
  Store store(folder.path());
  store.set_suite("one", {{id_of(0), "x"}}, {{"suite_name", "one"}, {"environment.e", "own"}});
  store.append({result_of(0)});
  store.add_scored(result_of(5), "x", {{"environment.e#7", "other options"}});
  store.set_suite("one", {{id_of(0), "x"}}, {{"suite_name", "one"}, {"environment.e", "own"}});
  const StoredResults kept = read_results(folder.path());
  CHECK(kept.trials.size() == 2);
  CHECK(kept.context.at("environment.e") == "own");
  CHECK(kept.context.at("environment.e#7") == "other options");
  store.set_suite("one", {{id_of(0), "y"}}, {{"suite_name", "one"}});
  CHECK(read_results(folder.path()).trials.size() == 1);
  store.set_suite("one", {{id_of(0), "x"}}, {{"suite_name", "one"}});
  CHECK(read_results(folder.path()).trials.size() == 2);
}

TEST_CASE("facts of an earlier run of a suite do not stay") {
  const tests::TemporaryFolder folder;
  Store store(folder.path());
  store.set_suite("one", {}, {{"environment.e", "a"}, {"environment.f", "b"}});
  store.set_suite("one", {}, {{"environment.e", "c"}});
  CHECK(store.context() == std::map<std::string, std::string>{{"environment.e", "c"}});
}

TEST_CASE("trials made by different things are told") {
  const tests::TemporaryFolder folder;
  Store store(folder.path());
  Provenance first{"0.1.0", "aaaaaaaaaa", "LibTorch 1.13.1", "AVX2", "cpu", {}, {}};
  Provenance second = first;
  second.processor = "AVX512";
  second.plugins = {{"my_lab 1.0", "0011223344"}};
  Provenance third = first;
  third.plugins = {{"my_lab 2.0", "5566778899"}};
  std::vector<TrialResult> results = {result_of(0), result_of(1), result_of(2)};
  results[0].made_by = std::make_shared<const Provenance>(first);
  results[1].made_by = std::make_shared<const Provenance>(second);
  results[2].made_by = std::make_shared<const Provenance>(third);
  store.append(results);
  store.set_memberships({{id_of(0), "x"}, {id_of(1), "x"}, {id_of(2), "x"}});
  const StoredResults mixed = read_results(folder.path());
  CHECK(mixed.trials[0].made_by != nullptr);
  REQUIRE(mixed.notes.size() == 2);
  CHECK_THAT(mixed.notes[0], Contains("different builds of plug-in my_lab: my_lab 1.0 (file "
                                      "00112233); my_lab 2.0 (file 55667788)"));
  CHECK_THAT(mixed.notes[1], Contains("different instruction sets: AVX2; AVX512"));
  // Those of them that do not belong do not matter.
  store.set_memberships({{id_of(0), "x"}});
  CHECK(read_results(folder.path()).notes.size() == 1);
}

TEST_CASE("a trial in two stores is reported once, and must be the same in both") {
  const tests::TemporaryFolder folder;
  const auto write = [&](const std::string& file, const TrialResult& trial) {
    Store store(folder.path(), file);
    store.append({trial});
    store.set_memberships({{trial.spec.id(), "x"}});
  };
  write("store.sqlite", result_of(0));
  write("same.sqlite", result_of(0));
  CHECK(read_results(folder.path()).trials.size() == 1);
  TrialResult other = result_of(0);
  other.measurements.set_value(0, 0.31);
  write("other.sqlite", other);
  CHECK_THROWS_WITH(read_results(folder.path()), Contains(id_of(0)) && Contains("other.sqlite") &&
                                                     Contains("store.sqlite") &&
                                                     Contains("move one"));
}

TEST_CASE("a trial that is replaced stays until its new result is there") {
  const tests::TemporaryFolder folder;
  {
    Store store(folder.path());
    store.append({result_of(0), result_of(1)});
    store.set_memberships({{id_of(0), "x"}, {id_of(1), "x"}});
    store.replace({id_of(0), id_of(1)});
    TrialResult other = result_of(0);
    other.measurements.set_value(0, 0.31);
    store.append({other});
    store.append({result_of(0)});  // it is there now
  }
  const StoredResults results = read_results(folder.path());
  CHECK(results.notes.empty());
  REQUIRE(results.trials.size() == 2);
  for (const TrialResult& trial : results.trials) {
    CHECK(trial.measurements[0].value == (trial.spec.seed == 0 ? 0.31 : 0.1 + 0.2));
  }
}

TEST_CASE("what is scored again has its new numbers") {
  const tests::TemporaryFolder folder;
  Store store(folder.path());
  store.add_scored(result_of(0), "x", {});
  TrialResult other = result_of(0);
  other.measurements.set_value(0, 0.31);
  store.add_scored(other, "x", {});
  const StoredResults results = read_results(folder.path());
  REQUIRE(results.trials.size() == 1);
  CHECK(results.trials[0].measurements[0].value == 0.31);
}

TEST_CASE("pruning a store that lost its memberships keeps the trials") {
  const tests::TemporaryFolder folder;
  {
    Store store(folder.path());
    store.append({result_of(0), result_of(1)});
    store.set_memberships({{id_of(0), "x"}, {id_of(1), "x"}});
  }
  harness::sqlite::Database(folder.path() / "store.sqlite", harness::sqlite::Access::write)
      .execute("DELETE FROM membership");
  CHECK(prune(folder.path(), false).trials.empty());
  CHECK(prune(folder.path(), false).trials.empty());  // mended by now
  CHECK(Store(folder.path()).finished().size() == 2);
}

TEST_CASE("a second writer is refused") {
  const tests::TemporaryFolder folder;
  const Store store(folder.path());
  CHECK_THROWS_WITH(Store(folder.path()), Contains("in use by another spurion process"));
}

TEST_CASE("each reason why a folder cannot be locked has its own sentence") {
  std::set<std::string> sentences;
  for (const int error : {EWOULDBLOCK, ENOLCK, ENOSYS, EACCES, EROFS, EIO}) {
    const std::string sentence = harness::lock_problem("out", error);
    CHECK_THAT(sentence, Contains("output folder 'out'"));
    sentences.insert(sentence);
  }
  CHECK(sentences.size() == 6);
  CHECK(harness::lock_problem("out", EOPNOTSUPP) == harness::lock_problem("out", ENOSYS));
  CHECK(harness::has_no_locks(ENOLCK));
  CHECK(harness::has_no_locks(ENOSYS));
  CHECK_FALSE(harness::has_no_locks(EAGAIN));  // another has it
  CHECK(harness::lock_problem("out", EPERM) == harness::lock_problem("out", EACCES));
}

TEST_CASE("damaged, foreign and missing stores are one clear error") {
  const tests::TemporaryFolder folder;
  CHECK_THROWS_WITH(read_results(folder.path()), Contains("holds no store"));
  CHECK_THROWS_WITH(read_results(folder.path() / "none"), Contains("is not a folder"));
  const auto file = folder.path() / "store.sqlite";
  std::ofstream(file) << std::string(5000, 'x');
  CHECK_THROWS_AS(read_results(folder.path()), StoreError);
  CHECK_THROWS_WITH(Store(folder.path()), Contains("damaged or not a spurion store"));
}

TEST_CASE("a pipe or a folder in the place of a store is refused at once") {
  for (const bool pipe : {true, false}) {
    CAPTURE(pipe);
    const tests::TemporaryFolder folder;
    const auto file = folder.path() / "store.sqlite";
    if (pipe) {
      REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
    } else {
      std::filesystem::create_directory(file);
    }
    CHECK_THROWS_AS(read_results(folder.path()), StoreError);
    CHECK_THROWS_WITH(read_results(folder.path()),
                      Contains("store.sqlite': it is not a plain file"));
    CHECK_THROWS_WITH(harness::read_facts(folder.path()), Contains("it is not a plain file"));
    CHECK_THROWS_WITH(Store(folder.path()), Contains("it is not a plain file"));
  }
}

TEST_CASE("a database of another application gets none of our tables") {
  const tests::TemporaryFolder folder;
  const auto file = folder.path() / "store.sqlite";
  harness::sqlite::Database(file, harness::sqlite::Access::write)
      .execute("CREATE TABLE bookmarks(url TEXT)");
  CHECK_THROWS_WITH(Store(folder.path()), Contains("a database of another application"));
  CHECK_THROWS_WITH(read_results(folder.path()), Contains("a database of another application"));
  harness::sqlite::Database database(file, harness::sqlite::Access::read);
  harness::sqlite::Statement tables(database, "SELECT count(*) FROM sqlite_master");
  tables.step();
  CHECK(tables.integer(0) == 1);
}

TEST_CASE("a store of an earlier layout is refused with what to do") {
  const tests::TemporaryFolder folder;
  harness::sqlite::Database(folder.path() / "store.sqlite", harness::sqlite::Access::write)
      .execute("CREATE TABLE trial(number INTEGER PRIMARY KEY, id TEXT); PRAGMA user_version=1");
  CHECK_THROWS_WITH(Store(folder.path()), Contains("has layout 1 of an earlier spurion") &&
                                              Contains("run into another folder (--out)"));
  CHECK_THROWS_AS(read_results(folder.path()), StoreError);
  const tests::TemporaryFolder second;
  harness::sqlite::Database(second.path() / "store.sqlite", harness::sqlite::Access::write)
      .execute("CREATE TABLE trial(number INTEGER PRIMARY KEY, id TEXT); PRAGMA user_version=2; " +
               fmt::format("PRAGMA application_id={}", harness::kApplicationId));
  CHECK_THROWS_WITH(Store(second.path()), Contains("has layout 2 of an earlier spurion"));
  CHECK_THROWS_WITH(read_results(second.path()), Contains("run into another folder (--out)"));
}

TEST_CASE("the view of measurements shows people every number with what it is") {
  const tests::TemporaryFolder folder;
  tests::write_synthetic_store(folder.path(), 5);
  const harness::sqlite::Database database(folder.path() / "store.sqlite",
                                           harness::sqlite::Access::read);
  std::map<std::string, std::map<std::int64_t, Measurement>> shown;
  harness::sqlite::Statement query(
      database,
      "SELECT trial.id, row, phase, step, domain, shift, metric, value FROM "
      "measurement JOIN trial ON trial.number = measurement.trial");
  while (query.step()) {
    shown[query.text(0)][query.integer(1)] = {query.integer(2), query.integer(3), query.text(4),
                                              query.number(5),  query.text(6),    query.number(7)};
  }
  CHECK(shown.size() == 5);
  for (const TrialResult& trial : read_results(folder.path()).trials) {
    const auto& rows = shown.at(trial.spec.id());
    REQUIRE(rows.size() == trial.measurements.size());
    for (std::size_t i = 0; i < trial.measurements.size(); ++i) {
      const MeasurementRow wanted = trial.measurements[i];
      const Measurement& row = rows.at(static_cast<std::int64_t>(i));
      CHECK(row.phase == wanted.phase);
      CHECK(row.step == wanted.step);
      CHECK(row.domain == wanted.domain);
      CHECK(row.shift == wanted.shift);
      CHECK(row.metric == wanted.metric);
      CHECK((std::isnan(wanted.value) ? std::isnan(row.value)
                                      : std::abs(row.value - wanted.value) < 1e-15));
    }
  }
}

TEST_CASE("reading takes no lock and writes nothing, also while a run writes") {
  const tests::TemporaryFolder folder;
  Store store(folder.path());
  store.append({result_of(0)});
  store.set_memberships({{id_of(0), "x"}});
  const auto names = [&] {
    std::set<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      all.insert(entry.path().filename().string());
    }
    return all;
  };
  CHECK(names() == std::set<std::string>{"store.lock", "store.sqlite"});
  const auto before = std::filesystem::last_write_time(folder.path() / "store.sqlite");
  CHECK(read_results(folder.path()).trials.size() == 1);
  CHECK(std::filesystem::last_write_time(folder.path() / "store.sqlite") == before);
  CHECK(names() == std::set<std::string>{"store.lock", "store.sqlite"});
}

TEST_CASE("a folder that cannot be made is a store error") {
  CHECK_THROWS_WITH(Store("/proc/nowhere/x"), Contains("cannot create output folder"));
}
