#include "conformance/toy_problem.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "conformance/schema_checks.hpp"
#include "conformance/tensors.hpp"
#include "conformance/toy_training_set.hpp"

namespace spurion::conformance {

namespace {

/// What the labels depend on, [inputs, outputs].
Tensor truth_of(const ToyShape& shape) {
  return normals(RandomKey(21).child("truth"), {shape.inputs, shape.outputs()});
}

/// Labels [E, B] of rows [E, B, D]: classes or values that a linear function gives exactly.
Tensor labels_of(const ToyShape& shape, const Tensor& x) {
  const Tensor out = at::matmul(x, truth_of(shape));
  if (shape.task == Task::multiclass) return out.argmax(2);
  const Tensor value = out.select(2, 0);
  return shape.task == Task::binary ? value.gt(0).to(at::kLong) : value.contiguous();
}

}  // namespace

Batch toy_batch(const ToyShape& shape, std::int64_t replicas, std::uint64_t step) {
  std::vector<Tensor> x;
  std::vector<Tensor> y;
  std::vector<Tensor> group;
  std::vector<Tensor> weight;
  std::vector<Tensor> advantage;
  std::vector<Tensor> returns;
  std::vector<Tensor> log_probability;
  for (std::int64_t k = 0; k < (shape.shared ? 1 : replicas); ++k) {
    const RandomKey key =
        RandomKey(20).child("rows").child(static_cast<std::uint64_t>(k)).child(step);
    Tensor rows = normals(key, {shape.domains, shape.rows, shape.inputs});
    if (shape.same_domains) rows = rows.narrow(0, 0, 1).expand_as(rows).contiguous();
    const Tensor labels = labels_of(shape, rows);
    x.push_back(rows.flatten(0, 1));
    y.push_back(labels);
    group.push_back(2 * rows.select(2, 1).gt(0).to(at::kLong) +
                    rows.select(2, 0).gt(0).to(at::kLong));
    // Some rows count nothing, others double: as where rewards of chosen predictions are seen.
    weight.push_back(2.0 * normals(key.child("weight"), {shape.domains, shape.rows}).gt(0.0));
    if (shape.rewards && shape.task != Task::regression) {
      // Half of the actions taken are the labels, which are good; the others are bad ones.
      const Tensor good = normals(key.child("action"), {shape.domains, shape.rows}).gt(0.0);
      const std::int64_t actions = shape.task == Task::multiclass ? shape.outputs() : 2;
      y.back() = at::where(good, labels, (labels + 1).remainder(actions));
      const Tensor size = 0.5 + normals(key.child("advantage"), {shape.domains, shape.rows}).abs();
      advantage.push_back(at::where(good, size, -size));
      returns.push_back(advantage.back() + 0.1 * rows.select(2, 0));
      // By a policy that knows better, so that a clipped ratio leaves room to learn.
      log_probability.push_back(
          at::where(good, at::full_like(size, std::log(0.8)), at::full_like(size, std::log(0.2))));
    }
  }
  Batch batch;
  batch.x = at::stack(x);
  batch.y = at::stack(y);
  if (shape.groups) batch.group = at::stack(group);
  if (shape.weighted) batch.weight = at::stack(weight).to(at::kFloat);
  if (!advantage.empty()) {
    batch.advantage = at::stack(advantage);
    batch.returns = at::stack(returns);
    batch.log_probability = at::stack(log_probability);
  }
  batch.domains = shape.domains;
  batch.rows_per_domain = shape.rows;
  batch.task = shape.task;
  return batch;
}

Batch toy_validation(const ToyShape& shape, std::int64_t replicas) {
  ToyShape held_out = shape;
  held_out.groups = shape.groups || shape.validation_groups;
  held_out.weighted = false;
  return toy_batch(held_out, replicas, 977);
}

MethodContext toy_context(const ToyShape& shape, std::int64_t replicas) {
  const std::int64_t groups = shape.groups || shape.validation_groups ? 4 : 0;
  MethodContext context{shape.task, replicas, shape.domains, groups};
  context.input_shape = {shape.inputs};
  context.outputs = shape.outputs();
  Ceilings ceilings;
  const double best = shape.task == Task::regression ? 0.0 : 1.0;
  ceilings.bayes.value = best;
  ceilings.invariant.value = best;
  context.ceilings.assign(static_cast<std::size_t>(replicas),
                          std::vector<Ceilings>(static_cast<std::size_t>(shape.domains), ceilings));
  context.cue_inputs = at::zeros({replicas, shape.inputs}, at::kBool);
  // The input that the labels depend on least, so that nothing hard is asked without it.
  const auto cue = truth_of(shape).abs().sum(1).argmin().item<std::int64_t>();
  context.cue_inputs.select(1, cue).fill_(true);
  CueInputs carrier;
  carrier.cue = "cue";
  carrier.mask = context.cue_inputs;
  context.cue_carriers = {carrier};
  return context;
}

Batch replica_of(const Batch& batch, std::int64_t replica) {
  const auto own = [replica](const Tensor& values) {
    if (!values.defined() || values.size(0) == 1) return values;
    return values.narrow(0, replica, 1).contiguous();
  };
  Batch out = batch;
  out.x = own(batch.x);
  out.y = own(batch.y);
  out.group = own(batch.group);
  out.weight = own(batch.weight);
  out.advantage = own(batch.advantage);
  out.returns = own(batch.returns);
  out.log_probability = own(batch.log_probability);
  return out;
}

ToyRun replica_of(const ToyRun& run, std::int64_t replica) {
  ToyRun out = run;
  out.options = {run.options[static_cast<std::size_t>(replica)]};
  out.parameters = run.parameters.narrow(0, replica, 1).contiguous();
  out.keys = {run.keys[static_cast<std::size_t>(replica)]};
  out.batches.clear();
  for (const Batch& batch : run.batches) out.batches.push_back(replica_of(batch, replica));
  if (run.validation.y.defined()) out.validation = replica_of(run.validation, replica);
  return out;
}

namespace {

/// A method and what it trains.
struct Pair {
  std::unique_ptr<Method> method;
  std::unique_ptr<ReplicaTrainer> trainer;
  std::unique_ptr<ToyTrainingSet> rows;
  std::vector<std::string> blocks;  ///< names of the own blocks

