#pragma once

#include <string>

#include "spurion/export.hpp"

/// The version of spurion, here and nowhere else: CMake reads it from this line. CHANGELOG.md says
/// when it grows.
#define SPURION_VERSION "0.2.0"

namespace spurion {

/// `SPURION_VERSION` as the library was compiled.
SPURION_API std::string version();
/// What this spurion was built with, and where it is: "spurion 0.2.0, LibTorch 1.13.0, oneDNN
/// 2.6.3, g++ 12.2.0, NAME OF THE PROCESSOR (8 cores)". Stores tell what ran.
SPURION_API std::string build_description();

}  // namespace spurion
