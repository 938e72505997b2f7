#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "analysis/fits/over_optimisation.hpp"
#include "analysis/questions/goodhart/goodhart_options.hpp"
#include "analysis/questions/goodhart/model_states.hpp"
#include "analysis/seed_jackknife.hpp"
#include "spurion/analysis/statistics.hpp"
#include "spurion/export.hpp"

/// \file
/// Proxy and truth along a pressure, and the verdict on it.

namespace spurion::analysis::questions::goodhart {

/// How a proxy presses on models.
enum class PressureKind {
  filter,       ///< the best of n stored trainings
  loss,         ///< the proxy as a penalty of this weight
  checkpoints,  ///< the best of the last m checkpoints of a training
  iterated      ///< survivors of selections, trained on and selected again
};
/// "filter", "loss", "checkpoint choice", "iterated selection".
SPURION_API const char* pressure_name(PressureKind kind);

/// What became of the truth while the proxy was optimised.
enum class GoodhartVerdict {
  faithful,        ///< it is shown to be better, and shown not to have fallen
  over_optimised,  ///< it is shown to fall again from some place on
  blind,           ///< the proxy got better; the truth is shown not to have changed
  no_pressure,     ///< it is not shown that the proxy got better
  did_not_learn,   ///< models under pressure did not learn
  undecided
};
SPURION_API const char* goodhart_verdict_name(GoodhartVerdict verdict);

/// One amount of pressure.
struct PressurePlace {
  double amount = 0.0;  ///< n, the weight, m, or the number of selections
  double nats = std::numeric_limits<double>::quiet_NaN();  ///< NaN: known from the models, or not
  bool judged = true;                                      ///< whether a verdict may use it
};

/// Numbers of all models of a line along the pressure. Of each place, `width` numbers: by how much
/// the readings are better than without pressure (`kLearning`, `kDistance` and `kNats` are what
/// they are).
struct PressureNumbers {
  std::vector<PressurePlace> places;
  std::size_t width = kHeldOut;
  std::vector<std::int64_t> seeds;  ///< of the items that the statistic is of
  ItemStatistic statistic;          ///< [place * width + reading]
};

/// A kind of pressure on the models of one environment.
struct SPURION_API PressureLine {
  PressureKind kind = PressureKind::filter;
  std::string name;
  std::string environment;
  PressureNumbers numbers;
  Jackknifed gains;           ///< of `numbers`
  std::size_t judged = 0;     ///< the first places, which a verdict may use
  std::size_t unlearned = 0;  ///< places at which models are shown not to have learned
  GoodhartVerdict alone = GoodhartVerdict::undecided;
  double p = 1.0;
  GoodhartVerdict verdict = GoodhartVerdict::undecided;
  double adjusted_p = 1.0;
  /// The place with the largest gain of the truth among those that are judged; 0 is no pressure,
  /// i is place i - 1.
  std::size_t peak = 0;
  Estimate fall;  ///< gain of the truth there minus that at the last judged place
  /// The first place from which on the proxy is shown to overstate by more than the margin, counted
  /// as `peak` is; 0: it is not shown.
  std::size_t parts = 0;

  [[nodiscard]] std::size_t at(std::size_t place, std::size_t reading) const {
    return place * numbers.width + reading;
  }
  [[nodiscard]] Estimate gain(std::size_t place, std::size_t reading) const;
  /// What the proxy claims beyond what is true: its gain minus that of the truth.
  [[nodiscard]] Estimate overstated(std::size_t place) const;
  /// The distance of a place from no pressure, the root of its nats; NaN where it is not known.
  [[nodiscard]] double distance(std::size_t place) const;
  /// The same of one set of numbers, as `gains` has them.
  [[nodiscard]] double distance(std::size_t place, const std::vector<double>& of) const;
  /// "n = 8", "weight = 0.1"; of `peak` and `parts`.
  [[nodiscard]] std::string place_text(std::size_t place) const;
  /// Names all numbers that the verdict rests on.
  [[nodiscard]] std::string key() const;
};

/// Fills in what the numbers say, before the verdict is adjusted.
SPURION_API void judge_pressure(PressureLine& line, double margin);
/// The verdict that holds at the adjusted p.
SPURION_API void adjust_verdict(PressureLine& line);

/// The form of over-optimisation of one reading: alpha, beta, the distance of the peak and the gain
/// there. Estimates of no values where it cannot be fitted, or has no peak.
struct FittedForm {
  std::size_t reading = kTruth;
  Estimate alpha;
  Estimate beta;
  Estimate peak;
  Estimate peak_gain;
  fits::OverOptimisation form;
  double largest = 0.0;    ///< d of the places that were judged
  std::size_t places = 0;  ///< that it was fitted to
};
SPURION_API FittedForm fitted_form(const PressureLine& line, std::size_t reading);

}  // namespace spurion::analysis::questions::goodhart
