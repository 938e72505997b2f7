#pragma once

#include <c10/macros/cmake_macros.h>
#include <torch/version.h>

#include <string>

#include "spurion/export.hpp"

#define SPURION_VERSION "0.1.0"

#define SPURION_STRINGIFY_(x) #x
#define SPURION_STRINGIFY(x) SPURION_STRINGIFY_(x)
/// What must agree, to the letter, between a plug-in and the library that loads it.
#define SPURION_BUILD_TAG                                                                \
  "spurion " SPURION_VERSION ", LibTorch " TORCH_VERSION ", g++ ABI " SPURION_STRINGIFY( \
      __GXX_ABI_VERSION) ", cxx11 " SPURION_STRINGIFY(_GLIBCXX_USE_CXX11_ABI)

namespace spurion {

/// Raised when a virtual function of a plug-in interface changes, or what a class holds that
/// crosses the border.
constexpr int kPluginApiVersion = 4;

SPURION_API std::string version();
/// `SPURION_BUILD_TAG` as the library was compiled.
SPURION_API std::string build_tag();
/// LibTorch, oneDNN, compiler, CPU: what a report prints under "how it was run".
SPURION_API std::string build_description();

}  // namespace spurion
