#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "spurion/analysis/answer.hpp"
#include "spurion/analysis/seed_cells.hpp"
#include "spurion/analysis/streams.hpp"
#include "spurion/analysis/study.hpp"
#include "spurion/analysis/trial_fates.hpp"
#include "spurion/store.hpp"

/// \file
/// Finished trials on streams, put together by what a question compares.

namespace spurion::analysis {

/// Default margin of flip rates and cue contributions.
inline constexpr double kStreamMargin = 0.1;

/// What is asked of streams.
struct StreamsAsked {
  std::string experiment;   ///< the first of them, by which tables and charts are named
  std::string axis;         ///< a scale; empty: none
  std::int64_t phase = -1;  ///< after which they are judged; -1: the last
  double margin = kStreamMargin;
};

/// What a number of a stream is, which says how well its rows tell it.
enum class OnRows {
  none,              ///< not known
  rate,              ///< a score or a flip rate
  paired,            ///< a difference of two on the same rows
  score_less_exact,  ///< a score less what is exact: at most as unsure as a rate of one half
  stream             ///< a score over the windows of the stream
};
RowNoise row_noise(const StreamNumbers& trial, OnRows kind, double value);

/// A number of trials by stratum and seed.
template <class Number>
SeedCells stream_cells(const std::vector<std::vector<StreamNumbers>>& strata, Number number,
                       OnRows kind) {
  SeedCells cells;
  for (std::size_t s = 0; s < strata.size(); ++s) {
    for (const StreamNumbers& trial : strata[s]) {
      const double value = number(trial);
      cells.add(std::to_string(s), trial.seed, value, row_noise(trial, kind, value));
    }
  }
  return cells;
}

/// The trials of one environment, regime, method and scale, by what else varies.
struct StreamCell {
  std::map<std::string, std::vector<StreamNumbers>> strata;
  std::string environment;  ///< of the stream
  Cost cost;                ///< summed
  double spent = 0.0;       ///< summed: labels, and interventions at their price
  std::int64_t trials = 0;

  [[nodiscard]] const StreamNumbers& any() const { return strata.begin()->second.front(); }
  [[nodiscard]] std::vector<std::vector<StreamNumbers>> lists() const {
    std::vector<std::vector<StreamNumbers>> all;
    for (const auto& [configuration, list] : strata) all.push_back(list);
    return all;
  }
  template <class Number>
  [[nodiscard]] Estimate estimate(const std::string& key, Number number, const Range& range = {},
                                  OnRows kind = OnRows::none) const {
    return stream_cells(lists(), number, kind).estimate(key, range);
  }
};

struct CellKey {
  /// Environment, trajectory, and what else of a configuration differs between trials.
  std::string world;
  std::string regime;
  std::string method;
  double scale = 0.0;

  bool operator<(const CellKey& other) const {
    return std::tie(world, regime, method, scale) <
           std::tie(other.world, other.regime, other.method, other.scale);
  }
  [[nodiscard]] std::string text() const {
    return fmt::format("{} {} {} {}", world, regime, method, scale);
  }
};

/// Trials by environment, regime, method and scale. The options in `scaled` ("section.field") move
/// with the axis and name nothing.
struct TrialCells {
  std::map<CellKey, StreamCell> cells;
  /// How the trials of each "regime, method" ended; only those that are done are in a cell.
  std::map<std::string, TrialFates> fates;
  std::int64_t offline = 0;  ///< on no stream, and left out
  /// Of options that methods share and in which they differ, for captions; empty where none.
  std::string note = {};
};

TrialCells cells_of(const Study& study, const std::set<std::string>& experiments,
                    const std::set<std::string>& scaled, const std::string& axis);

/// As `show`; "-" where no trial has the number.
std::string show_defined(const Estimate& estimate, int digits = 3);

}  // namespace spurion::analysis
