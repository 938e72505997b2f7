#pragma once

#include <cstddef>
#include <cstdint>

/// \file
/// What the fuzzers feed: each function reads the bytes as a file of its kind and ends the process
/// when a reader breaks its promise.

namespace spurion::fuzz {

void csv(const std::uint8_t* data, std::size_t size);
void npy(const std::uint8_t* data, std::size_t size);
void npz(const std::uint8_t* data, std::size_t size);
void idx(const std::uint8_t* data, std::size_t size);

}  // namespace spurion::fuzz
