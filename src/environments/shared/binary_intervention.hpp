#pragma once

#include "spurion/environment.hpp"

namespace spurion::environments {

/// What an intervention makes of a variable that is -1 or +1. `y` is the label on that scale and
/// `coin` the row's own draw from the marginal of the variable.
inline int intervened(int value, int y, int coin, const Intervention& intervention) {
  using Kind = Intervention::Kind;
  switch (intervention.kind) {
    case Kind::set:
      return intervention.value > 0.0 ? 1 : -1;
    case Kind::flip:
      return -value;
    case Kind::align:
      return y;
    case Kind::oppose:
      return -y;
    case Kind::resample:
      return coin;
    case Kind::none:
      break;
  }
  return value;
}

}  // namespace spurion::environments
