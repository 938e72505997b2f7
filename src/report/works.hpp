#pragma once

#include <vector>

#include "report/references.hpp"

namespace spurion::report {

/// Published works, by the first letter of their key.
const std::vector<Reference>& works_a_to_k();
const std::vector<Reference>& works_l_to_z();

}  // namespace spurion::report
