#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "spurion/environment.hpp"

namespace spurion::nouns {

/// `Environment::row_limit` of domains whose rows are made, not recorded.
inline constexpr std::int64_t kEndlessRows = std::numeric_limits<std::int64_t>::max();

/// The tensors of a sample, which all have its rows as first axis; some may be undefined.
inline constexpr std::array<Tensor Sample::*, 5> kSampleMembers = {
    &Sample::x, &Sample::y, &Sample::causal, &Sample::spurious, &Sample::group};

/// Concatenates samples. Members that not all of them have are left out.
SPURION_API Sample joined_samples(const std::vector<Sample>& parts);

/// Rows of a domain; after its last row it starts again. Any range is possible if there is a row.
SPURION_API Sample wrapped_sample(const Environment& environment, const Domain& domain, Split split,
                                  RowRange rows, const Intervention& intervention);

}  // namespace spurion::nouns
