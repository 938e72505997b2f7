#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/png.hpp"
#include "spurion/environment.hpp"

namespace spurion::harness {

/// Rows of an environment of pictures above their counterfactual twins: a column a row of data, a
/// line an intervention.
struct PictureGrid {
  data::Picture picture;           ///< each pixel once
  std::vector<std::string> lines;  ///< "as it is", "do(colour := other)", ...
};

/// Draws the first rows of the first train domain: as they are, one twin for each cue, one for the
/// causal variable. At most `columns` of them, fewer where more than `bytes` of pixels would not be
/// enough. Nothing where rows are no pictures of 1 to 3 planes. One plane is grey, two are red and
/// green.
SPURION_API std::optional<PictureGrid> picture_grid(const Environment& environment,
                                                    std::int64_t columns, std::int64_t bytes);

}  // namespace spurion::harness
