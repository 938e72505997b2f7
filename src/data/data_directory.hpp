#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/image_source.hpp"

/// \file
/// Where image data are, and whether they are there. `datasets/install.sh` puts them there.

namespace spurion::data {

/// `$SPURION_DATA`, else `$XDG_DATA_HOME/spurion`, else `~/.local/share/spurion`. It need not
/// exist.
SPURION_API std::filesystem::path data_directory();

struct SourceStatus {
  std::string name;
  bool installed = false;
  std::filesystem::path folder;  ///< where its files are or belong; empty if built in
  std::string detail;            ///< what is there, or what is wrong with the first bad file
  std::string install_command;   ///< what installs it; empty if built in
};

/// Looks at the names and sizes of the files of a source in `directory`, not at their content, so
/// it takes no time.
SPURION_API SourceStatus source_status(const std::string& name, const ImageSourceInfo& info,
                                       const std::filesystem::path& directory);

/// `folder/name` or, where only that is there, `folder/name.gz`.
SPURION_API std::filesystem::path idx_path(const std::filesystem::path& folder,
                                           const std::string& name);

}  // namespace spurion::data
