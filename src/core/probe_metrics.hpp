#pragma once

#include <vector>

#include "spurion/metric_info.hpp"

namespace spurion::core {

/// What is known of the numbers of probes and of the truth beside them, in the order of `MetricId`.
void add_probe_metrics(std::vector<MetricInfo>& out);

}  // namespace spurion::core
