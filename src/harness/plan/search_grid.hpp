#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "spurion/field_info.hpp"

/// \file
/// The grid of a search: evenly spaced quantiles of the distribution of each field. A grid has as
/// many configurations as a random search of that size, whatever the number of fields, so that
/// methods with more options get no larger budget.

namespace spurion::harness {

/// A field that has as many values as one likes.
inline constexpr std::int64_t kAnyLevels = std::numeric_limits<std::int64_t>::max();

/// How many different values a grid can give a field.
std::int64_t most_levels(const Search& search);

/// How many values each field gets, so that their product is `configurations`: at least two, at
/// most `most`, as equal as can be, more for earlier fields. Empty where there is no such product.
std::vector<std::int64_t> grid_levels(std::int64_t configurations,
                                      const std::vector<std::int64_t>& most);

/// Which value each field has in one configuration; the last field changes fastest.
std::vector<std::int64_t> grid_place(std::int64_t configuration,
                                     const std::vector<std::int64_t>& levels);

/// The value of a level: the middle of its part of the distribution.
Value grid_value(const Search& search, std::int64_t level, std::int64_t levels);

/// Numbers of configurations near this one that have a grid: "8 or 12"; empty where none is near.
std::string numbers_with_grid(std::int64_t configurations, const std::vector<std::int64_t>& most);

}  // namespace spurion::harness
