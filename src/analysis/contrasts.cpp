#include "analysis/contrasts.hpp"

#include <utility>

namespace spurion::analysis {

Contrast contrast_of(std::string name, std::string number, const Estimate& difference,
                     const PairedTest& test) {
  Contrast contrast;
  contrast.name = std::move(name);
  contrast.number = std::move(number);
  contrast.difference = difference;
  contrast.error = test.error;
  contrast.freedom = test.freedom;
  contrast.noise = test.noise_parts;
  contrast.comparisons = test.comparisons;
  contrast.decided = test.shown(difference) != Shown::no;
  return contrast;
}

}  // namespace spurion::analysis
