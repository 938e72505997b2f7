#pragma once

// LibTorch defines CHECK too; its definition must come first for Catch2's to win.
#include <c10/util/Logging.h>
#undef CHECK

// Catch2 version 2 (Debian 12) and version 3 (Debian 13) from one include.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
namespace Catch {
// Version 2's names for them.
inline auto Contains(const std::string& text) { return Matchers::ContainsSubstring(text); }
inline auto StartsWith(const std::string& text) { return Matchers::StartsWith(text); }
}  // namespace Catch
#else
#include <catch2/catch.hpp>
#endif
