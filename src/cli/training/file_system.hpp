#pragma once

#include <filesystem>
#include <string>

namespace spurion::cli {

/// A file system as results meet it.
struct FileSystem {
  std::string kind;         ///< "ext4", "nfs"; "type 0x1234" of one without a name here
  bool network = false;     ///< another machine has the files
  double free_bytes = 0.0;  ///< that this user may use
  double seconds_to_keep =
      0.0;              ///< of 4 kB until they are on the disk; negative: cannot be written
  std::string problem;  ///< why it cannot be written; empty: it can
};

/// Looks at the folder, or at the nearest one above it that is there. Writes and deletes a file.
FileSystem file_system_of(const std::filesystem::path& folder);

}  // namespace spurion::cli
