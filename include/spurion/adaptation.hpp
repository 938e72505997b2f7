#pragma once

#include <cstdint>

#include "spurion/evaluated.hpp"

/// \file
/// Adaptation at test time: a trained model changes with unlabelled rows of the domain in which it
/// predicts. A regime says which rows arrive (`Regime::adaptation`), a method what becomes of the
/// model (`Method::adapter`).

namespace spurion {

/// The unlabelled rows that arrive in a domain before its evaluated rows are predicted. They are
/// other rows than those of training, validation and test.
///
/// The evaluated rows are cut into as many stretches as there are batches; stretch i is predicted
/// by what became of the model after batch i.
struct Adaptation {
  std::int64_t batches = 10;  ///< how many arrive, one after the other; default: 10
  std::int64_t rows = 200;    ///< rows of each; default: 200
  /// True: each batch meets the model as it was trained. False: the model as the batch before left
  /// it. default: false
  bool episodic = false;
};

/// Changes a trained model batch by batch. One is made for each domain, so no domain changes the
/// model that predicts in another.
class SPURION_API Adapter {
 public:
  virtual ~Adapter() = default;
  /// Uses the unlabelled rows `x` [K or 1, B, ...input_shape], on the device of the trainer, and
  /// returns what predicts afterwards. Later calls leave the returned tensors as they are. Replicas
  /// do not influence each other.
  virtual Evaluated adapt(const Tensor& x) = 0;
};

}  // namespace spurion
