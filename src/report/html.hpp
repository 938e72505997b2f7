#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "spurion/analysis/answer.hpp"
#include "spurion/store.hpp"

namespace spurion::report {

/// How much a page shows, so that it can be read.
struct PageLimits {
  std::size_t shift_curves = 0;       ///< charts along the shift curve, the first ones
  std::size_t answers = 0;            ///< that are shown with their charts and tables
  std::vector<std::string> left_out;  ///< what is not, a sentence each
};

/// The whole report as one HTML page that needs no network.
std::string render_html(const StoredResults& results, const std::vector<analysis::Answer>& answers,
                        const std::vector<analysis::Chart>& shift_curves, const PageLimits& limits);

}  // namespace spurion::report
