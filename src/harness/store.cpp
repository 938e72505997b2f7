#include "spurion/store.hpp"

#include <fmt/format.h>

#include <mutex>

#include "harness/folder_lock.hpp"
#include "harness/sqlite.hpp"
#include "spurion/error.hpp"

namespace spurion {

namespace {

constexpr const char* kTables = R"sql(
CREATE TABLE IF NOT EXISTS context(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trial(
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, spec TEXT NOT NULL, status TEXT NOT NULL,
  message TEXT NOT NULL, flops REAL NOT NULL, steps INTEGER NOT NULL, rows_seen INTEGER NOT NULL,
  labels_used INTEGER NOT NULL, seconds REAL NOT NULL, replicas INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS membership(
  trial TEXT NOT NULL, experiment TEXT NOT NULL, PRIMARY KEY(trial, experiment)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS measurement(
  trial INTEGER NOT NULL REFERENCES trial(number), phase INTEGER NOT NULL, step INTEGER NOT NULL,
  domain TEXT NOT NULL, shift REAL, metric TEXT NOT NULL, value REAL);
CREATE INDEX IF NOT EXISTS measurement_trial ON measurement(trial);
)sql";

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw StoreError(
        fmt::format("cannot create output folder '{}': {}", folder.string(), error.message()));
  }
}

}  // namespace

struct Store::State {
  State(const std::filesystem::path& folder, const std::string& file_name)
      : lock(folder), database(folder / file_name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) {}

  FolderLock lock;
  sqlite::Database database;
  std::mutex mutex;
};

Store::Store(const std::filesystem::path& folder, const std::string& file_name) {
  make_folder(folder);
  state_ = std::make_unique<State>(folder, file_name);
  sqlite::Database& database = state_->database;
  // WAL with full synchronisation: a commit that returned survives a kill and a power cut.
  database.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
  sqlite::Statement version(database, "PRAGMA user_version");
  version.step();
  const std::int64_t found = version.integer(0);
  if (found != 0 && found != sqlite::kSchemaVersion) {
    throw StoreError(
        fmt::format("store '{}' has layout {}, this spurion writes {}; use another --out",
                    database.file(), found, sqlite::kSchemaVersion));
  }
  database.execute("BEGIN IMMEDIATE");
  database.execute(kTables);
  database.execute(fmt::format("PRAGMA user_version={}", sqlite::kSchemaVersion));
  database.execute("COMMIT");
}

Store::~Store() = default;

std::set<std::string> Store::finished() const {
  std::set<std::string> ids;
  sqlite::Statement query(state_->database, "SELECT id FROM trial");
  while (query.step()) ids.insert(query.text(0));
  return ids;
}

namespace {

/// Rolls back unless committed.
class Transaction {
 public:
  explicit Transaction(sqlite::Database& database) : database_(&database) {
    database.execute("BEGIN IMMEDIATE");
  }
  ~Transaction() {
    if (!done_) sqlite3_exec(database_->get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    database_->execute("COMMIT");
    done_ = true;
  }

 private:
  sqlite::Database* database_;
  bool done_ = false;
};

}  // namespace

void Store::append(const std::vector<TrialResult>& results) {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  sqlite::Database& database = state_->database;
  Transaction transaction(database);
  sqlite::Statement trial(database,
                          "INSERT OR IGNORE INTO trial(id, spec, status, message, flops, steps, "
                          "rows_seen, labels_used, seconds, replicas) VALUES(?,?,?,?,?,?,?,?,?,?)");
  sqlite::Statement measurement(database,
                                "INSERT INTO measurement(trial, phase, step, domain, shift, "
                                "metric, value) VALUES(?,?,?,?,?,?,?)");
  for (const TrialResult& result : results) {
    trial.bind(1, result.spec.id())
        .bind(2, result.spec.canonical().canonical_json())
        .bind(3, std::string(status_name(result.status)))
        .bind(4, result.message)
        .bind(5, result.cost.flops)
        .bind(6, result.cost.steps)
        .bind(7, result.cost.rows_seen)
        .bind(8, result.cost.labels_used)
        .bind(9, result.cost.seconds)
        .bind(10, result.cost.replicas)
        .run();
    if (sqlite3_changes(database.get()) == 0) continue;
    const std::int64_t number = sqlite3_last_insert_rowid(database.get());
    for (const Measurement& row : result.measurements) {
      measurement.bind(1, number)
          .bind(2, row.phase)
          .bind(3, row.step)
          .bind(4, row.domain)
          .bind(5, row.shift)
          .bind(6, row.metric)
          .bind(7, row.value)
          .run();
    }
  }
  transaction.commit();
}

void Store::set_memberships(const std::vector<std::pair<std::string, std::string>>& memberships) {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  Transaction transaction(state_->database);
  sqlite::Statement insert(state_->database,
                           "INSERT OR IGNORE INTO membership(trial, experiment) VALUES(?,?)");
  for (const auto& [id, experiment] : memberships) insert.bind(1, id).bind(2, experiment).run();
  transaction.commit();
}

void Store::set_context(const std::map<std::string, std::string>& context) {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  Transaction transaction(state_->database);
  sqlite::Statement insert(state_->database,
                           "INSERT OR REPLACE INTO context(key, value) VALUES(?,?)");
  for (const auto& [key, value] : context) insert.bind(1, key).bind(2, value).run();
  transaction.commit();
}

std::map<std::string, std::string> Store::context() const {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  std::map<std::string, std::string> all;
  sqlite::Statement query(state_->database, "SELECT key, value FROM context");
  while (query.step()) all.emplace(query.text(0), query.text(1));
  return all;
}

}  // namespace spurion
