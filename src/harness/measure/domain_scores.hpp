#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/measure/metric_set.hpp"
#include "spurion/environment.hpp"

/// \file
/// What the scores of several domains come to: means, the gap and the confusion index. The same for
/// models that were trained here and for predictions made elsewhere.

namespace spurion::harness {

/// The mean over domains of each measurement that `wanted` names and that all of them have. A mean
/// over some of them would not be what others mean.
MetricValues mean_over_domains(const std::vector<MetricValues>& domains,
                               const std::function<bool(const std::string&)>& wanted);

/// Adds "gap" to the scores of a shifted domain: how much worse they are than those in
/// distribution. Nothing where one of the two has no score.
void add_gap(Score score, const MetricValues& in_distribution, MetricValues& shifted);

/// Adds "confusion_index" to the scores of the test domain. `environments` holds one for each
/// replica. Nothing where no replica's environment defines it.
void add_confusion(const std::vector<const Environment*>& environments, MetricValues& test);

}  // namespace spurion::harness
