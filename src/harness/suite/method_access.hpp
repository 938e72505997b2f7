#pragma once

#include <string>

#include "spurion/trial.hpp"

namespace spurion::harness {

/// The fact of a run that says what a method with these options needs to see, where that differs
/// from what "access.NAME" says of methods of its name.
inline std::string method_access_key(const Component& method) {
  return "access." + method.name + "#" + method.options.canonical_json();
}

}  // namespace spurion::harness
