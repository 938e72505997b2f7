#pragma once

/// \file
/// All that `spurion::results` offers: reading stores, asking questions of them, writing reports.
/// None of it needs LibTorch.
///
///     #include <spurion/results.hpp>
///     int main() {
///       const spurion::StoredResults results = spurion::read_results("results/first_look");
///       for (const spurion::analysis::Answer& answer : spurion::analysis::answer_all(results)) {
///         std::puts(answer.sentence.c_str());
///       }
///     }
///
///     find_package(spurion REQUIRED COMPONENTS results)
///     target_link_libraries(my_reader PRIVATE spurion::results)

#include "spurion/analysis/answer.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/analysis/streams.hpp"
#include "spurion/analysis/table.hpp"
#include "spurion/error.hpp"
#include "spurion/measurements.hpp"
#include "spurion/provenance.hpp"
#include "spurion/question.hpp"
#include "spurion/question_kinds.hpp"
#include "spurion/report.hpp"
#include "spurion/selector.hpp"
#include "spurion/store.hpp"
#include "spurion/suite.hpp"
#include "spurion/trial.hpp"
#include "spurion/value.hpp"
#include "spurion/version.hpp"
