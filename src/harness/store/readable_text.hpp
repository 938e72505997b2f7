#pragma once

#include <optional>

#include "spurion/error.hpp"

namespace spurion::harness {

/// What `read` gives of a text; empty where it refuses it. A text whose seal is right is what was
/// written, but another program may have written it.
template <class Read>
auto readable(const Read& read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const UsageError&) {
    return std::nullopt;
  }
}

}  // namespace spurion::harness
