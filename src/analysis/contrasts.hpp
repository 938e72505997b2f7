#pragma once

#include <string>

#include "analysis/paired_test.hpp"
#include "spurion/analysis/answer.hpp"

namespace spurion::analysis {

/// A difference as answers name it, with what its test knows of how it varies.
Contrast contrast_of(std::string name, std::string number, const Estimate& difference,
                     const PairedTest& test);

}  // namespace spurion::analysis
