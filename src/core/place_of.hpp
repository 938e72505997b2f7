#pragma once

#include <string>

#include "spurion/value.hpp"

namespace spurion {

/// How a message about a value of a file begins: "suite.toml:3: "; empty for a value of no file.
inline std::string place_of(const Value& value) {
  const std::string where = value.where().text();
  return where.empty() ? "" : where + ": ";
}

}  // namespace spurion
