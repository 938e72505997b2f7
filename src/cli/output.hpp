#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

#include "spurion/export.hpp"

namespace spurion::cli {

/// Writes text for people: control characters in names and titles are shown as signs, not obeyed by
/// the terminal. A failure is not told at once but by `output_problem`.
SPURION_API void print_text(std::FILE* file, const std::string& text);

template <class... Arguments>
void print(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  print_text(stdout, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <class... Arguments>
void print(std::FILE* file, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  print_text(file, fmt::format(format, std::forward<Arguments>(arguments)...));
}

/// Where the caller closed a standard stream, the next file that is opened would take its number,
/// and what is printed would end in that file. Holds the place with a stream that cannot be
/// written.
void hold_closed_streams();

/// A sentence when something printed to the standard output was lost; else empty.
std::string output_problem();

}  // namespace spurion::cli
