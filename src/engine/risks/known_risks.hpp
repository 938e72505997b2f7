#pragma once

#include "spurion/model.hpp"
#include "spurion/tensor.hpp"

namespace spurion::engine {

/// Sum over domains of `factors` [K, E] times `gradients` [K, E, P], in the order of the domains;
/// [K, P]. float32, not differentiable.
Tensor weighted_sum(const Tensor& factors, const Tensor& gradients);

/// The risks as a node of which `parameters` is the input; differentiable once.
Tensor with_gradients(const Tensor& parameters, const DomainRisks& known);

}  // namespace spurion::engine
