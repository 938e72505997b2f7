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
/// A suite as TOML.
void suite(const std::uint8_t* data, std::size_t size);
/// A plan: the bytes as they are, and once more as what lies between the first line and the hash of
/// a whole plan.
void plan(const std::uint8_t* data, std::size_t size);
/// The file of a store.
void store(const std::uint8_t* data, std::size_t size);
/// The texts in a row of a store whose seals are right: parted by zero bytes.
void row(const std::uint8_t* data, std::size_t size);
/// What a plug-in says of itself: a letter for the API, then texts parted by zero bytes.
void plugin(const std::uint8_t* data, std::size_t size);

}  // namespace spurion::fuzz
