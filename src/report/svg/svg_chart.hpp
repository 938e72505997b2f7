#pragma once

#include <string>

#include "spurion/analysis/answer.hpp"
#include "spurion/export.hpp"

namespace spurion::report {

/// A line chart as inline SVG: bands, markers with tooltips, a legend beneath, `id` unique on the
/// page. Colours are CSS classes, so that light, dark and print follow the page's style sheet;
/// lines differ by marker too. With `standalone` they are literal, for a file of its own that any
/// program draws.
SPURION_API std::string svg_chart(const analysis::Chart& chart, const std::string& id,
                                  bool standalone);

/// The style rules charts need.
std::string chart_style();

}  // namespace spurion::report
