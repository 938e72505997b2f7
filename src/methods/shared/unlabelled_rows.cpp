#include "methods/shared/unlabelled_rows.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "engine/matrix/matmul.hpp"
#include "spurion/losses.hpp"

namespace spurion::methods {

Tensor class_probabilities(Task task, const Tensor& logits) {
  if (task == Task::binary) {
    return at::cat({losses::sigmoid(-logits), losses::sigmoid(logits)}, 2);
  }
  const Tensor powers = losses::exp(logits - std::get<0>(logits.detach().max(2, true)));
  return powers / powers.sum(2, true);
}

Tensor affine_logits(const Tensor& block, const Tensor& features) {
  const std::int64_t count = features.size(2);
  const std::int64_t outputs = block.size(1) / (count + 1);
  const Tensor weights =
      block.narrow(1, 0, count * outputs).reshape({-1, count, outputs}).contiguous();
  return engine::batched_matmul(features.contiguous(), engine::Transpose::no, weights,
                                engine::Transpose::no) +
         block.narrow(1, count * outputs, outputs).unsqueeze(1);
}

Tensor worst_group_shares(const Tensor& right, const Tensor& group, std::int64_t groups) {
  const std::int64_t replicas = right.size(0);
  const std::int64_t rows = right.size(1);
  const Tensor is_right = right.contiguous();
  const Tensor label = group.contiguous();
  Tensor out = at::ones({replicas}, at::kDouble);
  for (std::int64_t k = 0; k < replicas; ++k) {
    const bool* own = is_right.data_ptr<bool>() + k * rows;
    const std::int64_t* of = label.data_ptr<std::int64_t>() + (label.size(0) == 1 ? 0 : k * rows);
    std::vector<double> count(static_cast<std::size_t>(groups), 0.0);
    std::vector<double> correct(count);
    for (std::int64_t i = 0; i < rows; ++i) {
      count[static_cast<std::size_t>(of[i])] += 1.0;
      correct[static_cast<std::size_t>(of[i])] += own[i] ? 1.0 : 0.0;
    }
    double& worst = out.data_ptr<double>()[k];
    for (std::size_t g = 0; g < count.size(); ++g) {
      if (count[g] > 0.0) worst = std::min(worst, correct[g] / count[g]);
    }
  }
  return out;
}

}  // namespace spurion::methods
