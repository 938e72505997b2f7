// A store whose bytes are not what was written: no number is ever reported that was not measured.
// SPURION_FLIPS says how many single bits are flipped, one at a time (default 500), and
// SPURION_CUTS how often the file is cut, and how often a part of it is zeros (default 50).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "catch.hpp"
#include "harness/store/sqlite.hpp"
#include "harness/store/store_writer.hpp"
#include "harness/store/trial_rows.hpp"
#include "spurion/error.hpp"
#include "temporary_folder.hpp"
#include "unit/harness/synthetic_store.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

constexpr std::int64_t kDamagedTrials = 200;

/// How often reading a damaged store ended in which way.
struct Outcomes {
  int same = 0;     ///< everything as it was written
  int named = 0;    ///< the damage is named, and what is reported is as it was written
  int refused = 0;  ///< nothing is reported
  int lost = 0;     ///< trials left out where the damage is named, all cases together
  int changed = 0;  ///< something else was reported: never
  std::string changes;
};

int wanted_cases(const char* variable, int usual) {
  const char* wanted = std::getenv(variable);
  return wanted == nullptr ? usual : std::atoi(wanted);
}

std::string without_maker(const std::string& line) {
  const std::string begin = " made_by=";
  const std::string end = " measured=";
  const auto at = line.find(begin);
  return line.substr(0, at) + line.substr(line.find(end));
}

std::string without_device(const std::string& context) {
  const auto at = context.find("device=");
  return at == std::string::npos
             ? context
             : context.substr(0, at) + context.substr(context.find('\n', at) + 1);
}

class Damaged {
 public:
  Damaged() {
    write_synthetic_store(folder_.path(), kDamagedTrials);
    whole_ = bytes_of(file());
    expected_ = reported(folder_.path());
  }

  /// Reads the store with these bytes.
  void try_bytes(const std::string& bytes, const std::string& what) {
    write_bytes(file(), bytes);
    Reported found;
    try {
      found = reported(folder_.path());
    } catch (const StoreError&) {
      ++outcomes_.refused;
      return;
    }
    // What made a trial, and so on what device, is no number of it: where that record is lost, it
    // is told.
    const bool record_lost =
        std::any_of(found.notes.begin(), found.notes.end(), [](const std::string& note) {
          return note.find("the record of what made") != std::string::npos;
        });
    // The device is a fact of the trials: where all of them are lost, nothing tells it.
    const bool no_device = record_lost || found.trials.empty();
    bool right = (no_device ? without_device(found.context) : found.context) ==
                 (no_device ? without_device(expected_.context) : expected_.context);
    for (const auto& [key, line] : found.trials) {
      const auto own = expected_.trials.find(key);
      right = right && own != expected_.trials.end() &&
              (own->second == line ||
               (record_lost && without_maker(own->second) == without_maker(line)));
    }
    const auto lost = static_cast<int>(expected_.trials.size() - found.trials.size());
    const bool named =
        !found.notes.empty() && found.notes.front().find("store.sqlite") != std::string::npos;
    if (right && lost == 0 && found.notes.empty()) {
      ++outcomes_.same;
    } else if (right && named && lost >= 0) {
      ++outcomes_.named;
      outcomes_.lost += lost;
    } else {
      ++outcomes_.changed;
      outcomes_.changes +=
          fmt::format(", {} ({}, {} trials left out, notes: {})", what,
                      right ? "the same" : "other numbers", lost, fmt::join(found.notes, " "));
    }
  }

  /// The next run: what is damaged is dropped and made again.
  void mend_and_check() {
    {
      Store store(folder_.path());
      store.mend();
      store.restore({synthetic_trial(0).made_by});
      fill_synthetic_store(store, kDamagedTrials);
      CHECK(store.finished().size() == kDamagedTrials);
    }
    const Reported found = reported(folder_.path());
    CHECK(found.trials == expected_.trials);
    CHECK(found.context == expected_.context);
    CHECK(found.notes.empty());
  }

  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "store.sqlite"; }
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
  [[nodiscard]] const std::string& whole() const { return whole_; }
  [[nodiscard]] const Reported& expected() const { return expected_; }
  [[nodiscard]] const Outcomes& outcomes() const { return outcomes_; }
  [[nodiscard]] std::string text() const {
    return fmt::format("{} the same, {} named ({} trials left out), {} refused, {} changed{}",
                       outcomes_.same, outcomes_.named, outcomes_.lost, outcomes_.refused,
                       outcomes_.changed, outcomes_.changes);
  }

 private:
  TemporaryFolder folder_;
  std::string whole_;
  Reported expected_;
  Outcomes outcomes_;
};

}  // namespace

