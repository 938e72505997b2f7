#pragma once

#include <string>

#include "spurion/export.hpp"

namespace spurion::catalog {

/// What a loadable plug-in says of itself: `PluginInfo` without the function that it brings.
struct PluginClaims {
  int api_version = 0;
  const char* build_tag = nullptr;
  const char* name = nullptr;
  const char* version = nullptr;
  bool adds = false;  ///< it brings a function
};

/// What a plug-in must agree with.
struct PluginHost {
  int api_version = 0;
  std::string build_tag;
};

/// Why a plug-in is refused; empty where it is not. `file`: its name in quotes. Name
/// and version become parts of stores and pages, so that they are short and plain text.
SPURION_API std::string plugin_refusal(const PluginClaims& claims, const std::string& file,
                                       const PluginHost& host);

}  // namespace spurion::catalog
