#pragma once

#include <vector>

#include "acting/rollout.hpp"
#include "spurion/export.hpp"
#include "spurion/random.hpp"
#include "spurion/tensor.hpp"

/// \file
/// From the logits of a policy to actions and back.

namespace spurion::acting {

/// The most probable action, int64 [K, B] in host memory, from logits [K, B, A]; of equals the
/// first.
SPURION_API Tensor greedy_actions(const Tensor& logits);
/// One action for each episode, int64 [K, B] in host memory, drawn from the softmax of the logits
/// [K, B, A]. The draw of replica k is that of `keys[k]` at (episode number, step), so it depends
/// on nothing else.
SPURION_API Tensor sampled_actions(const Tensor& logits, const std::vector<RandomKey>& keys,
                                   const Rollout& rollout);

}  // namespace spurion::acting
