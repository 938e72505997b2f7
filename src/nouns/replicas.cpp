#include "spurion/replicas.hpp"

#include <ATen/ATen.h>

namespace spurion {

namespace {

template <class T>
Tensor to_tensor(const PerReplica<T>& parameter, std::int64_t replicas) {
  Tensor out = at::empty({replicas}, at::kFloat);
  for (std::int64_t k = 0; k < replicas; ++k) {
    out.data_ptr<float>()[k] = static_cast<float>(parameter.at(k));
  }
  return out;
}

}  // namespace

Tensor per_replica_tensor(const PerReplica<double>& parameter, std::int64_t replicas) {
  return to_tensor(parameter, replicas);
}

Tensor per_replica_tensor(const PerReplica<std::int64_t>& parameter, std::int64_t replicas) {
  return to_tensor(parameter, replicas);
}

}  // namespace spurion
