#pragma once

#include "nouns/weighted_mean.hpp"
#include "spurion/method.hpp"

namespace spurion::methods {

using nouns::weighted_mean;

/// One step of exponentiated-gradient ascent (Sagawa et al. 2020): q_e exp(step R_e), normalised.
/// `weights` [K, E], or undefined: equal ones; `step_size` [K]; `risks` [K, E], a constant.
Tensor ascended(const Tensor& weights, const Tensor& step_size, const Tensor& risks);

/// Rows of each group, [K or 1, groups] int64, for group labels [K or 1, B].
Tensor count_groups(const Tensor& group, std::int64_t groups);

/// Group labels of a batch, [K or 1, B]. Throws `LogicError` where the regime left them out.
Tensor groups_of(const Batch& batch);

/// Throws `UsageError` unless the environment has groups; `method` needs them.
void require_groups(const char* method, const MethodContext& context);

}  // namespace spurion::methods
