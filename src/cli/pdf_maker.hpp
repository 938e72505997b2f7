#pragma once

#include <functional>
#include <string>

#include "spurion/export.hpp"

namespace spurion::cli {

/// Makes a PDF of an SVG (cli/figures). Loads the library spurion_figures with librsvg, which no
/// other command needs. Throws `ResourceError` where it cannot be loaded.
SPURION_API std::function<std::string(const std::string&)> load_pdf_maker();

}  // namespace spurion::cli
