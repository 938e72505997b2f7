#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/fits/scaling_judgement.hpp"
#include "spurion/analysis/study.hpp"
#include "spurion/metric_info.hpp"
#include "spurion/schema.hpp"

namespace spurion::analysis::questions::scaling_law {

/// What a question of kind 'scaling_law' asks.
struct LawOptions {
  std::string axis;
  std::string second_axis;
  std::string third_axis;
  std::string metric = "gap";
  std::string domain = "test";
  double margin = 0.02;
  std::string id_ceiling = "auto";
  double id_margin = 0.02;
  std::int64_t held_out = 0;
  std::int64_t resamples = 1000;
  std::int64_t planted = 20;
  bool primary = false;
  std::string hypothesis = "none";
  /// `fits::ScalingOptions::level_share`: no key, the study tells it.
  double level_share = 1.0;

  /// One to three.
  [[nodiscard]] std::vector<std::string> axes() const;
  /// "model.width", or "model.width and training.rows".
  [[nodiscard]] std::string axes_text() const;
  /// "gap"; of another metric its words and domain.
  [[nodiscard]] std::string what() const;
  /// The range of the number, for trials that are scored by accuracy or for regression.
  [[nodiscard]] MetricRange range(const Study& study, bool accuracy) const;
  /// What the judgement of a line needs; `bound`: the largest value that is possible.
  [[nodiscard]] fits::ScalingOptions for_fits(double bound) const;
};

/// The keys of the question. A default that does not fit the others is refused by `check`.
const Schema<LawOptions>& law_schema();

/// Throws `UsageError` for axes that name one field twice, or a third without a second.
void check(const LawOptions& options);

}  // namespace spurion::analysis::questions::scaling_law
