#pragma once

#include <string>

#include "spurion/export.hpp"
#include "spurion/tensor.hpp"

namespace spurion {

/// Which part of the inputs carries a cue. It follows from the mechanism: what differs between some
/// training rows and their twins with another cue. Nothing is known of single rows.
struct CueInputs {
  std::string cue;  ///< its name in the graph
  Tensor mask;      ///< bool [K or 1, ...input_shape]: the inputs that carry it
  /// Rows are images [channels, height, width], and the cue only moves values between the channels
  /// of a pixel: a colour. Then the differences between the channels carry it, and their mean does
  /// not.
  bool between_channels = false;

  /// The part of `x` [K or 1, B, ...input_shape] that carries the cue; the rest is `x` minus this.
  /// An orthogonal projection, so the squares of both parts add up. Differentiable.
  [[nodiscard]] SPURION_API Tensor part(const Tensor& x) const;
  /// Whether some input, or some combination of channels, does not carry it, for every replica.
  [[nodiscard]] SPURION_API bool leaves_something() const;
};

}  // namespace spurion
