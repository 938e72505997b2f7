#include "methods/shared/balanced_kinds.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "methods/shared/class_counts.hpp"
#include "methods/shared/group_weights.hpp"
#include "spurion/error.hpp"

namespace spurion::methods {

BalancedKinds::BalancedKinds(const char* method, const std::string& by,
                             const MethodContext& context)
    : groups_(by == "group"),
      count_(groups_                        ? context.groups
             : context.task == Task::binary ? 2
                                            : context.outputs) {
  if (groups_) {
    require_groups(method, context);
  } else if (context.task == Task::regression) {
    throw UsageError(fmt::format("{} with by = 'class' needs classes", method));
  }
}

Access BalancedKinds::needs() const {
  Access access;
  access.group_labels = groups_;
  return access;
}

Tensor BalancedKinds::of(const Batch& batch) const {
  return groups_ ? groups_of(batch) : batch.y.flatten(1).contiguous();
}

Tensor BalancedKinds::counted(const Batch& batch) const {
  return groups_ ? groups_of(batch) : counted_classes(batch, count_);
}

Tensor BalancedKinds::counts(const Batch& batch) const {
  return groups_ ? count_groups(groups_of(batch), count_) : batch_class_counts(batch, count_);
}

}  // namespace spurion::methods
