#pragma once

#include <string>

#include "spurion/export.hpp"
#include "spurion/tensor.hpp"

namespace spurion::harness {

/// Whether predictions, float64 [N] or [N, C], are probabilities by the look of them: with several
/// columns none is negative and each row sums to 1 within rounding; with one, all lie in [0, 1]. As
/// logits these would be odd: a model that says class 1 in every row.
SPURION_API bool look_like_probabilities(const Tensor& values);

/// Logits that give these probabilities: of several columns the logarithms, of one (of class 1)
/// log(p / (1 - p)); float64 [N, C]. What is 0 or 1 by rounding counts as 2^-149 off it. Throws
/// `DataError`, which says the row, when some are no probabilities; `place` is how errors call
/// them.
SPURION_API Tensor logits_of_probabilities(const Tensor& values, const std::string& place);

}  // namespace spurion::harness
