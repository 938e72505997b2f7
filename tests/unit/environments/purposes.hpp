#pragma once

#include "spurion/environment.hpp"

namespace spurion::tests {

inline constexpr auto kTrain = Purpose::train;
inline constexpr auto kTest = Purpose::test;

}  // namespace spurion::tests
