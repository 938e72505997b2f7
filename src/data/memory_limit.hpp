#pragma once

#include <string>

#include "spurion/export.hpp"

/// \file
/// What a file unpacks to is held against the memory that is free before it is unpacked: a few
/// bytes may stand for very many.

namespace spurion::data {

/// Bytes that this process can still take, about: what the system, the limits of this process
/// (`ulimit -v`) and of its control group leave.
SPURION_API double free_memory();

/// Throws a `DataError` when `bytes` are more than is free. `place` is how errors call the file,
/// `what` says what needs them: "the array float32 [1000000000, 3]".
SPURION_API void require_memory(double bytes, const std::string& place, const std::string& what);

}  // namespace spurion::data
