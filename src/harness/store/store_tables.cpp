#include "harness/store/store_tables.hpp"

#include <fmt/format.h>

#include <map>

namespace spurion {

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
      {"trial",
       "CREATE TABLE trial(number INTEGER PRIMARY KEY, id TEXT NOT NULL, spec TEXT NOT NULL, "
       "status TEXT NOT NULL, message TEXT NOT NULL, flops REAL NOT NULL, steps INTEGER NOT NULL, "
       "rows_seen INTEGER NOT NULL, labels_used INTEGER NOT NULL, seconds REAL NOT NULL, "
       "replicas INTEGER NOT NULL, provenance BLOB NOT NULL, seal BLOB NOT NULL)"},
      {"membership",
       "CREATE TABLE membership(trial INTEGER NOT NULL REFERENCES trial(number), "
       "suite TEXT NOT NULL, experiment TEXT NOT NULL, former INTEGER NOT NULL, "
       "seal BLOB NOT NULL, PRIMARY KEY(trial, suite, experiment)) WITHOUT ROWID"},
      {"measurement",
       "CREATE TABLE measurement(trial INTEGER NOT NULL REFERENCES trial(number), "
       "row INTEGER NOT NULL, phase INTEGER NOT NULL, step INTEGER NOT NULL, domain TEXT NOT NULL, "
       "shift REAL, metric TEXT NOT NULL, value REAL, PRIMARY KEY(trial, row)) WITHOUT ROWID"}};
  return tables;
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
  sqlite::Statement query(database, "SELECT name, sql FROM sqlite_master WHERE type = 'table'");
  while (query.step()) found.emplace(query.text(0), query.text(1));
  bool whole = true;
  for (const StoreTable& table : store_tables()) {
    const auto own = found.find(table.name);
    whole = whole && own != found.end() && own->second == table.text;
  }
  if (whole) {
    // With all of our tables it is ours, whatever its header says.
    return application == kApplicationId && version == kSchemaVersion ? Layout::whole
                                                                      : Layout::damaged_header;
  }
  if (application == 0 && version == 0 && found.empty()) return Layout::empty;
  if (application == 0 && version == 1 && found.count("trial") != 0) {
    throw StoreError(fmt::format(
        "store '{}' has layout 1 of an earlier spurion, this one reads and writes layout {}; run "
        "into another folder (--out)",
        database.file(), kSchemaVersion));
  }
  if (application != kApplicationId) {
    throw StoreError(
        fmt::format("'{}' is a database of another application, not a spurion store; use another "
                    "folder (--out)",
                    database.file()));
  }
  if (version != kSchemaVersion) {
    throw StoreError(fmt::format(
        "store '{}' has layout {}, this spurion reads and writes layout {}; use another folder "
        "(--out), or the spurion that made it",
        database.file(), version, kSchemaVersion));
  }
  return Layout::damaged_tables;
}

void make_tables(sqlite::Database& database) {
  for (const StoreTable& table : store_tables()) database.execute(table.text);
  database.execute(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", kApplicationId,
                               kSchemaVersion));
}

}  // namespace spurion
