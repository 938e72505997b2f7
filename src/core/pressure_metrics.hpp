#pragma once

#include <vector>

#include "spurion/metric_info.hpp"

namespace spurion::core {

/// Adds what is stored of trainings that a penalty, an anchor or a selection presses on, in the
/// order of `MetricId`.
void add_pressure_metrics(std::vector<MetricInfo>& out);

}  // namespace spurion::core
