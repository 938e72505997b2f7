#include "methods/shared/random_order.hpp"

#include <ATen/ATen.h>

namespace spurion::methods {

RandomOrder::RandomOrder(const MethodContext& context, const std::string& name)
    : keys_(context.child_keys(name)) {}

Tensor RandomOrder::at(std::int64_t step, std::int64_t rows, Device device) const {
  std::vector<Tensor> each;
  for (const RandomKey& key : keys_) {
    each.push_back(
        at::tensor(permutation(key.child(static_cast<std::uint64_t>(step)), rows), at::kLong));
  }
  return at::stack(each).to(device);
}

}  // namespace spurion::methods
