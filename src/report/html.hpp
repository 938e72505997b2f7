#pragma once

#include <string>
#include <vector>

#include "spurion/analysis/answer.hpp"
#include "spurion/store.hpp"

namespace spurion::report {

/// The whole report as one HTML page that needs no network.
std::string render_html(const StoredResults& results, const std::vector<analysis::Answer>& answers,
                        const std::vector<analysis::Chart>& dials);

}  // namespace spurion::report
