#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "spurion/export.hpp"

namespace spurion::harness {

class FolderLock;

/// How a folder on a network file system is written.
struct StagingOptions {
  std::filesystem::path local;  ///< folder on a local disk to work below; empty: no staging
  double seconds = 60.0;        ///< between two copies
  /// Told why a copy failed, or that the folder cannot be locked; the run goes on.
  std::function<void(const std::string&)> complain;
};

/// Where a run should work that writes into `folder`: `StagingOptions::local` is set where the
/// folder lies on a network file system and there is a local disk.
SPURION_API StagingOptions staging_for(const std::filesystem::path& folder);

/// The output folder of a run. SQLite writes many small pieces, and depends on locks that network
/// file systems do not all have. So what lies on one is worked on in a folder on a local disk. Its
/// store and its checkpoints are copied back whole, each as a new file that takes the place of the
/// old: now and then, and at the end. A run that is killed goes on from the last copies, on any
/// machine.
class SPURION_API StagedFolder {
 public:
  /// Copies what the folder holds to the local disk. Throws `StoreError`: where it is in use, or
  /// cannot be copied.
  StagedFolder(const std::filesystem::path& folder, StagingOptions options);
  /// Copies back what it can, and says nothing.
  ~StagedFolder();
  StagedFolder(const StagedFolder&) = delete;
  StagedFolder& operator=(const StagedFolder&) = delete;

  /// Where to work.
  [[nodiscard]] const std::filesystem::path& path() const { return work_; }
  [[nodiscard]] bool is_staged() const { return work_ != folder_; }
  /// Copies all of it back. Throws `StoreError`.
  void copy_back();
  /// The last copy. The local folder goes away. Throws `StoreError`, and then keeps it.
  void finish();

 private:
  void fetch() const;
  void copy_now_and_then();
  void stop_thread();

  std::filesystem::path folder_;
  std::filesystem::path work_;
  StagingOptions options_;
  std::unique_ptr<FolderLock> lock_;
  std::mutex mutex_;
  std::mutex copying_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace spurion::harness
