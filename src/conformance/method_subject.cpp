#include "conformance/method_subject.hpp"

#include <ATen/ATen.h>

#include "conformance/schema_checks.hpp"
#include "conformance/tensors.hpp"

namespace spurion::conformance {

ToyRun MethodSubject::run(const Model& model, const ToyShape& shape, std::int64_t replicas,
                          std::int64_t steps) const {
  const auto& schema = catalog->methods.at(name).schema;
  ToyRun run{catalog, name,  replica_options(schema, options, name, replicas),
             &model,  shape, toy_parameters(model, replicas),
             {},      steps};
  for (std::int64_t step = 0; step < steps; ++step) {
    run.batches.push_back(toy_batch(shape, replicas, static_cast<std::uint64_t>(step)));
  }
  for (std::int64_t k = 0; k < replicas; ++k) {
    run.keys.push_back(RandomKey(24).child(static_cast<std::uint64_t>(k)));
  }
  if (needs.validation_rows) run.validation = toy_validation(shape, replicas);
  return run;
}

namespace {

/// A kind of poor rows.
struct PoorRows {
  const char* what;
  std::int64_t domains;
  std::int64_t rows;
  void (*spoil)(Batch&);  ///< what is changed in each batch
};

void keep(Batch& /*batch*/) {}
void one_class(Batch& batch) { batch.y.fill_(1); }
/// No row is of the last group; its rows are of the first.
void empty_group(Batch& batch) {
  if (batch.group.defined()) batch.group.masked_fill_(batch.group == 3, 0);
}

void train_on(const MethodSubject& subject, const PoorRows& poor) {
  const ToyShape shape = subject.shape(Task::binary, poor.domains, poor.rows);
  with_models(subject, shape, [&](const Model& model, const std::string& name) {
    ToyRun run = subject.run(model, shape, 1, 5);
    for (Batch& batch : run.batches) poor.spoil(batch);
    if (run.validation.y.defined()) poor.spoil(run.validation);
    const std::string where = fmt::format("{}, {}", place(name, shape), poor.what);
    try {
      const ToyResult result = train(run);
      require(result.active.all().item<bool>(), where + ": diverged");
      require_finite(where + ": the parameters", result.parameters);
      require_finite(where + ": the logits of what is evaluated", result.evaluated);
    } catch (const UsageError& error) {
      require(std::string(error.what()).find(subject.name) != std::string::npos,
              fmt::format("{}: it is refused by a message that does not name the method: {}", where,
                          error.what()));
    }
  });
}

}  // namespace

void check_poor_rows(const MethodSubject& subject) {
  for (const PoorRows& poor :
       {PoorRows{"one row of each domain", 2, 1, keep}, PoorRows{"one row", 1, 1, keep},
        PoorRows{"rows of one class", 2, 16, one_class},
        PoorRows{"an empty group", 2, 16, empty_group}}) {
    train_on(subject, poor);
  }
}

}  // namespace spurion::conformance
