#include "catalog/plugin_claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "core/printable.hpp"

namespace spurion::catalog {

namespace {

/// Longest text that is read of a plug-in, in bytes.
constexpr std::size_t kLongest = 200;

/// At most so much of a text, on one line and without what a terminal would obey.
std::string shown(const char* text) {
  std::string out = core::printable(std::string(text, ::strnlen(text, kLongest)));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return out;
}

/// Whether a text may be shown and stored as it is.
bool is_plain(const char* text) {
  const std::size_t length = ::strnlen(text, kLongest + 1);
  return length > 0 && length <= kLongest && shown(text) == text;
}

}  // namespace

std::string plugin_refusal(const PluginClaims& claims, const std::string& file,
                           const PluginHost& host) {
  if (claims.api_version != host.api_version) {
    return fmt::format("plug-in {} was made for plug-in API {}, this spurion has {}: rebuild it",
                       file, claims.api_version, host.api_version);
  }
  if (claims.build_tag == nullptr || host.build_tag != claims.build_tag) {
    return fmt::format(
        "plug-in {} was built for\n  {}\nbut this is\n  {}\nrebuild it against this spurion", file,
        claims.build_tag == nullptr ? "nothing" : shown(claims.build_tag), host.build_tag);
  }
  if (claims.name == nullptr || claims.version == nullptr || !claims.adds) {
    return fmt::format("plug-in {} lacks a name, a version or a registration", file);
  }
  for (const char* text : {claims.name, claims.version}) {
    if (is_plain(text)) continue;
    return fmt::format(
        "plug-in {} has the name '{}' and the version '{}': each must be 1 to {} bytes of UTF-8 "
        "on one line",
        file, shown(claims.name), shown(claims.version), kLongest);
  }
  return {};
}

}  // namespace spurion::catalog
