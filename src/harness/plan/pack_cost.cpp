#include "harness/plan/pack_cost.hpp"

#include <algorithm>

#include "engine/risks/risk_model.hpp"
#include "harness/measure/pack_scorer.hpp"
#include "harness/plan/linear_shortcut.hpp"
#include "harness/plan/measurement_count.hpp"
#include "nouns/border_checks.hpp"
#include "nouns/control_shift_environment.hpp"
#include "regimes/shared/row_source.hpp"
#include "spurion/error.hpp"

namespace spurion {

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

PackCost pack_cost(const TrialSpec& trial, const Catalog& catalog, const DataSources& sources) {
  Problems problems;
  const TrainingOptions training =
      TrainingOptions::schema().parse(trial.training, "training", problems);
  const EvaluationOptions evaluation =
      EvaluationOptions::schema().parse(trial.evaluation, "evaluation", problems);
  problems.raise();
  // Shapes and costs need an instance; it must not own the caller's sources.
  const std::shared_ptr<const DataSources> borrowed(&sources, [](const DataSources*) {});
  const auto environment = std::make_unique<const ControlShiftEnvironment>(
      catalog.environments.at(trial.environment.name)
          .make({trial.environment.options}, EnvironmentContext{0, borrowed}),
      0);
  border::check_environment(*environment);
  const EnvironmentInfo& info = environment->info();
  const auto model = catalog.models.at(trial.model.name)
                         .make({trial.model.options}, ModelContext{info.input_shape, info.outputs});
  const auto regime = catalog.regimes.at(trial.regime.name).make({trial.regime.options});
  // Says so before anything runs where the stream and the environment do not fit.
  const auto phases = static_cast<double>(regime->schedule(*environment).size());
  const auto domains = static_cast<double>(regime->batch_domains(*environment));
  const auto method =
      catalog.methods.at(trial.method.name)
          .make({trial.method.options},
                MethodContext{info.task, 1, static_cast<std::int64_t>(domains), info.groups});
  // A batch is of all that is pooled.
  const std::int64_t pooled_sets = regime->pooled_sets(*environment);
  const auto pooled = static_cast<double>(pooled_sets);
  const std::int64_t pooled_rows = training.rows * pooled_sets;
  const bool whole = training.batch == 0 || training.batch >= pooled_rows;
  const double batch_rows =
      domains * static_cast<double>(whole ? pooled_rows : std::min(training.batch, pooled_rows));
  PackCost result;
  // Pooled rows come phase by phase: on average there are half of them.
  const double usual_rows = whole ? batch_rows * (pooled + 1.0) / (2.0 * pooled) : batch_rows;
  result.flops = static_cast<double>(regime->updates(*environment, training.steps)) * usual_rows *
                 model->step_flops() * method->cost_factor();
  const double parameters = 4.0 * static_cast<double>(model->parameter_count());
  // Parameters, gradient, two moments, and the two temporaries of a penalty.
  const double parameter_bytes = 6.0 * parameters;
  // A method may keep the gradient of each domain, and work on a copy of them.
  const double gradient_bytes = 2.0 * domains * parameters;
  const double input_bytes = 4.0 * static_cast<double>(element_count(info.input_shape));
  const double activations = model->activation_bytes();
  const double training_rows = domains * static_cast<double>(training.rows);
  const auto evaluation_rows = static_cast<double>(evaluation.rows);
  result.cache_bytes = parameter_bytes + batch_rows * activations;
  // Differentiating twice keeps the intermediate results of both passes.
  const double kept = method->needs_second_order() ? 5.0 : 1.5;
  const auto chunk = static_cast<double>(std::min(kEvaluationChunk, evaluation.rows));
  result.replica_bytes = parameter_bytes + gradient_bytes +
                         std::max(kept * batch_rows * activations, 1.5 * chunk * activations);
  result.batch_bytes = batch_rows * (input_bytes + 8.0);
  result.prepared_bytes = whole ? 0.0 : pooled * training_rows * (input_bytes + 8.0);
  // Training rows, and two stretches of held-out rows: as they are, and their twins.
  // On a stream the training sets of all phases may be kept; where they are pooled there are those
  // of the phase before and, as they came and joined, of this one.
  const double sets = pooled > 1.0 ? 3.0 * pooled - 1.0 : std::max(phases, 1.0);
  result.seed_bytes = sample_bytes(info) * (sets * training_rows + 2.0 * evaluation_rows);
  result.seed_bytes += environment->shared_bytes();
  // One seed's rows while they are drawn.
  result.fixed_bytes =
      4.0e6 + model->fixed_bytes() +
      1.25 * sample_bytes(info) * std::max(static_cast<double>(training.rows), evaluation_rows);
  const auto* known = dynamic_cast<const engine::RiskModel*>(model.get());
  if (known != nullptr && method->risk_input() == RiskInput::risks &&
      known->knows_risks(info.task, static_cast<std::int64_t>(domains))) {
    // Activations are those of one replica at a time: what a replica has of its own is parameters,
    // moments, a gradient for each domain and their sum, and its rows.
    result.cache_bytes = (4.0 + domains) * parameters + batch_rows * (input_bytes + 8.0);
  }
  if (uses_linear_risks(*model, *method, info, training)) {
    // Rows are read in chunks that all replicas of a data seed share; more replicas spread what a
    // step costs besides them.
    result.cache_bytes = parameter_bytes;
    result.replica_bytes =
        parameter_bytes + gradient_bytes + 4.0 * batch_rows + 1.5 * chunk * activations;
    result.batch_bytes = 0.0;
    result.seed_bytes += 2.0 * training_rows * (input_bytes + 8.0);
  }
  // What method and regime remember.
  MemorySizes sizes;
  sizes.row = input_bytes + 8.0 + 4.0;
  sizes.logits = 4.0 * static_cast<double>(info.outputs);
  sizes.activations = activations;
  sizes.parameters = parameters;
  sizes.batch_rows = batch_rows;
  result.replica_bytes += method->memory_bytes(sizes) + regime->memory_bytes(sizes);
  const double measurements =
      kMeasurementBytes * count_measurements(trial, *environment, *regime).all;
  result.replica_bytes += measurements;
  result.shares = {
      {"training.rows",
       kSlack * (result.prepared_bytes + sample_bytes(info) * sets * training_rows)},
      {"training.batch", kSlack * batch_rows * (kept * activations + input_bytes + 8.0)},
      {"evaluation.rows", kSlack * 2.0 * sample_bytes(info) * evaluation_rows},
      {"the number of measurements (evaluation.every, phases, windows)", kSlack * measurements},
      {"the model's size", kSlack * (parameter_bytes + gradient_bytes + model->fixed_bytes())},
      {"the state of the method and the regime",
       kSlack * (method->memory_bytes(sizes) + regime->memory_bytes(sizes))}};
  result.max_replicas = std::min(model->max_replicas(), method->max_replicas());
  return result;
}

}  // namespace spurion
