#pragma once

#include <string_view>

#include "spurion/export.hpp"

namespace spurion::analysis {

/// The order in which people read names with numbers: "region = 2" before "region = 11", "[0.0]"
/// before "[0.02]". Numbers in names count by their value. Names that are alike up to the way in
/// which numbers are written keep the order of their letters.
struct SPURION_API NaturalOrder {
  bool operator()(std::string_view a, std::string_view b) const;
};

}  // namespace spurion::analysis
