#include "core/probe_metrics.hpp"

#include <limits>
#include <utility>

namespace spurion::core {

void add_probe_metrics(std::vector<MetricInfo>& out) {
  constexpr MetricRange kShare{0.0, 1.0};
  const auto add = [&](MetricInfo info) {
    info.writer = "every trial that asks for probes";
    out.push_back(std::move(info));
  };
  add({"probe_*", "reliance, by a probe",
       "reliance on a cue that a probe finds, without any intervention; the name says which probe "
       "and, after 'on', which cue; 0: the output does not depend on the cue, 1: on nothing else",
       "", kShare, Better::low, true, false});
  add({"cue_flip_rate_*", "flip rate of a cue",
       "share of predictions that change when only this cue changes", "share of rows", kShare,
       Better::low, true, true});
  add({"output_change_*", "output change of a cue",
       "mean total variation distance between the probabilities that the model predicts for a row "
       "and for its twin with another value of this cue",
       "probability", kShare, Better::low, true, false});
  add({"probing_flops_*", "operations of a probe",
       "floating-point operations of the passes of a probe at one measurement; they are not among "
       "those of the training",
       "operations", MetricRange{0.0, std::numeric_limits<double>::infinity()}, Better::neither,
       true, false});
}

}  // namespace spurion::core
