#include "spurion/trial.hpp"

namespace spurion {

namespace {

/// Beyond any machine; products of two of them with a number of domains or windows stay countable.
constexpr double kBeyondMachines = 1e12;

}  // namespace

const Schema<TrainingOptions>& TrainingOptions::schema() {
  using O = TrainingOptions;
  static const auto schema =
      Schema<O>()
          .field("steps", &O::steps, "Updates in all, shared out over the phases of a stream.",
                 between(0, kBeyondMachines), log_uniform_integer(100, 10000))
          .field("rows", &O::rows, "Training rows of each train domain (of each phase).",
                 between(1, kBeyondMachines), log_uniform_integer(100, 100000))
          .field("batch", &O::batch, "Rows of each domain in a minibatch; 0 means all of them.",
                 between(0, kBeyondMachines), log_uniform_integer(8, 512));
  return schema;
}

const Schema<EvaluationOptions>& EvaluationOptions::schema() {
  using O = EvaluationOptions;
  static const auto schema =
      Schema<O>()
          .field("rows", &O::rows, "Held-out rows of each domain, and pairs of twins on the dial.",
                 between(1, kBeyondMachines))
          .field("every", &O::every, "Measure every so many steps; 0 means at the end only.",
                 between(0, kBeyondMachines))
          .field("training_rows", &O::training_rows,
                 "Rows of each train domain's training set that are measured too; 0 means none.",
                 between(0, kBeyondMachines));
  return schema;
}

}  // namespace spurion
