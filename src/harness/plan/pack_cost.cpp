#include "harness/plan/pack_cost.hpp"

#include <algorithm>

#include "harness/measure/pack_scorer.hpp"
#include "harness/plan/linear_shortcut.hpp"
#include "harness/plan/measurement_count.hpp"
#include "harness/plan/probe_checks.hpp"
#include "nouns/control_shift_environment.hpp"
#include "nouns/seeds.hpp"
#include "regimes/shared/row_source.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

/// What an allocator loses to gaps, and what is not worth counting.
constexpr double kSlack = 1.2;

/// Bytes of one row of a sample: inputs, label, group, and what is known of the mechanism.
double sample_bytes(const EnvironmentInfo& info) {
  const double input = 4.0 * static_cast<double>(element_count(info.input_shape));
  return input + std::min(input, 512.0) + 32.0;
}

}  // namespace

double PackCost::memory_bytes(std::int64_t replicas, std::int64_t seeds) const {
  const auto count = static_cast<double>(replicas);
  const double batches =
      std::max(count * batch_bytes,
               std::min(static_cast<double>(regimes::kPreparedBytes), count * prepared_bytes));
  return kSlack *
         (fixed_bytes + count * replica_bytes + static_cast<double>(seeds) * seed_bytes + batches);
}

namespace {

/// One trial of a pack, made as it will be trained, and the sizes that follow.
struct Sizes {
  TrainingOptions training;
  EvaluationOptions evaluation;
  std::shared_ptr<const Environment> environment;
  std::unique_ptr<Model> model;
  std::unique_ptr<Regime> regime;
  std::unique_ptr<Method> method;
  double phases = 0.0;
  double domains = 0.0;
  double pooled = 1.0;  ///< training sets that are one to a full batch
  bool whole = false;   ///< a batch is all rows there are
  double batch_rows = 0.0;
  double training_rows = 0.0;
  double own_bytes = 0.0;        ///< own blocks of the method: parameters, gradient, moments
  double own_activations = 0.0;  ///< of one row, in the own blocks
  double probing_bytes = 0.0;    ///< of the probes, for one replica

