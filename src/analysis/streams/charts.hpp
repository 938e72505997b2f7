#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "spurion/analysis/answer.hpp"
#include "spurion/analysis/streams.hpp"

namespace spurion::analysis {

/// Trials that make one line of a chart.
struct StreamLines {
  std::vector<std::vector<StreamNumbers>> strata;
};

/// Of one environment: where its cues stand from phase to phase; the score before learning over the
/// stream, with the ceilings and marks where cues shift; flip rates after each phase.
std::vector<Chart> stream_charts(const std::string& experiment, const std::string& world,
                                 const std::map<std::string, StreamLines>& lines, double margin);

/// Largest flip rate at a phase against a scale, a line a regime and method.
Chart flips_against_scale(
    const std::string& experiment, const std::string& world, const std::string& axis,
    std::int64_t phase,
    const std::map<std::string, std::map<double, std::vector<std::vector<StreamNumbers>>>>& lines);

}  // namespace spurion::analysis
