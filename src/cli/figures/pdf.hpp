#pragma once

#include <string>

#include "spurion/export.hpp"

namespace spurion::cli {

/// A PDF of one page with what an SVG file shows, as large as this, with real lines and text. The
/// same text gives the same bytes, with the same version of librsvg and cairo and the same fonts.
/// Throws `LogicError` for what is no SVG.
SPURION_API std::string pdf_of_svg(const std::string& svg);

}  // namespace spurion::cli
