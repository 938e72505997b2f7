#pragma once

#include <string>

#include "spurion/export.hpp"

namespace spurion::core {

/// "spurion 0.2.0, LibTorch 1.13.0, oneDNN 2.6.3, g++ 12.2.0, NAME OF THE PROCESSOR (8 cores)",
/// with these versions of LibTorch and oneDNN.
SPURION_API std::string build_text(const std::string& libtorch, const std::string& onednn);

}  // namespace spurion::core