TEST_CASE("a flipped bit never changes what is reported") {
  Damaged store;
  const int flips = wanted_cases("SPURION_FLIPS", 500);
  std::mt19937_64 random(1);
  for (int i = 0; i < flips; ++i) {
    std::string bytes = store.whole();
    const std::size_t at = random() % bytes.size();
    const auto bit = static_cast<unsigned>(random() % 8);
    bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1U << bit));
    store.try_bytes(bytes, fmt::format("at byte {} bit {}", at, bit));
    if (i % 50 == 0 && store.outcomes().refused == 0) store.mend_and_check();
  }
  if (flips > 500) WARN(flips << " flips: " << store.text());
  INFO(store.text());
  CHECK(store.outcomes().changed == 0);
  // Most of the file is rows of trials: their damage is named, and costs one trial.
  CHECK(store.outcomes().named > flips / 2);
  CHECK(store.outcomes().lost < 2 * store.outcomes().named);
}

TEST_CASE("a stretch of zeros or a cut never changes what is reported") {
  Damaged store;
  std::mt19937_64 random(2);
  const int cuts = wanted_cases("SPURION_CUTS", 50);
  for (int i = 0; i < cuts; ++i) {
    std::string bytes = store.whole();
    const std::size_t at = random() % (bytes.size() / 512) * 512;
    bytes.replace(at, 512, 512, '\0');
    store.try_bytes(bytes, fmt::format("zeros at {}", at));
    store.try_bytes(store.whole().substr(0, random() % bytes.size()), "cut");
  }
  if (cuts > 50) WARN(cuts << " cuts and " << cuts << " stretches of zeros: " << store.text());
  INFO(store.text());
  CHECK(store.outcomes().changed == 0);
}

TEST_CASE("the next run makes again what a page of zeros has lost") {
  Damaged store;
  for (const double where : {0.1, 0.5, 0.9}) {
    std::string bytes = store.whole();
    const auto page = static_cast<std::size_t>(static_cast<double>(bytes.size()) * where) / 4096;
    bytes.replace(page * 4096, 4096, 4096, '\0');
    write_bytes(store.file(), bytes);
    const Store damaged(store.folder());
    CHECK_FALSE(damaged.damage().empty());
    CHECK(damaged.finished().size() > kDamagedTrials / 2);
  }
  store.mend_and_check();
}

namespace {

/// What a store says after these statements of SQL.
StoredResults after(const Damaged& store, const std::string& sql) {
  write_bytes(store.file(), store.whole());
  harness::sqlite::Database(store.file(), harness::sqlite::Access::write).execute(sql);
  return read_results(store.folder());
}

}  // namespace

TEST_CASE("rows that were deleted, added or written over are found and made again") {
  Damaged store;
  const std::string id = synthetic_trial(3).spec.id();
  const std::string place = " WHERE id = '" + id + "'";
  for (const std::string& sql :
       {"UPDATE trial SET numbers = json_remove(numbers, '$[2]')" + place,
        "UPDATE trial SET numbers = json_set(numbers, '$[2]', 'abc')" + place,
        "UPDATE trial SET numbers = json_set(numbers, '$[2]', 0.5)" + place,
        "UPDATE trial SET numbers = json_set(numbers, '$[2]', NULL)" + place,
        "UPDATE trial SET numbers = json_insert(numbers, '$[#]', 0.5)" + place,
        "UPDATE trial SET numbers = '[]'" + place, "UPDATE trial SET numbers = x'00'" + place,
        "UPDATE trial SET layout = x'00112233445566778899aabbccddeeff'" + place,
        "UPDATE trial SET spec = replace(spec, '\"rows\":50', '\"rows\":51')" + place,
        "UPDATE trial SET spec = '{damaged'" + place, "UPDATE trial SET status = 'failed'" + place,
        "UPDATE trial SET flops = 1" + place,
        "UPDATE trial SET id = 'ffffffffffffffffffffffffffffffff'" + place}) {
    INFO(sql);
    const StoredResults found = after(store, sql);
    CHECK(found.trials.size() == store.expected().trials.size() - 1);
    REQUIRE(found.notes.size() == 1);
    CHECK_THAT(found.notes.front(),
               Contains("store.sqlite': trial ") && Contains(" is damaged") &&
                   Contains("the next 'spurion run' of the suite runs them again"));
    store.mend_and_check();
  }
}

TEST_CASE("a whole trial that is there twice counts once, and is told") {
  Damaged store;
  {
    harness::sqlite::Database database(store.file(), harness::sqlite::Access::write);
    harness::TrialRow row;
    {
      harness::TrialRows rows(database);
      for (int i = 0; i < 7; ++i) REQUIRE(rows.next(row));
    }
    for (const std::int64_t number : {5000, 5001}) {
      row.trial.number = number;
      harness::StoreWriter(database).write(row.trial, row.result, row.spec, row.numbers);
    }
  }
  const StoredResults found = read_results(store.folder());
  CHECK(found.trials.size() == store.expected().trials.size());
  REQUIRE(found.notes.size() == 1);
  CHECK_THAT(found.notes.front(), Contains("2 trials are damaged ("));
  CHECK(reported(store.folder()).trials == store.expected().trials);
  store.mend_and_check();
}

