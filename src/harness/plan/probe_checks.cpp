#include "harness/plan/probe_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "catalog/probe_choice.hpp"
#include "nouns/cue_inputs.hpp"
#include "nouns/cue_scale.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

EvaluationOptions evaluation_of(const TrialSpec& trial) {
  Problems problems;
  const EvaluationOptions options =
      EvaluationOptions::schema().parse(trial.evaluation, "evaluation", problems);
  problems.raise();
  return options;
}

/// Throws where the inputs of a cue cannot be told from the others.
void check_carriers(const Environment& environment) {
  for (const std::string& cue : environment.info().every_cue()) {
    if (nouns::cue_inputs_of(environment, cue).leaves_something()) continue;
    throw UsageError(fmt::format(
        "it compares the inputs of a cue with the others, and in {} the cue '{}' is in every input",
        environment.info().name, cue));
  }
}

/// Throws where rows do not tell the value of each cue.
void check_cue_labels(const Environment& environment, const EvaluationOptions& options) {
  const Domain domain = environment.train_domains().front();
  const std::int64_t rows =
      std::min(options.probe_rows, environment.row_limit(domain, Split::test));
  (void)nouns::CueScale(environment.info(), environment.sample(domain, Split::test, {0, rows}));
}

}  // namespace

void check_probes(const TrialSpec& trial, const Catalog& catalog, const Environment& environment) {
  const EvaluationOptions options = evaluation_of(trial);
  if (options.probes.empty()) return;
  const EnvironmentInfo& info = environment.info();
  const std::unique_ptr<Model> model =
      catalog.models.at(trial.model.name)
          .make({trial.model.options}, ModelContext{info.input_shape, info.outputs});
  const ProbeContext context{info.task, info.outputs, info.input_shape};
  for (const catalog::ProbeChoice& choice : catalog::chosen_probes(options)) {
    try {
      const auto probe = catalog.probes.at(choice.probe.name).make({choice.probe.options}, context);
      check_probe(*probe, context, *model, trial.model.name);
      if (probe->access().cue_inputs) check_carriers(environment);
      if (probe->access().cue_labels) check_cue_labels(environment, options);
    } catch (const UsageError& error) {
      throw UsageError(
          fmt::format("probe '{}' cannot be used here: {}", choice.label, error.what()));
    }
  }
}

double probe_bytes(const TrialSpec& trial, const Catalog& catalog, const EnvironmentInfo& info,
                   const Model& model) {
  const EvaluationOptions options = evaluation_of(trial);
  const ProbeContext context{info.task, info.outputs, info.input_shape};
  const double input = 4.0 * static_cast<double>(element_count(info.input_shape));
  double most = 0.0;
  for (const catalog::ProbeChoice& choice : catalog::chosen_probes(options)) {
    const ProbeAccess access =
        catalog.probes.at(choice.probe.name).make({choice.probe.options}, context)->access();
    // Rows, their changed copies and gradients; activations forward and back, or a few copies of a
    // layer; the square of the rows that linear readings solve for.
    const auto rows = static_cast<double>(options.probe_rows);
    const double square = access.cue_labels && (access.activations || access.features)
                              ? 3.0 * 8.0 * rows * rows
                              : 0.0;
    most = std::max(most, rows * (6.0 * input + 3.0 * model.activation_bytes()) + square);
  }
  return most;
}

}  // namespace spurion::harness
