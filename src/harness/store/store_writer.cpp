#include "harness/store/store_writer.hpp"

#include <fmt/format.h>

#include <fstream>
#include <unordered_set>

#include "core/whole_rename.hpp"
#include "harness/store/measurement_layout.hpp"
#include "harness/store/store_tables.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

sqlite::Statement& StoreWriter::prepared(std::unique_ptr<sqlite::Statement>& statement,
                                         const char* text) {
  if (!statement) statement = std::make_unique<sqlite::Statement>(*database_, text);
  return *statement;
}

Digest StoreWriter::write(const ContextRow& row) {
  const Digest seal = seal_of(row);
  sqlite::Statement(*database_,
                    "INSERT OR REPLACE INTO context(key, value, owner, seal) VALUES(?,?,?,?)")
      .bind(1, row.key)
      .bind(2, row.value)
      .bind(3, row.owner)
      .bind(4, seal)
      .run();
  return seal;
}

Digest StoreWriter::write(const StoredMembership& row, const MembershipGroup& group) {
  const Digest seal = seal_of(row, group);
  prepared(membership_,
           "INSERT OR REPLACE INTO membership(trial, suite, experiment, former, seal) "
           "VALUES(?,?,?,?,?)")
      .bind(1, row.trial)
      .bind(2, group.suite)
      .bind(3, group.experiment)
      .bind(4, static_cast<std::int64_t>(row.former ? 1 : 0))
      .bind(5, seal)
      .run();
  return seal;
}