TEST_CASE("rows that are gone without a trace are missed") {
  Damaged store;
  const std::string id = synthetic_trial(3).spec.id();
  const std::string place = " WHERE id = '" + id + "'";
  const StoredResults trial =
      after(store, "DELETE FROM membership WHERE trial = (SELECT number FROM trial" + place +
                       "); DELETE FROM trial" + place);
  CHECK_THAT(trial.notes.front(), Contains("a trial is missing"));
  store.mend_and_check();
  const StoredResults membership = after(store, "DELETE FROM membership WHERE trial = 5");
  CHECK_THAT(membership.notes.front(), Contains("which experiment a trial belongs to are damaged"));
  store.mend_and_check();
  CHECK_THROWS_WITH(after(store, "DELETE FROM context WHERE key = 'access.erm'"),
                    Contains("facts of its run") && Contains("run its suite"));
  store.mend_and_check();
  CHECK_THROWS_AS(after(store, "UPDATE context SET value = 'x' WHERE key = 'suite'"), StoreError);
  store.mend_and_check();
  CHECK_THROWS_WITH(after(store, "DROP TABLE trial"), Contains("tables are damaged"));
  {
    const Store dropped(store.folder());
    CHECK(dropped.finished().empty());
  }
  store.mend_and_check();
  CHECK(after(store, "PRAGMA user_version = 7").notes.size() == 1);
  store.mend_and_check();
}

TEST_CASE("of what numbers are one record may be lost, whichever it is") {
  Damaged store;
  for (const char* name : {"layout", "layout_copy"}) {
    const std::string table = name;
    for (const std::string& sql :
         {"UPDATE " + table + " SET rows = replace(rows, 'accuracy', 'accuracz')",
          "UPDATE " + table + " SET key = x'00'", "DELETE FROM " + table}) {
      INFO(sql);
      const StoredResults found = after(store, sql);
      CHECK(found.trials.size() == store.expected().trials.size());
      REQUIRE(found.notes.size() == 1);
      CHECK_THAT(found.notes.front(), Contains("one of the two records of what its numbers are"));
      store.mend_and_check();
    }
    CHECK_THROWS_WITH(after(store, "DROP TABLE " + table), Contains("tables are damaged"));
    store.mend_and_check();
  }
  CHECK(after(store, "DELETE FROM layout; DELETE FROM layout_copy").trials.empty());
  store.mend_and_check();
}

TEST_CASE("a damaged store is not written to before it is mended, and what is mended is kept") {
  Damaged store;
  after(store, "UPDATE trial SET flops = 1 WHERE number = 5");
  const std::string damaged = bytes_of(store.file());
  Store open(store.folder());
  CHECK_THROWS_WITH(open.append({synthetic_trial(1000)}),
                    Contains("is damaged: trial ") && Contains("spurion prune"));
  open.mend();
  CHECK(open.damage().empty());
  CHECK(bytes_of(store.file().string() + ".damaged") == damaged);
  CHECK(open.finished().size() == kDamagedTrials - 1);
}

TEST_CASE("a store that is damaged again is kept beside the copies of before") {
  Damaged store;
  std::vector<std::string> damaged;
  for (const char* number : {"5", "6", "7"}) {
    after(store, fmt::format("UPDATE trial SET flops = 1 WHERE number = {}", number));
    damaged.push_back(bytes_of(store.file()));
    Store(store.folder()).mend();
  }
  const std::string kept = store.file().string() + ".damaged";
  CHECK(bytes_of(kept) == damaged[0]);
  CHECK(bytes_of(kept + "_2") == damaged[1]);
  CHECK(bytes_of(kept + "_3") == damaged[2]);
  CHECK_FALSE(std::filesystem::exists(kept + ".partial"));
}

TEST_CASE("a lost record of what made trials is told, and their numbers stay") {
  Damaged store;
  const StoredResults found = after(store, "UPDATE provenance SET facts = facts || ' '");
  CHECK(found.trials.size() == store.expected().trials.size());
  REQUIRE(found.notes.size() == 1);
  CHECK_THAT(found.notes.front(), Contains("the record of what made 200 of its trials is damaged"));
  Store open(store.folder());
  CHECK(open.damage().empty());
  const std::string id = synthetic_trial(1).spec.id();
  CHECK(open.made_by(id) == nullptr);
  // What makes the same trials now has the same key.
  open.restore({synthetic_trial(1).made_by});
  CHECK(open.made_by(id) != nullptr);
  CHECK(reported(store.folder()).trials == store.expected().trials);
}

TEST_CASE("a store whose writer was killed in the middle reads as before") {
  Damaged store;
  const TemporaryFolder killed;
  {
    harness::sqlite::Database writer(store.file(), harness::sqlite::Access::write);
    writer.execute("PRAGMA cache_size=2; BEGIN; UPDATE trial SET flops = 0, numbers = '[]'");
    for (const char* name : {"store.sqlite", "store.sqlite-journal"}) {
      std::filesystem::copy_file(store.folder() / name, killed.path() / name);
    }
    writer.execute("ROLLBACK");
  }
  CHECK(bytes_of(killed.path() / "store.sqlite") != store.whole());
  const Reported found = reported(killed.path());
  CHECK(found.trials == store.expected().trials);
  CHECK(found.notes.empty());
}
