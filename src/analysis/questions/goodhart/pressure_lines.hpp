#pragma once

#include <string>
#include <vector>

#include "analysis/questions/goodhart/goodhart_options.hpp"
#include "analysis/questions/goodhart/pressure_line.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/study.hpp"
#include "spurion/export.hpp"

namespace spurion::analysis::questions::goodhart {

/// A trained model that can be chosen.
struct Candidate {
  std::size_t stratum = 0;  ///< selections are among candidates of one configuration
  std::int64_t seed = 0;
  std::vector<double> readings;
};
/// What a model under pressure gained over the same seed without it.
struct PairedGains {
  std::int64_t seed = 0;
  std::vector<std::vector<double>> gains;  ///< [place][reading]; no reading: not at this place
};

/// The best of n by the proxy: exact expectations, averaged over configurations. Sizes go to half
/// of the candidates of the smallest configuration; verdicts use those up to a tenth, of which ten
/// independent choices are stored.
SPURION_API PressureNumbers filter_numbers(std::vector<Candidate> candidates, std::size_t width);
/// Means over models at each place.
SPURION_API PressureNumbers paired_numbers(std::vector<PairedGains> models,
                                           std::vector<PressurePlace> places, std::size_t width);

/// What of a study a question is about.
struct Pressures {
  std::vector<PressureLine> lines;
  std::size_t unlearned = 0;  ///< candidates that did not learn, left out
  std::size_t unpaired = 0;   ///< trials under pressure without a trial of the same seed, left out
  std::size_t others = 0;     ///< trials under a pressure that is not by the proxy, left out
};
/// The lines of the experiments of a question, judged, before verdicts are adjusted.
Pressures pressures_of(const Study& study, const std::string& experiment,
                       const GoodhartOptions& options);

/// The study with the trials of all experiments of the question as those of `experiment`.
Study joined_study(const Study& study, const std::string& experiment,
                   const GoodhartOptions& options);

}  // namespace spurion::analysis::questions::goodhart
