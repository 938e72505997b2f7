#pragma once

#include <string>

namespace spurion::core {

/// Throws `UsageError` with file, line and column where TOML text nests tables and lists deeper
/// than `kDeepestValue`: by brackets, by dots in keys, or by both. A parser would recurse as deep
/// as the text says.
void check_toml_depth(const std::string& text, const std::string& name);

}  // namespace spurion::core
