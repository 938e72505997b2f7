#include "methods/shared/class_counts.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "methods/shared/group_weights.hpp"
#include "spurion/error.hpp"

namespace spurion::methods {

std::int64_t classes_of(const char* method, const MethodContext& context) {
  if (context.task == Task::regression) throw UsageError(fmt::format("{} needs classes", method));
  return context.task == Task::binary ? 2 : context.outputs;
}

Tensor class_counts(ReplicaTrainer& trainer, std::int64_t classes) {
  const std::int64_t replicas = trainer.replicas();
  Tensor counts = at::zeros({replicas, classes}, at::device(trainer.device()).dtype(at::kDouble));
  trainer.over_training_rows([&](const Batch& rows) {
    const Tensor label = rows.y.flatten(1).expand({replicas, -1});
    const Tensor weight = rows.weight.defined()
                              ? rows.weight.flatten(1).to(at::kDouble).expand_as(label)
                              : at::ones(label.sizes(), counts.options());
    counts.scatter_add_(1, label, weight);
  });
  return counts.clamp_min(1.0);
}

Tensor counted_classes(const Batch& batch, std::int64_t classes) {
  const Tensor labels = batch.y.flatten(1).contiguous();
  if (!batch.weight.defined()) return labels;
  return at::where(batch.weight.flatten(1).gt(0), labels, at::full_like(labels, classes))
      .contiguous();
}

Tensor batch_class_counts(const Batch& batch, std::int64_t classes) {
  return count_groups(counted_classes(batch, classes), classes + 1)
      .narrow(1, 0, classes)
      .contiguous();
}

Tensor by_class(const Tensor& table, const Batch& batch) {
  return table.gather(1, batch.y.flatten(1).expand({table.size(0), -1}));
}

Tensor with_class_offsets(const Tensor& logits, const Tensor& added, Task task) {
  const Tensor offset =
      task == Task::binary ? added.narrow(1, 1, 1) - added.narrow(1, 0, 1) : added;
  return logits + offset.unsqueeze(1);
}

}  // namespace spurion::methods
