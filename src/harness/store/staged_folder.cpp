#include "harness/store/staged_folder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "core/blake2b.hpp"
#include "harness/store/folder_lock.hpp"
#include "harness/store/network_folder.hpp"
#include "harness/store/sqlite.hpp"
#include "harness/store/stored_facts.hpp"
#include "harness/store/whole_copy.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

constexpr const char* kCheckpoints = "checkpoints";
constexpr const char* kState = ".state";

/// One of this user and folder: a task that starts again on the same machine clears it.
std::filesystem::path work_folder(const std::filesystem::path& local,
                                  const std::filesystem::path& folder) {
  std::error_code ignored;
  const std::string place = std::filesystem::absolute(folder, ignored).string();
  core::Blake2b hash;
  hash.update(place.data(), place.size());
  return local / fmt::format("spurion_{}_{}", ::getuid(), core::hex(hash.finish()).substr(0, 12));
}

/// Names of the files in a folder that are `wanted`.
template <class Wanted>
std::set<std::string> names_in(const std::filesystem::path& folder, const Wanted& wanted) {
  std::set<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (wanted(entry->path())) names.insert(entry->path().filename().string());
  }
  return names;
}

/// States of packs.
std::set<std::string> states_in(const std::filesystem::path& folder) {
  return names_in(folder, [](const auto& file) { return file.extension() == kState; });
}

/// Copies of damaged stores that a mend has kept.
std::set<std::string> damaged_in(const std::filesystem::path& folder) {
  const std::string start = fmt::format("{}.damaged", kStoreFile);
  return names_in(folder, [&](const auto& file) {
    return file.filename().string().compare(0, start.size(), start) == 0 &&
           file.extension() != ".partial";
  });
}

void make_folder_or_refuse(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw StoreError(
        fmt::format("cannot create folder '{}': {}", folder.string(), error.message()));
  }
}

/// Where a run that worked in the folder itself was killed while it wrote, SQLite's journal takes
/// back what it had not finished: here, and in the folder, whose next store that journal must not
/// meet.
void undo_half_written(const std::filesystem::path& folder, const std::filesystem::path& work) {
  const std::string journal = fmt::format("{}-journal", kStoreFile);
  std::error_code ignored;
  if (!std::filesystem::exists(folder / journal, ignored)) return;
  copy_whole(folder / journal, work / journal);
  {
    sqlite::Database database(work / kStoreFile, sqlite::Access::write);
    database.execute("SELECT 1 FROM sqlite_master");
  }
  const std::filesystem::path undone = folder / "store.undone";
  copy_store(work / kStoreFile, undone);
  std::filesystem::remove(folder / journal);
  std::filesystem::rename(undone, folder / kStoreFile);
}

}  // namespace

StagingOptions staging_for(const std::filesystem::path& folder) {
  StagingOptions options;
  if (!network_file_system(folder).empty()) options.local = local_folder();
  return options;
}

StagedFolder::StagedFolder(const std::filesystem::path& folder, StagingOptions options)
    : folder_(folder), work_(folder), options_(std::move(options)) {
  if (options_.local.empty()) return;
  make_folder_or_refuse(folder_);
  try {
    lock_ = std::make_unique<FolderLock>(folder_);
  } catch (const NoLocks&) {
    if (options_.complain) {
      options_.complain(fmt::format(
          "'{}' cannot be locked, since its file system has no locks: see that no other "
          "run uses it. Files in it are replaced whole, so two runs would lose work, but "
          "not damage it",
          folder_.string()));
    }
  }
  work_ = work_folder(options_.local, folder_);
  fetch();
  thread_ = std::thread([this] { copy_now_and_then(); });
}

StagedFolder::~StagedFolder() {
  if (!is_staged()) return;
  stop_thread();
  try {
    copy_back();
  } catch (const std::exception&) {
    return;  // what is not copied stays on the local disk
  }
  std::error_code ignored;
  std::filesystem::remove_all(work_, ignored);
}

void StagedFolder::fetch() const {
  std::error_code ignored;
  std::filesystem::remove_all(work_, ignored);
  make_folder_or_refuse(work_ / kCheckpoints);
  if (std::filesystem::exists(folder_ / kStoreFile, ignored)) {
    copy_whole(folder_ / kStoreFile, work_ / kStoreFile);
    undo_half_written(folder_, work_);
  }
  for (const std::string& name : states_in(folder_ / kCheckpoints)) {
    copy_whole(folder_ / kCheckpoints / name, work_ / kCheckpoints / name);
  }
}

void StagedFolder::copy_back() {
  if (!is_staged()) return;
  const std::lock_guard<std::mutex> guard(copying_);
  // States first: those of packs that end meanwhile are then in the store that is copied next.
  std::set<std::string> kept = states_in(work_ / kCheckpoints);
  if (!kept.empty()) make_folder_or_refuse(folder_ / kCheckpoints);
  for (const std::string& name : std::set<std::string>(kept)) {
    try {
      copy_whole(work_ / kCheckpoints / name, folder_ / kCheckpoints / name);
    } catch (const StoreError&) {
      std::error_code ignored;
      if (std::filesystem::exists(work_ / kCheckpoints / name, ignored)) throw;
      kept.erase(name);  // its pack has ended
    }
  }
  std::error_code ignored;
  if (std::filesystem::exists(work_ / kStoreFile, ignored)) {
    copy_store(work_ / kStoreFile, folder_ / kStoreFile);
  }
  for (const std::string& name : damaged_in(work_)) {
    if (!std::filesystem::exists(folder_ / name, ignored)) {
      copy_whole(work_ / name, folder_ / name);
    }
  }
  for (const std::string& name : states_in(folder_ / kCheckpoints)) {
    if (kept.count(name) == 0) std::filesystem::remove(folder_ / kCheckpoints / name, ignored);
  }
  if (kept.empty()) std::filesystem::remove(folder_ / kCheckpoints, ignored);
}

void StagedFolder::copy_now_and_then() {
  std::string told;
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait_for(lock, std::chrono::duration<double>(options_.seconds),
                        [this] { return ending_; });
      if (ending_) return;
    }
    try {
      copy_back();
    } catch (const std::exception& error) {
      if (told == error.what()) continue;
      told = error.what();
      if (options_.complain) {
        options_.complain(
            fmt::format("results could not be copied from '{}' yet: {}", work_.string(), told));
      }
    }
  }
}

void StagedFolder::stop_thread() {
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void StagedFolder::finish() {
  if (!is_staged()) return;
  stop_thread();
  try {
    copy_back();
  } catch (const StoreError& error) {
    throw StoreError(fmt::format("{}; the results are complete in '{}': copy that folder",
                                 error.what(), work_.string()));
  }
  std::error_code ignored;
  std::filesystem::remove_all(work_, ignored);
  work_ = folder_;
  lock_.reset();
}

}  // namespace spurion::harness
