#pragma once

#include "spurion/environment.hpp"

namespace spurion::tests {

inline constexpr auto kTrain = Split::train;
inline constexpr auto kTest = Split::test;

}  // namespace spurion::tests
