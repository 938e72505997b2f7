#include "methods/shared/balanced_kinds.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

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
  const Tensor kinds = of(batch);
  if (groups_ || !batch.weight.defined()) return kinds;
  return at::where(batch.weight.flatten(1).gt(0), kinds, at::full_like(kinds, -1)).contiguous();
}

Tensor BalancedKinds::counts(const Batch& batch) const {
  const Tensor kinds = counted(batch);
  if (groups_ || !batch.weight.defined()) return count_groups(kinds, count_);
  // Those that do not count are counted as one kind more.
  const Tensor places = at::where(kinds.lt(0), at::full_like(kinds, count_), kinds);
  return count_groups(places, count_ + 1).narrow(1, 0, count_).contiguous();
}

}  // namespace spurion::methods
