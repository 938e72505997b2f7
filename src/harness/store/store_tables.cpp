#include "harness/store/store_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace spurion::harness {

const std::vector<StoreTable>& store_tables() {
  static const std::vector<StoreTable> tables = {
      {"context",
       "CREATE TABLE context(key TEXT NOT NULL, value TEXT NOT NULL, owner TEXT NOT NULL, "
       "seal BLOB NOT NULL, PRIMARY KEY(key, owner)) WITHOUT ROWID"},
      {"tally",
       "CREATE TABLE tally(part TEXT PRIMARY KEY, rows INTEGER NOT NULL, sum BLOB NOT NULL, "
       "seal BLOB NOT NULL) WITHOUT ROWID"},
      {"provenance",
       "CREATE TABLE provenance(key BLOB PRIMARY KEY, facts TEXT NOT NULL) WITHOUT ROWID"},
      // What the numbers of trials are, twice: all trials of a layout would be lost with it.
      {"layout", "CREATE TABLE layout(key BLOB PRIMARY KEY, rows TEXT NOT NULL) WITHOUT ROWID"},
      {"layout_copy",
       "CREATE TABLE layout_copy(key BLOB PRIMARY KEY, rows TEXT NOT NULL) WITHOUT ROWID"},
      {"trial",
       "CREATE TABLE trial(number INTEGER PRIMARY KEY, id TEXT NOT NULL, spec TEXT NOT NULL, "
       "status TEXT NOT NULL, message TEXT NOT NULL, flops REAL NOT NULL, steps INTEGER NOT NULL, "
       "rows_seen INTEGER NOT NULL, labels_used INTEGER NOT NULL, seconds REAL NOT NULL, "
       "replicas INTEGER NOT NULL, provenance BLOB NOT NULL, layout BLOB NOT NULL, "
       "numbers TEXT NOT NULL, seal BLOB NOT NULL)"},
      {"membership",
       "CREATE TABLE membership(trial INTEGER NOT NULL REFERENCES trial(number), "
       "suite TEXT NOT NULL, experiment TEXT NOT NULL, former INTEGER NOT NULL, "
       "seal BLOB NOT NULL, PRIMARY KEY(trial, suite, experiment)) WITHOUT ROWID"}};
  return tables;
}

const StoreTable& measurement_view() {
  static const StoreTable view = {
      "measurement",
      "CREATE VIEW measurement AS SELECT trial.number AS trial, number.key AS row, "
      "json_extract(what.value, '$[0]') AS phase, json_extract(what.value, '$[1]') AS step, "
      "json_extract(what.value, '$[2]') AS domain, json_extract(what.value, '$[4]') AS shift, "
      "json_extract(what.value, '$[3]') AS metric, number.value AS value "
      "FROM trial JOIN layout ON layout.key = trial.layout "
      "JOIN json_each(trial.numbers) AS number "
      "JOIN json_each(layout.rows) AS what ON what.key = number.key"};
  return view;
}

namespace {

std::int64_t pragma(const sqlite::Database& database, const char* name) {
  sqlite::Statement query(database, fmt::format("PRAGMA {}", name));
  query.step();
  return query.integer(0);
}

}  // namespace

Layout layout_of(sqlite::Database& database) {
  const std::int64_t application = pragma(database, "application_id");
  const std::int64_t version = pragma(database, "user_version");
  std::map<std::string, std::string> found;
  sqlite::Statement query(database, "SELECT name, sql FROM sqlite_master");
  while (query.step()) found.emplace(query.text(0), query.text(1));
  const auto has = [&](const StoreTable& table) {
    const auto own = found.find(table.name);
    return own != found.end() && own->second == table.text;
  };
  const std::vector<StoreTable>& tables = store_tables();
  const bool whole = std::all_of(tables.begin(), tables.end(), has) && has(measurement_view());
  if (whole) {
    // With all of our tables it is ours, whatever its header says.
    return application == kApplicationId && version == kSchemaVersion ? Layout::whole
                                                                      : Layout::damaged_header;
  }
  if (application == 0 && version == 0 && found.empty()) return Layout::empty;
  const bool of_the_first = application == 0 && version == 1 && found.count("trial") != 0;
  const bool of_an_earlier =
      application == kApplicationId && version > 0 && version < kSchemaVersion;
  if (of_the_first || of_an_earlier) {
    throw StoreError(fmt::format(
        "store '{}' has layout {} of an earlier spurion, this one reads and writes layout {}; run "
        "into another folder (--out), or use the spurion that made it",
        database.file(), version, kSchemaVersion));
  }
  if (application != kApplicationId) {
    throw StoreError(
        fmt::format("'{}' is a database of another application, not a spurion store; use another "
                    "folder (--out)",
                    database.file()));
  }
  if (version != kSchemaVersion) {
    throw StoreError(
        fmt::format("store '{}' has layout {}, this spurion reads and writes layout {}; run into "
                    "another folder "
                    "(--out), or use the spurion that made it",
                    database.file(), version, kSchemaVersion));
  }
  return Layout::damaged_tables;
}

void make_tables(sqlite::Database& database) {
  for (const StoreTable& table : store_tables()) database.execute(table.text);
  database.execute(measurement_view().text);
  database.execute(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", kApplicationId,
                               kSchemaVersion));
}

std::int64_t told_trials(const sqlite::Database& database) {
  try {
    sqlite::Statement rows(database, "SELECT rows FROM tally WHERE part = 'trial'");
    return rows.step() ? rows.integer(0) : 0;
  } catch (const sqlite::DamagedFile&) {
    return 0;
  }
}

bool structure_is_whole(const sqlite::Database& database) {
  try {
    sqlite::Statement check(database, "PRAGMA quick_check(1)");
    return check.step() && check.view(0) == "ok";
  } catch (const sqlite::DamagedFile&) {
    return false;
  }
}

}  // namespace spurion::harness