Digest StoreWriter::write(const StoredTrial& trial, const TrialResult& result,
                          const std::string& spec, const std::string& numbers) {
  const Digest seal = seal_of(trial, result, spec, numbers);
  prepared(trial_,
           "INSERT INTO trial(number, id, spec, status, message, flops, steps, rows_seen, "
           "labels_used, seconds, replicas, provenance, layout, numbers, seal) "
           "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
      .bind(1, trial.number)
      .bind(2, trial.id.text())
      .bind(3, spec)
      .bind(4, std::string_view(status_name(result.status)))
      .bind(5, result.message)
      .bind(6, result.cost.flops)
      .bind(7, result.cost.steps)
      .bind(8, result.cost.rows_seen)
      .bind(9, result.cost.labels_used)
      .bind(10, result.cost.seconds)
      .bind(11, result.cost.replicas)
      .bind(12, trial.provenance)
      .bind(13, trial.layout)
      .bind(14, numbers)
      .bind(15, seal)
      .run();
  return seal;
}

void StoreWriter::write_layout(const Digest& key, const std::string& rows) {
  for (const char* text : {"INSERT OR REPLACE INTO layout(key, rows) VALUES(?,?)",
                           "INSERT OR REPLACE INTO layout_copy(key, rows) VALUES(?,?)"}) {
    sqlite::Statement(*database_, text).bind(1, key).bind(2, rows).run();
  }
}

void StoreWriter::write_provenance(const Digest& key, const std::string& facts) {
  sqlite::Statement(*database_, "INSERT OR REPLACE INTO provenance(key, facts) VALUES(?,?)")
      .bind(1, key)
      .bind(2, facts)
      .run();
}

void StoreWriter::write_tallies(const Tally& context, const Tally& trials,
                                const Tally& memberships) {
  sqlite::Statement insert(*database_,
                           "INSERT OR REPLACE INTO tally(part, rows, sum, seal) VALUES(?,?,?,?)");
  const auto write_one = [&](const std::string& part, const Tally& tally) {
    insert.bind(1, part).bind(2, tally.rows).bind(3, tally.sum).bind(4, seal_of(part, tally)).run();
  };
  write_one("context", context);
  write_one("trial", trials);
  write_one("membership", memberships);
}

void StoreWriter::erase_context(const std::string& key, const std::string& owner) {
  sqlite::Statement(*database_, "DELETE FROM context WHERE key = ? AND owner = ?")
      .bind(1, key)
      .bind(2, owner)
      .run();
}

void StoreWriter::erase_result(std::int64_t number) {
  sqlite::Statement(*database_, "DELETE FROM trial WHERE number = ?").bind(1, number).run();
}

void StoreWriter::erase_trial(std::int64_t number) {
  sqlite::Statement(*database_, "DELETE FROM membership WHERE trial = ?").bind(1, number).run();
  erase_result(number);
}

void StoreWriter::erase_provenance(const Digest& key) {
  sqlite::Statement(*database_, "DELETE FROM provenance WHERE key = ?").bind(1, key).run();
}

void StoreWriter::erase_layout(const Digest& key) {
  for (const char* text :
       {"DELETE FROM layout WHERE key = ?", "DELETE FROM layout_copy WHERE key = ?"}) {
    sqlite::Statement(*database_, text).bind(1, key).run();
  }
}

void make_store(sqlite::Database& database, const StoreContent& content) {
  sqlite::Transaction transaction(database);
  make_tables(database);
  StoreWriter writer(database);
  Tally context;
  Tally trials;
  Tally memberships;
  for (const ContextRow& row : content.context) context.add(writer.write(row));
  for (const auto& [key, record] : content.provenance) {
    writer.write_provenance(key, record->facts());
  }
  std::unordered_set<Digest, DigestHash> layouts;
  for (std::size_t i = 0; i < content.trials.size(); ++i) {
    const TrialResult& result = content.results.at(i);
    if (layouts.insert(content.trials[i].layout).second) {
      writer.write_layout(content.trials[i].layout, packed_rows(result.measurements));
    }
    trials.add(writer.write(content.trials[i], result, result.spec.canonical().canonical_json(),
                            packed_values(result.measurements)));
  }
  for (const StoredMembership& row : content.memberships) {
    memberships.add(writer.write(row, content.groups.at(row.group)));
  }
  writer.write_tallies(context, trials, memberships);
  transaction.commit();
}

namespace {

/// Puts the definitions of the tables back as they were made: each table's first page follows that
/// of the one before it.
void restore_definitions(const std::filesystem::path& file) {
  sqlite::Database database(file, sqlite::Access::write);
  try {
    database.execute("PRAGMA writable_schema=ON");
    std::int64_t page = 2;
    for (const StoreTable& table : store_tables()) {
      sqlite::Statement(database,
                        "UPDATE sqlite_master SET type = 'table', name = ?1, tbl_name = ?1, "
                        "sql = ?2 WHERE rootpage = ?3")
          .bind(1, std::string_view(table.name))
          .bind(2, std::string_view(table.text))
          .bind(3, page++)
          .run();
    }
    // The view has no page to be found by.
    sqlite::Statement(database, "DELETE FROM sqlite_master WHERE type <> 'table'").run();
    sqlite::Statement(database,
                      "INSERT INTO sqlite_master(type, name, tbl_name, rootpage, sql) "
                      "VALUES('view', ?1, ?1, 0, ?2)")
        .bind(1, std::string_view(measurement_view().name))
        .bind(2, std::string_view(measurement_view().text))
        .run();
  } catch (const StoreError&) {
    // What can be read without is read.
  }
}

void remove_file(const std::filesystem::path& file) {
  std::error_code error;
  std::filesystem::remove(file, error);
  if (error) {
    throw StoreError(fmt::format("cannot remove '{}': {}", file.string(), error.message()));
  }
}

/// Copies a damaged store to "store.sqlite.damaged", or where that is kept already to
/// "store.sqlite.damaged_2" and so on. A mend that was killed may have changed the file, so what an
/// earlier one kept is never written over. The copy gets its name once it is whole.
std::filesystem::path keep_damaged(const std::filesystem::path& file) {
  const std::string stem = file.string() + ".damaged";
  std::filesystem::path kept = stem;
  std::error_code error;
  for (int number = 2; std::filesystem::exists(kept, error); ++number) {
    kept = fmt::format("{}_{}", stem, number);
  }
  const std::filesystem::path copied = stem + ".partial";
  std::filesystem::copy_file(file, copied, std::filesystem::copy_options::overwrite_existing,
                             error);
  try {
    if (error) throw StoreError(error.message());
    core::put_in_place(copied, kept);
  } catch (const StoreError& problem) {
    std::filesystem::remove(copied, error);
    throw StoreError(fmt::format("store '{}' is damaged, and no copy of it can be written: {}",
                                 file.string(), problem.what()));
  }
  return kept;
}

}  // namespace

std::filesystem::path write_anew(const std::filesystem::path& file) {
  std::filesystem::path kept = keep_damaged(file);
  const std::filesystem::path made = file.string() + ".partial";
  remove_file(made);
  remove_file(made.string() + "-journal");
  restore_definitions(file);
  StoreContent content;
  try {
    sqlite::Database damaged(file, sqlite::Access::write);
    content = read_store(damaged, StoreDetail::results);
  } catch (const sqlite::DamagedFile&) {
    content = {};  // nothing can be read: all of it is made again
  }
  {
    sqlite::Database database(made, sqlite::Access::write);
    database.execute(kSafeWriting);
    make_store(database, content);
  }
  // Of the damaged file: it would be taken for one of the new.
  remove_file(file.string() + "-journal");
  core::put_in_place(made, file);
  return kept;
}

bool has_our_header(const std::filesystem::path& file) {
  constexpr std::size_t kApplicationAt = 68;
  std::ifstream stream(file, std::ios::binary);
  std::string bytes(100, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  std::int64_t application = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    application = application * 256 + static_cast<unsigned char>(bytes[kApplicationAt + i]);
  }
  return stream && application == kApplicationId && bytes.compare(0, 15, "SQLite format 3") == 0;
}

}  // namespace spurion::harness
