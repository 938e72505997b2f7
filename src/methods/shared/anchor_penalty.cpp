#include "methods/shared/anchor_penalty.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "spurion/losses.hpp"

namespace spurion::methods {

namespace {
constexpr std::int64_t kChunk = 8;  // rows at once: each has parameters of its own
}  // namespace

Tensor AnchorPenalty::value(const Tensor& parameters) const {
  return strength_ * (importance_ * (parameters - anchor_).pow(2)).sum(1);
}

Tensor AnchorPenalty::gradient(const Tensor& parameters) const {
  return 2.0 * strength_.unsqueeze(1) * importance_ * (parameters.detach() - anchor_);
}

Tensor mean_row_gradient(ReplicaTrainer& trainer, const Batch& rows, RowFunction function,
                         EntryReduction reduction) {
  const std::int64_t replicas = trainer.replicas();
  const std::int64_t count = rows.domains * rows.rows_per_domain;
  const Tensor targets = rows.y.flatten(1);
  Tensor sum = at::zeros_like(trainer.parameters().detach());
  for (std::int64_t first = 0; first < count; first += kChunk) {
    const std::int64_t chunk = std::min(kChunk, count - first);
    const auto each_row = [&](const Tensor& values) {
      Shape shape = values.sizes().vec();
      shape[0] = replicas;
      Tensor own = values.expand(shape).narrow(1, first, chunk).flatten(0, 1).unsqueeze(1);
      return own.contiguous();
    };
    const Tensor parameters = trainer.parameters()
                                  .detach()
                                  .unsqueeze(1)
                                  .expand({replicas, chunk, sum.size(1)})
                                  .reshape({replicas * chunk, sum.size(1)})
                                  .contiguous()
                                  .requires_grad_(true);
    const Tensor logits = trainer.model().forward_anywhere(parameters, each_row(rows.x)).logits;
    Tensor values = function == RowFunction::loss
                        ? losses::row_loss(rows.task, logits, each_row(targets))
                        : logits.pow(2).sum(2);
    if (rows.weight.defined()) values = values * each_row(rows.weight.flatten(1));
    values = values.sum();
    const Tensor gradient =
        torch::autograd::grad({values}, {parameters})[0].reshape({replicas, chunk, sum.size(1)});
    sum += (reduction == EntryReduction::square ? gradient.pow(2) : gradient.abs()).sum(1);
  }
  return sum / static_cast<double>(count);
}

double row_gradient_bytes(const MemorySizes& sizes) {
  // Parameters of each row, their gradient, and its square.
  return static_cast<double>(kChunk) * (3.0 * sizes.parameters + sizes.activations);
}

}  // namespace spurion::methods
