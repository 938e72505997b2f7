#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "analysis/questions/goodhart/goodhart_options.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/study.hpp"

namespace spurion::analysis::questions::goodhart {

/// What is read of a model, in this order; held-out probes stand behind.
enum Reading : std::size_t {
  kProxy,     ///< higher is what the pressure wants
  kTruth,     ///< the same
  kOod,       ///< score out of distribution, higher is better
  kId,        ///< score in distribution, higher is better
  kLearning,  ///< how much better than half-way from chance to the invariant ceiling; NaN: unknown
  kDistance,  ///< stored divergence from the run without pressure, in nats; NaN: none
  kNats,      ///< stored nats of the selections before; NaN: none
  kHeldOut    ///< the first held-out probe
};

/// A model at one update of its training.
struct ModelState {
  std::int64_t step = 0;
  std::vector<double> readings;  ///< `Reading`; NaN: not measured
};

/// Reads states of trials, turned so that more is what the pressure wants.
class StateReader {
 public:
  StateReader(const Study& study, const ResultsView& view, const GoodhartOptions& options);

  /// The states of a trial at which proxy and truth were measured, by update.
  [[nodiscard]] std::vector<ModelState> states(const TrialResult& trial) const;
  /// Number of readings of a state.
  [[nodiscard]] std::size_t width() const { return kHeldOut + options_.held_out_probes.size(); }

 private:
  /// One stored number and where it is put.
  struct Wanted {
    std::string domain;  ///< empty: any
    std::string metric;
    std::size_t place = 0;
    double sign = 1.0;
  };

  const GoodhartOptions& options_;
  std::string score_;
  std::vector<Wanted> wanted_;
};

}  // namespace spurion::analysis::questions::goodhart
