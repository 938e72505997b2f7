#include "harness/store/store_check.hpp"

#include <algorithm>
#include <system_error>

#include "harness/store/folder_lock.hpp"
#include "harness/store/merge_stores.hpp"
#include "harness/store/store_content.hpp"
#include "harness/store/store_files.hpp"
#include "harness/store/store_tables.hpp"
#include "harness/store/store_writer.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

CheckedStore check_store(const std::filesystem::path& file) {
  CheckedStore checked;
  checked.file = file;
  try {
    sqlite::Database database(file, sqlite::Access::read);
    StoreContent content = read_store(database, StoreDetail::index);
    checked.trials = content.trial_tally.rows;
    checked.damage = std::move(content.damage);
    checked.damaged_trials = std::move(content.damaged_trials);
    checked.makers_lost = content.makers_lost;
    // Also of what no row lies in: a writer would come upon it.
    if (checked.damage.empty() && !structure_is_whole(database)) {
      checked.damage.emplace_back("the structure of the file is damaged");
    }
  } catch (const sqlite::DamagedFile& error) {
    checked.problem = error.what();
    checked.can_be_repaired = has_our_header(file);
  } catch (const StoreError& error) {
    checked.problem = error.what();
    checked.can_be_repaired = false;
  }
  return checked;
}

/// The stores of a folder, and of its shards.
std::vector<std::filesystem::path> all_stores(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> shards;
  if (std::filesystem::is_directory(folder, error)) shards = shard_stores(folder);
  if (shards.empty()) return store_files(folder);  // says what is wrong where it has none
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".sqlite") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  files.insert(files.end(), shards.begin(), shards.end());
  return files;
}

}  // namespace

std::vector<CheckedStore> check_stores(const std::filesystem::path& folder) {
  std::vector<CheckedStore> checked;
  for (const auto& file : all_stores(folder)) checked.push_back(check_store(file));
  return checked;
}

std::vector<RepairedStore> repair_stores(const std::filesystem::path& folder) {
  std::vector<RepairedStore> repaired;
  for (const auto& file : all_stores(folder)) {
    const FolderLock lock(file.parent_path());
    RepairedStore& one = repaired.emplace_back();
    one.before = check_store(file);
    if (one.before.needs_repair()) one.copy = write_anew(file);
    one.after = one.copy.empty() ? one.before : check_store(file);
  }
  return repaired;
}

}  // namespace spurion::harness
