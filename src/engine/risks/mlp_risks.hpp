#pragma once

#include "engine/risks/known_risks.hpp"
#include "engine/risks/mlp_node.hpp"
#include "spurion/environment.hpp"

namespace spurion::engine {

/// Whether gradients of so many domains are small enough to be held apart.
bool mlp_risks_apply(const MlpShape& shape, Task task, std::int64_t domains);

/// Forward and backward pass of K replicas, replica by replica, with what lies in between in
/// buffers that stay in the first-level cache. `parameters` [K, P] contiguous; `x` [K or 1, E * B,
/// D]; `y` [K or 1, E, B] labels (binary) or targets (regression). A replica's bits do not depend
/// on K.
DomainRisks mlp_risks(const MlpShape& shape, const Tensor& parameters, const Tensor& x,
                      const Tensor& y, Task task);

}  // namespace spurion::engine
