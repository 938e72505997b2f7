#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "spurion/export.hpp"

namespace spurion::harness {

/// The network file system with this magic number of `statfs`, such as "NFS"; empty where it is
/// none of them.
SPURION_API std::string network_file_system(std::uint64_t magic);

/// The network file system that a path lies on, or would lie on once it is made; empty where it
/// lies on a disk of this machine, or that is not known.
SPURION_API std::string network_file_system(const std::filesystem::path& path);

/// A folder on a disk of this machine for files of a run: `$SLURM_TMPDIR`, `$TMPDIR`, /tmp or, in
/// memory, /dev/shm: the first that is a folder and on no network file system. Empty where there is
/// none.
SPURION_API std::filesystem::path local_folder();

}  // namespace spurion::harness
