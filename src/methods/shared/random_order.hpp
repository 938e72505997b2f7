#pragma once

#include <string>
#include <vector>

#include "spurion/method.hpp"
#include "spurion/random.hpp"

namespace spurion::methods {

/// Random orders of the rows of minibatches: one for each replica and step, from the keys of the
/// method.
class RandomOrder {
 public:
  /// `name`: what the orders are for; other names give other orders.
  RandomOrder(const MethodContext& context, const std::string& name);

  /// int64 [K, rows]: an order of 0 .. rows - 1 for each replica.
  [[nodiscard]] Tensor at(std::int64_t step, std::int64_t rows, Device device) const;

 private:
  std::vector<RandomKey> keys_;
};

}  // namespace spurion::methods
