#pragma once

#include <string>
#include <vector>

#include "spurion/error.hpp"
#include "spurion/value.hpp"

namespace spurion::core {

/// How a message about a value of a file begins: "suite.toml:3: "; empty for a value of no file.
inline std::string place_of(const Value& value) {
  const std::string where = value.where().text();
  return where.empty() ? "" : where + ": ";
}

/// `unknown_name_message` that says whose the name is: "unknown option 'alpah' of two_bit; did you
/// mean ...". `owner`: "of two_bit".
inline std::string unknown_name_of(const std::string& kind, const std::string& name,
                                   const std::string& owner,
                                   const std::vector<std::string>& candidates) {
  std::string message = unknown_name_message(kind, name, candidates);
  const std::string start = "unknown " + kind + " '" + name + "'";
  return message.insert(start.size(), " " + owner);
}

}  // namespace spurion::core
