#pragma once

#include "spurion/environment.hpp"

namespace spurion::nouns {

/// The domain with this control shift, or without any.
SPURION_API Domain with_control_shift(Domain domain, std::optional<ControlShift> shift);

/// Names the rows of a domain: its key, and its control shift where it has one. Two domains of one
/// environment with different texts have different rows.
SPURION_API std::string rows_text(const Domain& domain);

/// Throws `UsageError` where an environment cannot have this control shift.
SPURION_API void require_control_shift(const EnvironmentInfo& info, const ControlShift& shift);

}  // namespace spurion::nouns
