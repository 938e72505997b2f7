#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "spurion/analysis/statistics.hpp"
#include "spurion/export.hpp"

/// \file
/// Whether a gap closes along one to three axes of scale: laws fitted to trials, chosen by their
/// error on the largest scales, which they did not see, and a verdict that is given only where the
/// data allow no other. Pure functions of numbers.

namespace spurion::analysis::fits {

/// One trial at one scale.
struct ScalingPoint {
  std::vector<double> scale;  ///< one for each axis, above 0
  std::int64_t seed = 0;
  double value = 0.0;
  double noise = 0.0;  ///< standard deviation of `value` from the evaluated rows; 0: not known
};

/// What is judged together.
struct ScalingData {
  std::vector<ScalingPoint> gap;
  /// How far the ID score is from its exact ceiling, in units of the score; at least 0 apart from
  /// noise. Empty: not known, and the verdict does not use it.
  std::vector<ScalingPoint> id_shortfall;
};

struct ScalingOptions {
  double margin = 0.02;     ///< a gap that counts as none
  double id_margin = 0.02;  ///< a shortfall of the ID score that counts as none
  double level = 0.95;      ///< of all intervals
  int held_out = 0;         ///< largest scales that the choice leaves out; 0: 1, or 2 of at least 8
  int resamples = 1000;     ///< of seeds, each with all its scales
  double bound = 1.0;       ///< the largest gap that is possible
  /// The range of the number: intervals, and curves that are drawn with their bands, end there.
  double least_value = -std::numeric_limits<double>::infinity();
  double most_value = std::numeric_limits<double>::infinity();
  /// Smaller exponents are not searched: a law that loses less than 11 % in each decade cannot be
  /// told from a plateau.
  double least_exponent = 0.05;
  /// In (0, 1]: share of the level of all tests that this look at the results has. default: 1
  double level_share = 1.0;
  std::int64_t least_scales = 5;  ///< fewer give no verdict
  double least_decades = 1.5;     ///< from the smallest to the largest scale; fewer give no verdict
};

enum class ScalingOutcome {
  closes,            ///< goes to within the margin of 0
  no_gap,            ///< within the margin of 0 at every scale: there was nothing to close
  overshoots,        ///< below minus the margin at the largest scale
  shrinks_open,      ///< shrank, is above the margin at the largest scale; its end is not shown
  plateaus,          ///< stays above the margin: the interval of g_inf lies above it
  grows,             ///< grew by more than the margin, and is above it
  non_monotone,      ///< is shown to fall and to rise by more than the margin
  mixture,           ///< seeds fall into two modes: no single curve describes them
  not_identifiable,  ///< a plateau and a law of a very small exponent both fit
  under_trained,     ///< the ID score is not at its ceiling at the largest scale
  open,              ///< above the margin at the largest scale: what is left of `grows`, `plateaus`
                     ///< or `shrinks_open` where one of these is not shown as one of several
  undecided
};

/// What a verdict rests on, or why there is none.
enum class ScalingReason {
  observed,       ///< the scales that were run show it
  extrapolated,   ///< the fitted law shows it, with a p of at most .02
  few_scales,     ///< fewer than `least_scales`
  few_decades,    ///< fewer than `least_decades`
  one_seed,       ///< some scales have fewer than two seeds
  wide_interval,  ///< the intervals allow more than one verdict
  law_fails,      ///< no law predicts the held-out scales, or follows the scales that it saw
  weak_law,       ///< the interval of g_inf would decide, but its p is above .02
  id_unsure,      ///< it is not shown whether the ID score is at its ceiling
  adjusted        ///< shown alone, but not as one of so many verdicts (Holm)
};

enum class LawFamily {
  constant,
  closing,
  plateau,
  broken,
  bounded,
  joint_closing,
  joint,
  selection_pressure,  ///< of over_optimisation.hpp
  gradient_pressure    ///< the same
};

/// A parameter of a law by its name in the formula, for scales in their own units.
struct LawParameter {
  std::string name;
  double value = 0.0;
};

/// A family fitted to the means of all scales, and its error where it had not seen the largest.
struct FittedLaw {
  LawFamily family = LawFamily::constant;
  std::string name;                      ///< "plateau"
  std::string formula;                   ///< "g_inf + a N^-b"
  std::vector<LawParameter> parameters;  ///< of the fit to all scales
  double loss = 0.0;                     ///< sum over scales of ((mean - law) / deviation)^2
  std::vector<double> predicted;         ///< of the fit to all scales, at each scale
  std::vector<double> extrapolated;      ///< at each held-out scale, of the fit without them
  /// Root mean square of `extrapolated` minus the means there. Infinite where too few scales are
  /// left to fit the family.
  double held_out_error = std::numeric_limits<double>::infinity();
};

/// One scale, from the smallest to the largest (with several axes: in lexical order).
struct ScaleSummary {
  std::vector<double> scale;
  Estimate gap;                 ///< mean over seeds with its interval, at least as wide as noise
  double median = 0.0;          ///< over seeds
  double seed_deviation = 0.0;  ///< of one seed
  double noise = 0.0;           ///< of one seed, from its evaluated rows
  double deviation = 0.0;       ///< of the mean, as the fit weighs it
  bool held_out = false;
  Estimate within_margin;  ///< share of seeds with a gap below the margin
  bool two_modes = false;  ///< the seeds of this scale fall into two modes
  double low_mode = 0.0;   ///< mean of the seeds of the lower mode
  double high_mode = 0.0;
  double share_low = 0.0;  ///< share of seeds in the lower mode
};

/// How a law did on the scales that it had not seen.
struct Extrapolation {
  Estimate error;              ///< prediction minus mean at the largest scale
  double seed_noise = 0.0;     ///< standard error of the mean there
  double law_error = 0.0;      ///< root mean square over the held-out scales
  double carried_error = 0.0;  ///< the same of the last value carried forward
  bool beats_carried = false;  ///< `law_error` is smaller
  double p = 1.0;              ///< that so large an error is noise
  std::int64_t held_out = 0;   ///< scales
};

/// Where the gap goes as the scale grows without bound.
struct Asymptote {
  LawFamily family = LawFamily::plateau;  ///< the law whose g_inf this is
  bool given = false;                     ///< whether the data have enough scales and seeds
  Estimate g_inf;                         ///< by the profile likelihood, calibrated by resamples
  std::vector<double> profile_values;     ///< values of g_inf
  std::vector<double> profile_excess;     ///< the least loss with g_inf held, minus the least loss
  double threshold = 0.0;          ///< the interval holds the values with at most this excess
  Estimate exponent;               ///< b, with the exponents that are compatible
  bool exponent_at_bound = false;  ///< the smallest exponent searched is compatible
  double p_margin = 1.0;           ///< two-sided, that g_inf is the margin
  double p_lack_of_fit = 1.0;      ///< that the means deviate so much from the law by noise
};

/// The scale at which a closing law a N^-b would reach the margin.
struct Reach {
  bool compatible = false;         ///< whether the closing law fits (g_inf = 0 is in the interval)
  double p = 1.0;                  ///< that g_inf is 0
  double exponent = 0.0;           ///< of the closing law
  double smallest_exponent = 0.0;  ///< that is compatible
  Estimate decades;  ///< log10(scale / largest scale); at most 0: it is reached already
};

/// Of more of the same, as the fitted law goes on. 0: not known, or beyond what is searched.
struct Needed {
  std::int64_t seeds = 0;  ///< at the same scales, in all, for a verdict in 4 of 5 cases
  double decades = 0.0;    ///< of further scales at the same spacing, with as many seeds
};

/// The chosen law, for drawing.
struct CurvePoint {
  double scale = 0.0;
  double value = 0.0;
  double low = 0.0;  ///< pointwise interval over resamples, within the range of the number
  double high = 0.0;
};

/// One resample of seeds, refitted from the whole grid of starts.
struct ResampledLaw {
  double g_inf = 0.0;
  double amplitude = 0.0;  ///< a, at the reference scale
  double exponent = 0.0;
  double reach_decades = 0.0;  ///< of the closing law
};

/// The ID score along the same axis.
struct IdJudgement {
  bool given = false;
  bool reached = false;      ///< shown to be within `id_margin` of the ceiling at the largest scale
  bool not_reached = false;  ///< shown not to be
  Estimate shortfall;        ///< at the largest scale
  double p = 1.0;            ///< two-sided, that it is `id_margin` there
  std::vector<FittedLaw> laws;  ///< best held-out error first
  std::vector<CurvePoint> curve;
};

/// The p values behind a verdict. All are two-sided.
struct ScalingTests {
  double falls = 1.0;      ///< that no scale has a smaller gap than an earlier one
  double rises = 1.0;      ///< that no scale has a larger gap than an earlier one
  double change = 1.0;     ///< that the gap is the same at the smallest and the largest scale
  double open = 1.0;       ///< that the gap at the largest scale is the margin
  double two_modes = 1.0;  ///< that seeds have one mode at the largest scales
};

struct ScalingJudgement {
  ScalingOutcome outcome = ScalingOutcome::undecided;
  ScalingReason reason = ScalingReason::wide_interval;
  double p = 1.0;  ///< of the verdict: the largest of those that it needs; for Holm over a suite
  bool implies_open = false;  ///< the verdict holds only where `open` does; its p is `tests.open`
  std::int64_t seeds = 0;
  double decades = 0.0;  ///< of the axis with the most
  std::vector<ScaleSummary> scales;
  std::vector<FittedLaw> laws;  ///< best held-out error first; the first is the chosen one
  Extrapolation extrapolation;  ///< of the chosen law
  bool law_holds = false;       ///< the law of `asymptote` is not rejected, at level .01
  Asymptote asymptote;
  Reach reach;
  Needed needed;
  ScalingTests tests;
  Estimate largest;  ///< the gap at the largest scale
  Estimate change;   ///< gap at the largest minus at the smallest scale, paired over seeds
  IdJudgement id;
  std::vector<CurvePoint>
      curve;  ///< with one axis: from the smallest scale to 10 times the largest
  std::vector<ResampledLaw> draws;
};

/// Judges one line of trials. Random numbers depend on `key` alone, so the same data give the same
/// judgement. Throws `UsageError` if a scale is not above 0, a value or noise is not finite, or
/// points have different numbers of axes.
SPURION_API ScalingJudgement judge_scaling(const ScalingData& data, const ScalingOptions& options,
                                           const std::string& key);

/// p values of a judgement, adjusted for several verdicts.
struct AdjustedP {
  double verdict = 1.0;
  double open = 1.0;  ///< of `ScalingOutcome::open`; 1 where the verdict does not imply it
};

/// Adjusts the p values of several judgements so that the probability of any wrong claim is at most
/// `level` where all of them are held against it. `factors`, one for each, at least 1: what its p
/// values are multiplied by first.
///
/// Verdicts: Holm's method. What a verdict implies is tested before it in a chain of its own, and
/// passes its level on to the verdict, so that it costs nothing: a graph of tests (Bretz, Maurer,
/// Brannath & Posch 2009). Where r of n verdicts are shown, the level of the others is level /
/// (n - r) each, and what they imply is held against that.
SPURION_API std::vector<AdjustedP> adjusted_for_all(
    const std::vector<const ScalingJudgement*>& judgements, const std::vector<double>& factors,
    double level = 0.05);

/// The verdict as one of several. Where its adjusted p is above `level`: `open` if that is implied
/// and has one of at most `level`, else `undecided`. Verdicts that claim nothing stay as they are.
SPURION_API ScalingOutcome adjusted_outcome(const ScalingJudgement& judgement,
                                            const AdjustedP& adjusted, double level = 0.05);

/// What a column of verdicts says: "shrinks, still open".
SPURION_API const char* scaling_outcome_name(ScalingOutcome outcome);
/// Why, as a clause: "fewer than 5 scales".
SPURION_API std::string scaling_reason_text(ScalingReason reason, const ScalingOptions& options);

}  // namespace spurion::analysis::fits
