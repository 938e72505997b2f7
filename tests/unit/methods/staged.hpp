#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <memory>
#include <string>

#include "conformance/toy_training_set.hpp"
#include "spurion/catalog.hpp"
#include "spurion/row_tools.hpp"

namespace spurion::method_tests {

using conformance::ToyRun;
using conformance::ToyShape;
using conformance::ToyTrainingSet;

/// A method on a toy problem with a linear model and plain gradient descent of step size 1: each
/// update is minus the gradient, which is worked out again in float64.
struct Staged {
  Catalog catalog = builtin_catalog();
  ToyShape shape;
  std::unique_ptr<Model> model;
  ToyRun run;
  std::unique_ptr<Method> method;
  std::unique_ptr<ReplicaTrainer> trainer;
  std::unique_ptr<ToyTrainingSet> rows;

  Staged(const std::string& name, const Value& given, std::int64_t steps, const ToyShape& like = {})
      : shape(like) {
    shape.rows = 11;
    model = conformance::toy_model(catalog, "linear", shape);
    run.catalog = &catalog;
    run.method = name;
    run.model = model.get();
    run.shape = shape;
    run.parameters = conformance::toy_parameters(*model, 1);
    run.steps = steps;
    run.keys = {RandomKey(31)};
    for (std::uint64_t i = 0; i < 3; ++i) {
      run.batches.push_back(conformance::toy_batch(shape, 1, i));
    }
    run.validation = conformance::toy_validation(shape, 1);
    const auto& entry = catalog.methods.at(name);
    Problems problems;
    const Value options = entry.schema.normalise(given, name, problems);
    problems.raise();
    MethodContext context = conformance::toy_context(shape, 1);
    context.keys = run.keys;
    context.steps = steps;
    method = entry.make({options}, context);
    OptimizerOptions sgd;
    sgd.name = "sgd";
    sgd.learning_rate = 1.0;
    trainer = std::make_unique<ReplicaTrainer>(*model, run.parameters, sgd);
    trainer->add_blocks(method->own_blocks(*model));
    rows = std::make_unique<ToyTrainingSet>(run, method->row_request());
    trainer->set_training_set(rows.get());
  }
  Batch step(std::int64_t number) {
    const Batch batch = rows->batch(number);
    method->step(*trainer, batch);
    return batch;
  }
  /// Parameters [P] in float64.
  [[nodiscard]] Tensor now() const { return trainer->parameters()[0].detach().to(at::kDouble); }
  [[nodiscard]] static Tensor logits(const Tensor& w, const Batch& batch) {
    const std::int64_t inputs = batch.x.size(2);
    return batch.x[0].to(at::kDouble).matmul(w.narrow(0, 0, inputs)) + w[inputs];
  }
  /// Losses of the rows of a batch in float64.
  [[nodiscard]] static Tensor losses(const Tensor& w, const Batch& batch) {
    return at::binary_cross_entropy_with_logits(logits(w, batch),
                                                batch.y[0].flatten().to(at::kDouble), {}, {}, 0);
  }
  /// Gradient of the mean of weighted losses at w.
  [[nodiscard]] static Tensor gradient(const Tensor& w, const Batch& batch,
                                       const Tensor& weight = {}) {
    const Tensor leaf = w.clone().requires_grad_(true);
    const Tensor rows = losses(leaf, batch);
    return torch::autograd::grad({(weight.defined() ? rows * weight : rows).mean()}, {leaf})[0];
  }
};

}  // namespace spurion::method_tests
