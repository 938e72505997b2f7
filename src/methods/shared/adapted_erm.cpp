#include "methods/shared/adapted_erm.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "spurion/error.hpp"
#include "spurion/losses.hpp"

namespace spurion::methods {

AdaptedErm::AdaptedErm(const L2Option& options, const MethodContext& context)
    : l2_(per_replica_tensor(options.l2, context)) {}

Access AdaptedErm::needs() const {
  Access access;
  access.unlabelled_target = true;
  return access;
}

Tensor AdaptedErm::objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) {
  return domain_risks(output, batch).mean(1) + l2_penalty(l2_, trainer.parameters());
}

void require_classes(const std::string& method, Task task) {
  if (task != Task::regression) return;
  throw UsageError(method + " needs classes; this environment is a regression");
}

void require_normalisation(const std::string& method, const Model& model, BlockRole role) {
  if (columns_with(model, role).numel() > 0) return;
  throw UsageError(
      role == BlockRole::statistic
          ? fmt::format("{} needs a model with batch normalisation: mlp or cnn with normalisation "
                        "= \"batch\"",
                        method)
          : fmt::format("{} needs a model with normalisation layers: mlp with normalisation = "
                        "\"batch\" or \"layer\", cnn or causal_transformer",
                        method));
}

Tensor with_statistics(const Tensor& parameters, const Tensor& columns, const Tensor& statistics) {
  return parameters.index_copy(1, columns, statistics);
}

Tensor entropies(Task task, const Tensor& logits) {
  if (task == Task::binary) {
    const Tensor z = logits.select(2, 0);
    return losses::softplus(z) - z * losses::sigmoid(z);
  }
  const Tensor shifted = logits - std::get<0>(logits.detach().max(-1, true));
  const Tensor powers = losses::exp(shifted);
  // Class by class, so that the bits of a row do not depend on how many rows there are.
  Tensor sum = powers.select(2, 0);
  Tensor weighted = powers.select(2, 0) * shifted.select(2, 0);
  for (std::int64_t c = 1; c < logits.size(2); ++c) {
    sum = sum + powers.select(2, c);
    weighted = weighted + powers.select(2, c) * shifted.select(2, c);
  }
  return losses::log(sum) - weighted / sum;
}

BatchNormAdapter::BatchNormAdapter(const ReplicaTrainer& trainer, double source_rows)
    : model_(&trainer.model()),
      parameters_(trainer.parameters().detach()),
      columns_(columns_with(trainer.model(), BlockRole::statistic).to(trainer.device())),
      source_rows_(source_rows) {}

Evaluated BatchNormAdapter::adapt(const Tensor& x) {
  const at::NoGradGuard no_grad;
  if (columns_.numel() == 0) return {{parameters_}};
  const auto rows = static_cast<double>(x.size(1));
  const double share = rows / (rows + source_rows_);
  const Output output = model_->forward_with_statistics(parameters_, x, share);
  Tensor statistics = output.statistics;
  if (share < 1.0) {
    statistics = statistics * share + parameters_.index_select(1, columns_) * (1.0 - share);
  }
  return {{with_statistics(parameters_, columns_, statistics)}};
}

}  // namespace spurion::methods
