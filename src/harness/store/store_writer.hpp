#pragma once

#include <filesystem>
#include <string>

#include "harness/store/store_content.hpp"
#include "spurion/export.hpp"

namespace spurion::harness {

/// How a store is written: without a write-ahead log, which network file systems and read-only
/// media do not bear; EXTRA: a commit that returned survives a kill and a power cut.
constexpr const char* kSafeWriting = "PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA;";

/// Writes rows and their seals, in the transaction that is open.
class SPURION_API StoreWriter {
 public:
  explicit StoreWriter(sqlite::Database& database) : database_(&database) {}

  /// Each gives the seal of the row. One of the same key is overwritten.
  Digest write(const ContextRow& row);
  Digest write(const StoredMembership& row, const MembershipGroup& group);
  /// Under the number, id, provenance and layout of `trial`. `spec`: its canonical text; `numbers`:
  /// the values of its packed measurements.
  Digest write(const StoredTrial& trial, const TrialResult& result, const std::string& spec,
               const std::string& numbers);
  /// Both copies of what the numbers of some trials are.
  void write_layout(const Digest& key, const std::string& rows);
  void write_provenance(const Digest& key, const std::string& facts);
  void write_tallies(const Tally& context, const Tally& trials, const Tally& memberships);

  void erase_context(const std::string& key, const std::string& owner);
  /// With its memberships.
  void erase_trial(std::int64_t number);
  /// The trial, not its memberships.
  void erase_result(std::int64_t number);
  void erase_provenance(const Digest& key);
  void erase_layout(const Digest& key);

 private:
  sqlite::Statement& prepared(std::unique_ptr<sqlite::Statement>& statement, const char* text);

  sqlite::Database* database_;
  std::unique_ptr<sqlite::Statement> trial_;
  std::unique_ptr<sqlite::Statement> membership_;
};

/// Makes the tables in an empty file and writes all of `content` into them, in one transaction.
void make_store(sqlite::Database& database, const StoreContent& content);

/// Replaces a damaged store by one with all in it that is whole. The damaged file is kept beside
/// it: gives the path of the copy, FILE.damaged, or FILE.damaged_2 and so on where there are such.
std::filesystem::path write_anew(const std::filesystem::path& file);

/// Whether a file begins as a database of ours does, whatever else is damaged.
bool has_our_header(const std::filesystem::path& file);

}  // namespace spurion::harness
