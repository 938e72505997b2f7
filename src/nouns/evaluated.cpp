#include "spurion/evaluated.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "nouns/border_checks.hpp"
#include "spurion/error.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"

namespace spurion {

namespace {

/// log(mean of exp) of the tensors, number by number. Members are added one after the other, so
/// that the bits of a row do not depend on how many rows there are.
Tensor log_mean_exp(const std::vector<Tensor>& logs) {
  Tensor most = logs.front().detach();
  for (const Tensor& one : logs) most = at::maximum(most, one.detach());
  Tensor sum;
  for (const Tensor& one : logs) {
    const Tensor power = losses::exp(one - most);
    sum = sum.defined() ? sum + power : power;
  }
  return most + losses::log(sum) - std::log(static_cast<double>(logs.size()));
}

Tensor log_softmax(const Tensor& logits) {
  const Tensor shifted = logits - std::get<0>(logits.detach().max(-1, true));
  return shifted - losses::log(losses::exp(shifted).sum(-1, true));
}

Tensor mean_of(const std::vector<Tensor>& values) {
  Tensor sum = values.front();
  for (std::size_t i = 1; i < values.size(); ++i) sum = sum + values[i];
  return sum / static_cast<double>(values.size());
}

}  // namespace

Tensor joined_logits(const std::vector<Tensor>& logits, Evaluated::Join join, Task task) {
  SPURION_CHECK(!logits.empty(), "an ensemble of nothing");
  if (logits.size() == 1) return logits.front();
  if (join == Evaluated::Join::logits || task == Task::regression) return mean_of(logits);
  std::vector<Tensor> logs;
  if (task == Task::multiclass) {
    for (const Tensor& one : logits) logs.push_back(log_softmax(one));
    return log_mean_exp(logs);
  }
  std::vector<Tensor> others;
  for (const Tensor& one : logits) {
    logs.push_back(-losses::softplus(-one));
    others.push_back(-losses::softplus(one));
  }
  return log_mean_exp(logs) - log_mean_exp(others);
}

Tensor evaluated_logits(const Evaluated& evaluated, const ReplicaTrainer& trainer,
                        ReplicaRange replicas, const Tensor& x, Task task) {
  const auto logits_of = [&](const Tensor& parameters) {
    const Tensor own = parameters.narrow(0, replicas.first, replicas.count);
    const Output output = trainer.model().forward_anywhere(own, x);
    if (!evaluated.head) return output.logits;
    const Tensor logits = evaluated.head(output, replicas);
    if (!logits.defined() || logits.sizes() != output.logits.sizes()) {
      throw PluginError(fmt::format("its evaluated head gives {}, expected the shape of {}",
                                    nouns::text_of(logits), nouns::text_of(output.logits)));
    }
    return logits;
  };
  if (evaluated.members.empty()) return logits_of(trainer.parameters().detach());
  std::vector<Tensor> each;
  for (const Tensor& member : evaluated.members) {
    nouns::check_parameters(member, trainer.parameters());
    each.push_back(logits_of(member.detach().contiguous()));
  }
  return joined_logits(each, evaluated.join, task);
}

}  // namespace spurion
