#include <ATen/ATen.h>
#include <fmt/format.h>

#include "conformance/method_subject.hpp"
#include "conformance/schema_checks.hpp"
#include "conformance/tensors.hpp"
#include "spurion/error.hpp"

namespace spurion::conformance {

namespace {

/// A small perceptron with batch normalisation.
std::unique_ptr<Model> normalised_model(const Catalog& catalog, const ToyShape& shape) {
  if (!catalog.models.contains("mlp")) skip("mlp is not registered");
  const auto& entry = catalog.models.at("mlp");
  const Value options = Value::Table{{"width", 6}, {"normalisation", "batch"}};
  return entry.make({normalised(entry.schema, options, "mlp")},
                    ModelContext{{shape.inputs}, shape.outputs()});
}

/// A trained method with its model, as many replicas as the run has.
struct Trained {
  std::unique_ptr<Method> method;
  std::unique_ptr<ReplicaTrainer> trainer;

  explicit Trained(const ToyRun& run) {
    MethodContext context = toy_context(run.shape, run.parameters.size(0));
    context.keys = run.keys;
    context.steps = run.steps;
    method = run.catalog->methods.at(run.method).make(run.options, context);
    method->check(*run.model);
    OptimizerOptions optimizer;
    optimizer.learning_rate = run.learning_rate;
    trainer = std::make_unique<ReplicaTrainer>(*run.model, run.parameters, optimizer);
    if (method->needs_second_order()) trainer->use_second_order();
    trainer->add_blocks(method->own_blocks(*run.model));
  }
};

/// Logits on the first batch of what predicts after each of the others.
std::vector<Tensor> adapted_logits(const ToyRun& run) {
  Trained trained(run);
  const at::NoGradGuard no_grad;
  const Tensor before = trained.trainer->parameters().detach().clone();
  const auto adapter = trained.method->adapter(*trained.trainer);
  if (!adapter) skip("it does not adapt");
  const auto logits_of = [&](const Evaluated& evaluated) {
    return evaluated_logits(evaluated, *trained.trainer, {0, trained.trainer->replicas()},
                            run.batches.front().x, run.shape.task)
        .clone();
  };
  std::vector<Evaluated> each;
  std::vector<Tensor> logits;
  for (std::size_t i = 1; i < run.batches.size(); ++i) {
    each.push_back(adapter->adapt(run.batches[i].x));
    logits.push_back(logits_of(each.back()));
  }
  require_same_bits("what predicts after the first batch, before and after the second", logits[0],
                    logits_of(each[0]));
  require_same_bits("the trained parameters, before and after the adaptation", before,
                    trained.trainer->parameters().detach());
  return logits;
}

}  // namespace

void check_adaptation(const MethodSubject& subject) {
  const ToyShape shape = subject.shape(Task::binary, 2, 17);
  const auto model = normalised_model(*subject.catalog, shape);
  const std::int64_t replicas = subject.batched ? kReplicas : 1;
  const ToyRun run = subject.run(*model, shape, replicas, 3);
  std::vector<Tensor> together;
  try {
    together = adapted_logits(run);
  } catch (const UsageError& error) {
    skip(std::string("refused: ") + error.what());
  }
  require(subject.needs.unlabelled_target,
          "it adapts to unlabelled rows, but does not ask for them");
  for (std::int64_t k = 0; k < replicas; ++k) {
    const std::vector<Tensor> alone = adapted_logits(replica_of(run, k));
    for (std::size_t i = 0; i < alone.size(); ++i) {
      const std::string what =
          fmt::format("after batch {}: replica {} alone and among three", i, k);
      require_finite(what, alone[i]);
      require_same_bits(what, together[i].narrow(0, k, 1), alone[i]);
    }
  }
}

void check_batch_normalised(const MethodSubject& subject) {
  const ToyShape shape = subject.shape(Task::binary, 2, 16);
  const auto model = normalised_model(*subject.catalog, shape);
  const std::int64_t replicas = subject.batched ? kReplicas : 1;
  const ToyRun run = subject.run(*model, shape, replicas, 4);
  ToyResult together;
  try {
    static_cast<void>(Trained(run));
    together = train(run);
  } catch (const UsageError& error) {
    skip(std::string("refused: ") + error.what());
  }
  require(together.active.all().item<bool>(), "diverged");
  const Tensor columns = columns_with(*model, BlockRole::statistic);
  require(!at::equal(together.parameters.index_select(1, columns),
                     run.parameters.index_select(1, columns)),
          "its training passes do not move the running statistics");
  const ToyResult resumed = train(run, true);
  require_same_bits("saved and restored halfway, and not: parameters", resumed.parameters,
                    together.parameters);
  const std::int64_t last = replicas - 1;
  require_same_bits("the last replica alone and among three, parameters",
                    together.parameters.narrow(0, last, 1),
                    train(replica_of(run, last)).parameters);
}

}  // namespace spurion::conformance
