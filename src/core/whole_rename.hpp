#pragma once

#include <filesystem>

#include "spurion/export.hpp"

namespace spurion::core {

/// Gives the complete file `beside` the name `file`, in place of what had it. Both lie in one
/// folder. After a power cut the name belongs to the one or the other, and each is whole. Throws
/// `StoreError`, also where the disk turns out not to have taken all bytes.
SPURION_API void put_in_place(const std::filesystem::path& beside,
                              const std::filesystem::path& file);

}  // namespace spurion::core
