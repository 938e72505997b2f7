#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/store/sqlite.hpp"
#include "spurion/export.hpp"

namespace spurion::harness {

/// Raised when a file of ours has another layout of tables.
constexpr std::int64_t kSchemaVersion = 3;
/// Tells our files from those of other applications: "spur".
constexpr std::int64_t kApplicationId = 0x73707572;

/// A table and the text that makes it, letter by letter as SQLite keeps it.
struct StoreTable {
  const char* name;
  const char* text;
};
const std::vector<StoreTable>& store_tables();
/// The numbers of all trials, a row each, for people who look into a store by hand. Reports do not
/// use it.
const StoreTable& measurement_view();

enum class Layout {
  empty,           ///< a new file, without tables
  whole,           ///< all tables are there as they were made
  damaged_header,  ///< so they are, but the file says that it is something else
  damaged_tables   ///< ours, but tables are missing or defined otherwise
};

/// Throws `StoreError` when the file is another application's, or of another layout than ours.
Layout layout_of(sqlite::Database& database);

/// Makes all tables and the view in an empty file, in the transaction that is open.
SPURION_API void make_tables(sqlite::Database& database);

/// How many trials a store says that it has; 0 where that cannot be read.
std::int64_t told_trials(const sqlite::Database& database);

/// Whether SQLite finds the file as a whole in order, free pages included: to be asked before
/// anything is written to it. Reading needs no more than the rows, which are checked each.
bool structure_is_whole(const sqlite::Database& database);

}  // namespace spurion::harness
