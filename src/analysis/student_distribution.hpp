#pragma once

#include "spurion/export.hpp"

namespace spurion::analysis {

/// Probability that Student's t with so many degrees of freedom is below t; in the far tail to the
/// left as exact as small numbers are.
SPURION_API double student_probability(double t, double freedom);

}  // namespace spurion::analysis
