#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "catalog/plugin_claims.hpp"
#include "fuzz/targets.hpp"

namespace {

/// A text, or null where nothing is left.
const char* next_text(std::string_view& bytes, std::string& text) {
  if (bytes.empty()) return nullptr;
  const std::size_t end = std::min(bytes.find('\0'), bytes.size());
  text = bytes.substr(0, end);
  bytes.remove_prefix(std::min(end + 1, bytes.size()));
  return text.c_str();
}

}  // namespace

void spurion::fuzz::plugin(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  catalog::PluginClaims claims;
  claims.api_version = bytes.empty() ? 0 : bytes.front() - '0';
  bytes.remove_prefix(std::min<std::size_t>(1, bytes.size()));
  std::array<std::string, 3> texts;
  claims.build_tag = next_text(bytes, texts[0]);
  claims.name = next_text(bytes, texts[1]);
  claims.version = next_text(bytes, texts[2]);
  claims.adds = !bytes.empty();
  const catalog::PluginHost host{7, "spurion 1"};
  const std::string refusal = catalog::plugin_refusal(claims, "'libmine.so'", host);
  // It names the file, and a terminal may show it; what is taken has a name and a version.
  const bool taken = refusal.empty();
  const bool plain = std::none_of(refusal.begin(), refusal.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' && c != '\n';
  });
  const bool right = claims.api_version == 7 && texts[0] == "spurion 1" && claims.adds;
  if (taken && (!right || texts[1].empty() || texts[2].empty())) std::abort();
  if (!taken && (!plain || refusal.find("'libmine.so'") == std::string::npos)) std::abort();
}
