#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/questions/authenticity/calibration.hpp"
#include "analysis/seed_jackknife.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/trial_fields.hpp"
#include "spurion/export.hpp"

namespace spurion::analysis::questions::authenticity {

/// Options of questions of kind `authenticity`.
struct AuthenticityOptions {
  std::vector<std::string> probes;
  std::string truth;
  std::string domain = "in_distribution";
  std::string axis;
  TrialFilter controls;
  double clean_below = 0.1;
  double confused_above = 0.3;
  double least_agreement = 0.5;
  double blind_within = 0.2;
  double least_spread = 0.1;

  [[nodiscard]] CleanLimits limits() const { return {clean_below, confused_above}; }
};

/// Whether a probe ranks trained models as the truth does.
enum class AuthenticityVerdict {
  authentic,         ///< tau is shown to be above `least_agreement`
  partly_authentic,  ///< tau is shown to be above 0
  blind_to_cue,      ///< tau is shown to be within `blind_within` of 0, or the probe never varies
  reversed,          ///< tau is shown to be below 0
  not_shown,         ///< the interval allows more than one
  nothing_to_rank    ///< the truth varies by less than `least_spread`
};
SPURION_API const char* authenticity_verdict_name(AuthenticityVerdict verdict);

/// What became of the agreement along an axis.
enum class AgreementChange { rises, falls, not_shown };
SPURION_API const char* agreement_change_name(AgreementChange change);

/// A probe over the trained models of one environment, model and place of the axis.
struct ProbeLine {
  std::string probe;  ///< the stored name of its number
  std::string truth;  ///< the stored name of the truth that it is compared with
  std::string environment;
  std::string model;
  AxisValue place;  ///< on the axis, if there is one
  ProbedModels models;
  std::int64_t left_out = 0;  ///< models beyond those that can be ranked
  Jackknifed ranks;           ///< tau
  Estimate tau;
  double spread = 0.0;  ///< of the truth: from its 5 % to its 95 % quantile
  Calibration calibration;
  ProbeMistakes reassurance;
  ProbeMistakes alarm;
  ProbedModels controls;
  Estimate controls_probe;
  Estimate controls_truth;
  AuthenticityVerdict alone = AuthenticityVerdict::not_shown;  ///< before it is adjusted
  double p = 1.0;                                              ///< of that
  /// Of an authentic one also: p that tau is 0, so that it may still be partly authentic.
  double weaker_p = 1.0;
  AuthenticityVerdict verdict = AuthenticityVerdict::not_shown;
  double adjusted_p = 1.0;  ///< of the verdict
  double adjusted_weaker_p = 1.0;

  /// "probe_occlusion_on_colour, two_bit, mlp, model.width = 16": what is not the same for all.
  std::string name;
  /// Names all numbers that the verdict rests on.
  [[nodiscard]] std::string key() const;
  /// Names the weaker claim.
  [[nodiscard]] std::string weaker_key() const { return key() + " above 0"; }
};

/// A probe in one environment and model at the last place of the axis beside the first.
struct AgreementTrend {
  std::string name;
  std::string probe;
  std::string environment;
  std::string model;
  AxisValue first;
  AxisValue last;
  Estimate tau_first;
  Estimate tau_last;
  Estimate change;
  double p = 1.0;
  double adjusted_p = 1.0;
  AgreementChange outcome = AgreementChange::not_shown;
  std::string key;
};

/// All that a question finds.
struct Authenticity {
  std::vector<ProbeLine> lines;
  std::vector<ProbeLine>
      controls;  ///< those with sanity controls, also where there is nothing else
  std::vector<AgreementTrend> trends;
};

/// The stored name of the truth that the number of a probe is compared with: the option, else the
/// output change of the cue that the name ends with ("probe_occlusion_on_colour"), else the flip
/// rate.
SPURION_API std::string truth_of_probe(const std::string& probe, const std::string& truth);

/// The lines of an experiment, judged, before they are adjusted for others.
Authenticity measured_authenticity(const ResultsView& view, const AuthenticityOptions& options);

/// Gives the verdicts that hold at these adjusted p values, of `lines` and `trends`.
void adjust_verdicts(Authenticity& found);

}  // namespace spurion::analysis::questions::authenticity
