#pragma once

#include <memory>

#include "spurion/store.hpp"
#include "spurion/suite.hpp"

namespace spurion::harness {

/// The suite that results belong to: `results.suite`, or that of their context. Throws `StoreError`
/// where there is none, and as `Suite::parse` does.
SPURION_API std::shared_ptr<const Suite> stored_suite(const StoredResults& results);

/// The same; null where it would throw. Whoever asks for the suite is told what is wrong with it.
std::shared_ptr<const Suite> readable_suite(const StoredResults& results);

}  // namespace spurion::harness