  explicit Pair(const ToyRun& run) {
    MethodContext context = toy_context(run.shape, run.parameters.size(0));
    context.keys = run.keys;
    context.device = run.device;
    context.steps = run.steps;
    context.make_probe = [&run](const Value& written) {
      return probe_of(*run.catalog, written,
                      ProbeContext{run.shape.task, run.shape.outputs(), {run.shape.inputs}});
    };
    method = run.catalog->methods.at(run.method).make(run.options, context);
    OptimizerOptions optimizer;
    optimizer.name = run.optimizer;
    optimizer.learning_rate = run.learning_rate;
    trainer =
        std::make_unique<ReplicaTrainer>(*run.model, run.parameters.to(run.device), optimizer);
    if (method->needs_second_order()) trainer->use_second_order();
    const std::vector<OwnBlock> own = method->own_blocks(*run.model);
    trainer->add_blocks(own);
    for (const OwnBlock& block : own) blocks.push_back(block.name);
    rows = std::make_unique<ToyTrainingSet>(run, method->row_request());
    if (method->row_request().any() || method->needs().validation_rows) {
      trainer->set_training_set(rows.get());
    }
  }
  void visit_state(StateVisitor visit) {
    StateVisitor own = visit.inside("method").on(trainer->device());
    method->visit_state(own);
    StateVisitor trained = visit.inside("trainer");
    trainer->visit_state(trained);
    StateVisitor draws = visit.inside("rows");
    rows->visit_state(draws);
  }
  [[nodiscard]] std::vector<Tensor> own() const {
    std::vector<Tensor> all;
    for (const std::string& block : blocks) {
      all.push_back(trainer->own(block).detach().to(at::kCPU).clone());
    }
    return all;
  }
  /// Logits of what is evaluated on the first batch.
  [[nodiscard]] Tensor evaluated(const ToyRun& run) const {
    const at::NoGradGuard no_grad;
    return evaluated_logits(method->evaluated(*trainer), *trainer, {0, trainer->replicas()},
                            run.batches.front().x.to(run.device), run.shape.task)
        .to(at::kCPU)
        .clone();
  }
};

}  // namespace

ToyResult train(const ToyRun& run, bool interrupted) {
  Pair pair(run);
  const std::int64_t second_phase = run.steps / 2;
  ToyResult result;
  result.own_before = pair.own();
  result.evaluated_before = pair.evaluated(run);
  for (std::int64_t step = 0; step < run.steps; ++step) {
    if (step == 0) pair.method->begin_phase(*pair.trainer, 0);
    if (step > 0 && step == second_phase) pair.method->begin_phase(*pair.trainer, 1);
    if (interrupted && step == second_phase + 1) {
      Archive archive;
      pair.visit_state(StateVisitor::saver(archive));
      pair = Pair(run);
      pair.visit_state(StateVisitor::loader(archive));
    }
    pair.method->step(*pair.trainer, pair.rows->batch(step).to(run.device));
    result.losses.push_back(pair.trainer->last_losses().to(at::kCPU).clone());
  }
  result.parameters = pair.trainer->parameters().detach().to(at::kCPU).clone();
  result.active = pair.trainer->active().clone();
  result.diverged_at = pair.trainer->diverged_at();
  result.own = pair.own();
  result.evaluated = pair.evaluated(run);
  return result;
}

std::unique_ptr<Model> toy_model(const Catalog& catalog, const std::string& name,
                                 const ToyShape& shape) {
  if (!catalog.models.contains(name)) return nullptr;
  const auto& entry = catalog.models.at(name);
  Value options;
  if (entry.schema.find("width") != nullptr) options.as_table()["width"] = 6;
  return entry.make({normalised(entry.schema, options, name)},
                    ModelContext{{shape.inputs}, shape.outputs()});
}

Tensor toy_parameters(const Model& model, std::int64_t replicas) {
  std::vector<RandomKey> keys;
  for (std::int64_t k = 0; k < replicas; ++k) {
    keys.push_back(RandomKey(22).child(static_cast<std::uint64_t>(k)));
  }
  return model.initialise(keys);
}

}  // namespace spurion::conformance
