#pragma once

#include "spurion/environment.hpp"

namespace spurion::environments {

/// The population of environments with C equally frequent classes that are read without error and a
/// cue of C values that is, too:
///
///     label = class, with probability label_noise another one, evenly
///     cue   = label (or class), with probability e another value, evenly
///
/// All ceilings are sums over the C^3 cells (class, cue, label).
struct ClassCueOptions {
  int classes = 2;
  double label_noise = 0.0;
  /// Whether the cue correlates with the class of the image instead of the noisy label.
  bool follows_class = false;
};

class ClassCue {
 public:
  explicit ClassCue(ClassCueOptions options) : options_(options) {}

  /// Exact, by enumeration. `train_shift` is the mean e of the train domains, which have equally
  /// many rows. The population minimiser is known where every cell that occurs at `shift` occurs in
  /// training.
  [[nodiscard]] Ceilings ceilings(double shift, double train_shift) const;

 private:
  /// P(class, cue, label).
  [[nodiscard]] double cell(int image_class, int cue, int label, double shift) const;

  ClassCueOptions options_;
};

}  // namespace spurion::environments
