#pragma once

#include <string>

#include "spurion/analysis/answer.hpp"
#include "spurion/export.hpp"

namespace spurion::cli {

/// Prints an answer. `format`: text, or its tables alone as csv, markdown or latex.
SPURION_API void print_answer(const analysis::Answer& answer, const std::string& format);

}  // namespace spurion::cli
