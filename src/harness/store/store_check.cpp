#include "harness/store/store_check.hpp"

#include <fmt/format.h>

#include "harness/store/folder_lock.hpp"
#include "harness/store/store_content.hpp"
#include "harness/store/store_files.hpp"
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

}  // namespace

std::vector<CheckedStore> check_stores(const std::filesystem::path& folder) {
  std::vector<CheckedStore> checked;
  for (const auto& file : store_files(folder)) checked.push_back(check_store(file));
  return checked;
}

std::vector<RepairedStore> repair_stores(const std::filesystem::path& folder) {
  const auto files = store_files(folder);
  const FolderLock lock(folder);
  std::vector<RepairedStore> repaired;
  for (const auto& file : files) {
    RepairedStore& one = repaired.emplace_back();
    one.before = check_store(file);
    if (one.before.needs_repair()) one.copy = write_anew(file);
    one.after = one.copy.empty() ? one.before : check_store(file);
  }
  return repaired;
}

}  // namespace spurion::harness
