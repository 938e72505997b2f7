#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spurion/catalog.hpp"
#include "spurion/method.hpp"

/// \file
/// Small training problems that need no environment.

namespace spurion::conformance {

/// What a toy batch looks like.
struct ToyShape {
  Task task = Task::binary;
  std::int64_t domains = 2;
  std::int64_t rows = 33;  ///< of each domain
  std::int64_t inputs = 5;
  bool shared = false;  ///< all replicas see the same rows
  bool same_domains =
      false;  ///< all domains hold the same rows, so that there is nothing to resist
  bool groups = false;
  bool validation_groups = false;  ///< validation rows have groups
  bool weighted = false;           ///< rows do not count alike
  bool rewards = false;            ///< labels are actions, and batches tell what they gave

  [[nodiscard]] std::int64_t outputs() const { return task == Task::multiclass ? 3 : 1; }
};

/// Rows a linear model can fit, batch number `step`; replica k's rows depend on k, not on K.
SPURION_API Batch toy_batch(const ToyShape& shape, std::int64_t replicas, std::uint64_t step);
/// Held-out rows of the same problem.
SPURION_API Batch toy_validation(const ToyShape& shape, std::int64_t replicas);
/// What a method is made with to train on such batches.
SPURION_API MethodContext toy_context(const ToyShape& shape, std::int64_t replicas);
/// Replica k of a pack, as a pack of one replica.
SPURION_API Batch replica_of(const Batch& batch, std::int64_t replica);

/// One way of training a method: which model, on what, from where.
struct ToyRun {
  const Catalog* catalog;
  std::string method;
  std::vector<Value> options;  ///< [K] of the method, normalised
  const Model* model;
  ToyShape shape;
  Tensor parameters;           ///< [K, P] at the start
  std::vector<Batch> batches;  ///< one a step; fewer than `steps` start over
  std::int64_t steps = 5;
  double learning_rate = 0.05;
  std::vector<RandomKey> keys = {};  ///< [K] of the method's own choices
  Device device = c10::kCPU;         ///< where it is trained; results are in host memory
  std::string optimizer = "adam";
  Batch validation = {};  ///< what a method gets that asks for validation rows
};

struct ToyResult {
  Tensor parameters;                      ///< [K, P] at the end
  std::vector<Tensor> losses;             ///< [K] of each step
  Tensor active;                          ///< bool [K]
  std::vector<std::int64_t> diverged_at;  ///< [K]
  std::vector<Tensor> own = {};           ///< [K, Q] of each own block at the end
  std::vector<Tensor> own_before = {};    ///< the same before the first step
  Tensor evaluated;  ///< logits [K, E * B, C] of what is evaluated at the end, on the first batch
  Tensor evaluated_before;  ///< the same before the first step
};

/// Trains with plain Adam; a second phase begins halfway. Throws what the method throws. With
/// `interrupted` everything is saved once in the second phase, made again, and restored.
SPURION_API ToyResult train(const ToyRun& run, bool interrupted = false);
/// The run of replica k alone.
SPURION_API ToyRun replica_of(const ToyRun& run, std::int64_t replica);

/// A linear model or a small MLP of the catalog for this problem; null when it is not registered.
SPURION_API std::unique_ptr<Model> toy_model(const Catalog& catalog, const std::string& name,
                                             const ToyShape& shape);
SPURION_API Tensor toy_parameters(const Model& model, std::int64_t replicas);

}  // namespace spurion::conformance
