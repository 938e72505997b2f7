#pragma once

#include <cstdint>
#include <string>

#include "spurion/environment.hpp"
#include "spurion/random.hpp"
#include "spurion/tensor.hpp"

namespace spurion::conformance {

/// In the batches that things are tested with.
inline constexpr std::int64_t kReplicas = 3;

/// True when both are undefined, or have the same type, shape and bits (so NaN equals NaN, and 0
/// differs from -0).
bool same_bits(const Tensor& a, const Tensor& b);
/// Where two tensors differ, "shape [3, 5] against [3, 4]" or "at [0, 3]: 1.5 against 1.25"; empty
/// when `same_bits`.
std::string difference(const Tensor& a, const Tensor& b);
/// Fails naming `what` unless `same_bits`.
void require_same_bits(const std::string& what, const Tensor& a, const Tensor& b);
/// Fails naming the member unless all members are `same_bits`.
void require_same_rows(const std::string& what, const Sample& a, const Sample& b);
/// Rows first .. first + count - 1 of a sample.
Sample slice(const Sample& sample, std::int64_t first, std::int64_t count);
/// Fails unless every element of a floating-point tensor is finite.
void require_finite(const std::string& what, const Tensor& values);

/// Standard normals of this shape, float32; element i is row i of the stream.
Tensor normals(const RandomKey& key, const Shape& shape);

}  // namespace spurion::conformance
