#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace spurion::core {

/// A number with its noun: "1 column", "2 columns". `noun`: one whose plural ends in -s.
template <class Count>
std::string counted(Count number, const std::string& noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

/// The verb after a number of things: "is" after 1, else "are".
template <class Count>
const char* is_or_are(Count number) {
  return number == 1 ? "is" : "are";
}

}  // namespace spurion::core
