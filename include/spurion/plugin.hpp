#pragma once

#include <ATen/ATen.h>  // what an author computes with; autograd and modules: <torch/torch.h>
#include <c10/macros/cmake_macros.h>
#include <torch/version.h>

#include <string>

#include "spurion/catalog.hpp"
#include "spurion/export.hpp"
#include "spurion/question.hpp"
#include "spurion/row_tools.hpp"
#include "spurion/version.hpp"

/// \file
/// Out-of-tree environments, models, methods, regimes, metrics, probes and kinds of questions. One
/// source serves both ways:
///
///     #include <spurion/plugin.hpp>
///     static void add(spurion::Catalog& catalog) {
///       catalog.methods.add<MyMethod>("my_method", "What it does", "Me 2026");
///     }
///     SPURION_PLUGIN(my_lab, "1.2", add)
///
/// `spurion_add_plugin(my_lab SOURCES my_method.cpp)` gives `my_lab` (linkable: call
/// `catalog.add(my_lab_plugin())`) and `my_lab_module` (loadable: `spurion --plugin libmy_lab.so`).

#define SPURION_STRINGIFY_(x) #x
/// The value of a macro as text.
#define SPURION_STRINGIFY(x) SPURION_STRINGIFY_(x)
/// What must agree, to the letter, between a plug-in and the library that loads it.
#define SPURION_BUILD_TAG                                                                \
  "spurion " SPURION_VERSION ", LibTorch " TORCH_VERSION ", g++ ABI " SPURION_STRINGIFY( \
      __GXX_ABI_VERSION) ", cxx11 " SPURION_STRINGIFY(_GLIBCXX_USE_CXX11_ABI)

namespace spurion {

/// Raised when a virtual function of a plug-in interface changes, or what a class holds that
/// crosses the border.
constexpr int kPluginApiVersion = 7;

/// `SPURION_BUILD_TAG` as the library was compiled.
SPURION_API std::string build_tag();

/// A plug-in as a linked program sees it.
struct Plugin {
  const char* name;     ///< the first argument of `SPURION_PLUGIN`
  const char* version;  ///< the second argument
  /// Adds what it brings.
  void (*add)(Catalog& catalog);
};

/// What a loadable module exports, in C so that it can be read before any C++ crosses the border.
struct PluginInfo {
  int api_version;        ///< `kPluginApiVersion` as it was compiled
  const char* build_tag;  ///< must equal `build_tag()` of the host, to the letter
  const char* name;       ///< the first argument of `SPURION_PLUGIN`
  const char* version;    ///< the second argument
  /// Adds what it brings.
  void (*add)(Catalog& catalog);
};

}  // namespace spurion

#if defined(SPURION_PLUGIN_MODULE)
#define SPURION_PLUGIN_ENTRY_(plugin_name, plugin_version, add_function)                     \
  extern "C" __attribute__((visibility("default"))) const ::spurion::PluginInfo*             \
  spurion_plugin_info() {                                                                    \
    static const ::spurion::PluginInfo info{::spurion::kPluginApiVersion, SPURION_BUILD_TAG, \
                                            #plugin_name, plugin_version, add_function};     \
    return &info;                                                                            \
  }
#else
#define SPURION_PLUGIN_ENTRY_(plugin_name, plugin_version, add_function)
#endif

/// Defines `Plugin plugin_name_plugin()` and, in a module, its entry point.
#define SPURION_PLUGIN(plugin_name, plugin_version, add_function) \
  ::spurion::Plugin plugin_name##_plugin();                       \
  ::spurion::Plugin plugin_name##_plugin() {                      \
    return {#plugin_name, plugin_version, add_function};          \
  }                                                               \
  SPURION_PLUGIN_ENTRY_(plugin_name, plugin_version, add_function)
