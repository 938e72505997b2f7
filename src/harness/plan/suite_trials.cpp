#include "harness/plan/expansion.hpp"
#include "spurion/suite.hpp"

namespace spurion {

std::vector<TrialSpec> Suite::trials(const Catalog& catalog, double memory_bytes) const {
  return harness::expand(*this, catalog, memory_bytes).trials;
}

}  // namespace spurion
