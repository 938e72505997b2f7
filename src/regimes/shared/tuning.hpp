#pragma once

#include <cstdint>
#include <string>

#include "spurion/method.hpp"
#include "spurion/schema.hpp"

namespace spurion {

/// How a trained model is trained on: what continual and online training share.
struct TuningOptions {
  std::string trainable = "all";
  double rate_factor = 1.0;
  std::int64_t warm_up = 0;
  bool reset_optimizer = false;

  /// Adds these fields to the schema of `Options`, which derives from `TuningOptions`.
  template <class Options>
  static Schema<Options>& add_to(Schema<Options>& schema) {
    return schema
        .field("trainable", static_cast<std::string Options::*>(&Options::trainable),
               "What is trained after phase 0: all parameters, those of the last layer, or none.",
               one_of({"all", "last_layer", "none"}))
        .field("rate_factor", static_cast<double Options::*>(&Options::rate_factor),
               "Factor of the learning rate after phase 0.", positive())
        .field("warm_up", static_cast<std::int64_t Options::*>(&Options::warm_up),
               "Steps over which the learning rate rises from 0 at the start of each later phase.",
               at_least(0))
        .field("reset_optimizer", static_cast<bool Options::*>(&Options::reset_optimizer),
               "Forget the optimiser's state at each phase.");
  }
};

/// Applies the options to a trainee.
class Tuning {
 public:
  Tuning(TuningOptions options, Trainee& trainee);

  /// At the start of a phase.
  void enter(std::int64_t phase);
  /// Before each step.
  void before_step(std::int64_t phase, std::int64_t step);

 private:
  TuningOptions options_;
  Trainee* trainee_;
  Tensor trainable_;  // bool [P]; undefined when everything is trained
};

}  // namespace spurion
