#include "spurion/analysis/chart.hpp"

#include <fmt/format.h>

#include <cmath>

namespace spurion::analysis {

std::string Chart::x_text(double x) const {
  const bool category =
      x >= 0.0 && x == std::floor(x) && x < static_cast<double>(categories.size());
  return category ? categories[static_cast<std::size_t>(x)] : fmt::format("{:.6g}", x);
}

}  // namespace spurion::analysis
