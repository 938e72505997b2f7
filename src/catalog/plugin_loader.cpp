#include <dlfcn.h>
#include <fmt/format.h>

#include "catalog/plugin_claims.hpp"
#include "core/failure.hpp"
#include "spurion/catalog.hpp"
#include "spurion/plugin.hpp"

namespace spurion {

std::string build_tag() { return SPURION_BUILD_TAG; }

void Catalog::load_plugin(const std::filesystem::path& file) {
#if defined(SPURION_STATIC)
  throw PluginError(fmt::format(
      "cannot load '{}': this spurion was built as a static library (BUILD_SHARED_LIBS=OFF); link "
      "the plug-in instead",
      file.string()));
#else
  std::error_code unreachable;
  if (!std::filesystem::exists(file, unreachable)) {
    throw PluginError(fmt::format("plug-in '{}' does not exist", file.string()));
  }
  // To open a pipe would wait for ever.
  if (std::filesystem::is_fifo(file, unreachable)) {
    throw PluginError(fmt::format("plug-in '{}' is a pipe, not a library", file.string()));
  }
  // Never closed: things registered from it, and exceptions thrown by it, may outlive any scope
  // here.
  void* handle = dlopen(std::filesystem::absolute(file).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    throw PluginError(fmt::format("cannot load plug-in '{}': {}", file.string(), dlerror()));
  }
  using Entry = const PluginInfo* (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(handle, "spurion_plugin_info"));
  if (entry == nullptr) {
    throw PluginError(fmt::format(
        "'{}' is not a spurion plug-in: it has no symbol spurion_plugin_info (build it with "
        "spurion_add_plugin, and load the file of the target NAME_module)",
        file.string()));
  }
  const PluginInfo* info = nullptr;
  try {
    info = entry();
  } catch (...) {
    throw PluginError(fmt::format("plug-in '{}' is refused: {}", file.string(),
                                  core::one_line(std::current_exception())));
  }
  if (info == nullptr) {
    throw PluginError(fmt::format("plug-in '{}' has no description of itself", file.string()));
  }
  const catalog::PluginClaims claims{info->api_version, info->build_tag, info->name, info->version,
                                     info->add != nullptr};
  const std::string refusal = catalog::plugin_refusal(claims, fmt::format("'{}'", file.string()),
                                                      {kPluginApiVersion, build_tag()});
  if (!refusal.empty()) throw PluginError(refusal);
  add_from(Plugin{info->name, info->version, info->add}, fmt::format("'{}'", file.string()));
#endif
}

}  // namespace spurion
