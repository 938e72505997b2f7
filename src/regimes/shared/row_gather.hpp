#pragma once

#include <cstddef>
#include <cstdint>

#include "spurion/tensor.hpp"

/// \file
/// Copies rows of tensors whose first axis counts rows, as fast as memory allows.

namespace spurion::regimes {

/// The bytes of one row.
std::size_t row_bytes(const Tensor& rows);

/// Brings a tensor into cache from start to end, faster than its rows come in random order.
void fetch_rows(const Tensor& rows);

/// Copies rows `index[0]` .. `index[count - 1]` of `from` to `to`.
void gather_rows(const Tensor& from, const std::int64_t* index, std::int64_t count, char* to);

/// Copies rows `first` .. `first + count - 1` of `from` to `to`; returns where the next row goes.
char* copy_rows(const Tensor& from, std::int64_t first, std::int64_t count, char* to);

}  // namespace spurion::regimes
