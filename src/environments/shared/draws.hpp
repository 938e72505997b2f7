#pragma once

#include <cstdint>
#include <vector>

#include "spurion/environment.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {

/// One uniform a row.
inline std::vector<double> uniforms(const RandomKey& key, RowRange rows) {
  std::vector<double> drawn(static_cast<std::size_t>(rows.count));
  RandomStream(key).fill_uniform(rows.first, rows.count, 1, drawn.data());
  return drawn;
}

/// `lanes` standard normals a row.
inline std::vector<float> normals(const RandomKey& key, RowRange rows, std::int64_t lanes = 1) {
  std::vector<float> drawn(static_cast<std::size_t>(rows.count * lanes));
  RandomStream(key).fill_normal(rows.first, rows.count, lanes, drawn.data());
  return drawn;
}

}  // namespace spurion::environments