  [[nodiscard]] const EnvironmentInfo& info() const { return environment->info(); }
  [[nodiscard]] double parameters() const {
    return 4.0 * static_cast<double>(model->parameter_count());
  }
  /// Parameters, gradient, two moments, and the two temporaries of a penalty.
  [[nodiscard]] double parameter_bytes() const { return 6.0 * parameters(); }
  /// A method may keep the gradient of each domain, and work on a copy of them.
  [[nodiscard]] double gradient_bytes() const { return 2.0 * domains * parameters(); }
  [[nodiscard]] double input_bytes() const {
    return 4.0 * static_cast<double>(element_count(info().input_shape));
  }
  /// Input and label of one row.
  [[nodiscard]] double row_bytes() const { return input_bytes() + 8.0; }
  /// Differentiating twice keeps the intermediate results of both passes.
  [[nodiscard]] double kept_passes() const { return method->needs_second_order() ? 5.0 : 1.5; }
  /// Activations of the rows that are evaluated at once.
  [[nodiscard]] double chunk_bytes() const {
    return 1.5 * static_cast<double>(std::min(kEvaluationChunk, evaluation.rows)) *
           model->activation_bytes();
  }
  /// Training sets in memory. On a stream those of all phases may be kept; where they are pooled
  /// there are those of the phase before and, as they came and joined, of this one.
  [[nodiscard]] double kept_sets() const {
    return pooled > 1.0 ? 3.0 * pooled - 1.0 : std::max(phases, 1.0);
  }
};

Sizes sizes_of(const TrialSpec& trial, EnvironmentPool& pool) {
  Sizes sizes;
  Problems problems;
  sizes.training = TrainingOptions::schema().parse(trial.training, "training", problems);
  sizes.evaluation = EvaluationOptions::schema().parse(trial.evaluation, "evaluation", problems);
  problems.raise();
  sizes.environment = std::make_shared<const nouns::ControlShiftEnvironment>(
      pool.at(trial.environment, nouns::data_seed(trial)), 0);
  const EnvironmentInfo& info = sizes.info();
  const Catalog& catalog = pool.catalog();
  sizes.model = catalog.models.at(trial.model.name)
                    .make({trial.model.options}, ModelContext{info.input_shape, info.outputs});
  sizes.regime = catalog.regimes.at(trial.regime.name).make({trial.regime.options});
  // Says so before anything runs where the stream and the environment do not fit.
  sizes.phases = static_cast<double>(sizes.regime->schedule(*sizes.environment).size());
  const std::int64_t domains = sizes.regime->batch_domains(*sizes.environment);
  sizes.domains = static_cast<double>(domains);
  MethodContext context{info.task, 1, domains, info.groups};
  context.input_shape = info.input_shape;
  context.outputs = info.outputs;
  context.steps = sizes.regime->updates(*sizes.environment, sizes.training.steps);
  context.make_probe = [&catalog, probe = ProbeContext{info.task, info.outputs, info.input_shape}](
                           const Value& written) { return probe_of(catalog, written, probe); };
  sizes.method = catalog.methods.at(trial.method.name).make({trial.method.options}, context);
  for (const OwnBlock& block : sizes.method->own_blocks(*sizes.model)) {
    sizes.own_bytes += 6.0 * static_cast<double>(block.initial.nbytes());
    sizes.own_activations += block.activation_bytes;
  }
  sizes.probing_bytes = probe_bytes(trial, catalog, info, *sizes.model);
  // A batch is of all that is pooled.
  const std::int64_t pooled = sizes.regime->pooled_sets(*sizes.environment);
  const std::int64_t rows = sizes.training.rows * pooled;
  sizes.pooled = static_cast<double>(pooled);
  const std::int64_t batch = sizes.regime->minibatch_rows(*sizes.environment, sizes.training);
  sizes.whole = batch == rows;
  sizes.batch_rows = sizes.domains * static_cast<double>(batch);
  sizes.training_rows = sizes.domains * static_cast<double>(sizes.training.rows);
  return sizes;
}

double count_flops(const Sizes& sizes) {
  // Pooled rows come phase by phase: on average there are half of them.
  const double rows = sizes.whole ? sizes.batch_rows * (sizes.pooled + 1.0) / (2.0 * sizes.pooled)
                                  : sizes.batch_rows;
  return static_cast<double>(sizes.regime->updates(*sizes.environment, sizes.training.steps)) *
         rows * sizes.model->step_flops() * sizes.method->cost_factor();
}

/// What a method and a regime keep of each replica.
double remembered_bytes(const Sizes& sizes) {
  MemorySizes each;
  each.row = sizes.row_bytes() + 4.0;
  each.logits = 4.0 * static_cast<double>(sizes.info().outputs);
  each.activations = sizes.model->activation_bytes();
  each.parameters = sizes.parameters();
  each.batch_rows = sizes.batch_rows;
  each.training_rows = sizes.training_rows;
  return sizes.method->memory_bytes(each) + sizes.regime->memory_bytes(each);
}

/// Bytes of a pack whose model makes passes over minibatches.
void count_passes(const Sizes& sizes, PackCost& cost) {
  const double activations = sizes.model->activation_bytes();
  const auto evaluation_rows = static_cast<double>(sizes.evaluation.rows);
  cost.cache_bytes = sizes.parameter_bytes() + sizes.batch_rows * activations;
  cost.replica_bytes =
      sizes.parameter_bytes() + sizes.gradient_bytes() + sizes.own_bytes +
      std::max({sizes.kept_passes() * sizes.batch_rows * (activations + sizes.own_activations),
                sizes.chunk_bytes(), sizes.probing_bytes});
  cost.batch_bytes = sizes.batch_rows * sizes.row_bytes();
  if (sizes.method->row_request().any()) {
    // Weights of all rows and their sums, and the number of each row of a minibatch.
    cost.replica_bytes += 20.0 * sizes.training_rows;
    cost.batch_bytes += 8.0 * sizes.batch_rows;
  }
  cost.prepared_bytes = sizes.whole ? 0.0 : sizes.pooled * sizes.training_rows * sizes.row_bytes();
  // Training rows, and two stretches of held-out rows: as they are, and their twins.
  cost.seed_bytes = sample_bytes(sizes.info()) *
                    (sizes.kept_sets() * sizes.training_rows + 2.0 * evaluation_rows);
  cost.seed_bytes += sizes.environment->shared_bytes();
  // One seed's rows while they are drawn.
  cost.fixed_bytes = 4.0e6 + sizes.model->fixed_bytes() +
                     1.25 * sample_bytes(sizes.info()) *
                         std::max(static_cast<double>(sizes.training.rows), evaluation_rows);
}

/// The same where risks and their gradients come without logits.
void count_shortcuts(const Sizes& sizes, PackCost& cost) {
  if (sizes.method->risk_input() == RiskInput::risks &&
      sizes.model->knows_risks(sizes.info().task, static_cast<std::int64_t>(sizes.domains))) {
    // Activations are those of one replica at a time: what a replica has of its own is parameters,
    // moments, a gradient for each domain and their sum, and its rows.
    cost.cache_bytes =
        (4.0 + sizes.domains) * sizes.parameters() + sizes.batch_rows * sizes.row_bytes();
  }
  if (uses_linear_risks(*sizes.model, *sizes.method, sizes.info(), sizes.training)) {
    // Rows are read in chunks that all replicas of a data seed share; more replicas spread what a
    // step costs besides them.
    cost.cache_bytes = sizes.parameter_bytes();
    cost.replica_bytes = sizes.parameter_bytes() + sizes.gradient_bytes() + 4.0 * sizes.batch_rows +
                         std::max(sizes.chunk_bytes(), sizes.probing_bytes);
    cost.batch_bytes = 0.0;
    cost.seed_bytes += 2.0 * sizes.training_rows * sizes.row_bytes();
  }
}

}  // namespace

PackCost pack_cost(const TrialSpec& trial, EnvironmentPool& pool) {
  const Sizes sizes = sizes_of(trial, pool);
  PackCost cost;
  cost.flops = count_flops(sizes);
  count_passes(sizes, cost);
  count_shortcuts(sizes, cost);
  const double remembered = remembered_bytes(sizes);
  const double measurements =
      kMeasurementBytes * count_measurements(trial, *sizes.environment, *sizes.regime).all;
  cost.replica_bytes += remembered + measurements;
  const double sample = sample_bytes(sizes.info());
  cost.shares = {
      {"training.rows",
       kSlack * (cost.prepared_bytes + sample * sizes.kept_sets() * sizes.training_rows)},
      {"training.batch",
       kSlack * sizes.batch_rows *
           (sizes.kept_passes() * sizes.model->activation_bytes() + sizes.row_bytes())},
      {"evaluation.rows", kSlack * 2.0 * sample * static_cast<double>(sizes.evaluation.rows)},
      {"the number of measurements (evaluation.every, phases, windows)", kSlack * measurements},
      {"the model's size", kSlack * (sizes.parameter_bytes() + sizes.gradient_bytes() +
                                     sizes.own_bytes + sizes.model->fixed_bytes())},
      {"what the method and the regime remember", kSlack * remembered}};
  cost.max_replicas = std::min(sizes.model->max_replicas(), sizes.method->max_replicas());
  return cost;
}

}  // namespace spurion::harness
