#include "methods/shared/distillation.hpp"

#include <ATen/ATen.h>

#include "spurion/losses.hpp"

namespace spurion::methods {

Tensor log_probabilities(const Tensor& logits) {
  const Tensor shifted = logits - std::get<0>(logits.detach().max(-1, true));
  return shifted - losses::log(losses::exp(shifted).sum(-1, true));
}

Tensor distillation(Task task, const Tensor& student, const Tensor& teacher, double temperature) {
  if (task == Task::regression) return (student - teacher).pow(2).flatten(1).mean(1);
  const double scale = temperature * temperature;
  return scale * row_divergences(task, student / temperature, teacher / temperature).mean(1);
}

Tensor row_divergences(Task task, const Tensor& student, const Tensor& teacher) {
  if (task == Task::binary) {
    const Tensor z = student.squeeze(-1);
    const Tensor t = teacher.squeeze(-1);
    const Tensor p = losses::sigmoid(t);
    // KL of two Bernoulli distributions by their log-odds.
    return losses::softplus(z) - losses::softplus(t) - p * (z - t);
  }
  const Tensor t = log_probabilities(teacher);
  return (losses::exp(t) * (t - log_probabilities(student))).sum(-1);
}

Tensor Teacher::predict(const ReplicaTrainer& trainer, const Tensor& x) const {
  const at::NoGradGuard no_grad;
  return trainer.model().forward_anywhere(parameters_, x).logits;
}

}  // namespace spurion::methods
