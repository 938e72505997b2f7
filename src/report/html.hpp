#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "report/glossary_section.hpp"
#include "report/trial_counts.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/store.hpp"

namespace spurion::report {

/// What a page shows besides the facts of the run. It shows so much that it can be read.
struct Page {
  std::vector<analysis::Answer> answers;      ///< all of them
  std::size_t whole_answers = 0;              ///< so many have charts and tables, the others none
  std::vector<analysis::Chart> shift_curves;  ///< those that are shown
  UsedTerms terms;                            ///< of all answers
  std::vector<std::string> left_out;          ///< what is not shown, a sentence each
  bool pdf = false;                           ///< each chart is there as PDF too
};

/// The whole report as one HTML page that needs no network. `counts`: of the results.
std::string render_html(const StoredResults& results, const TrialCounts& counts, const Page& page);

}  // namespace spurion::report
