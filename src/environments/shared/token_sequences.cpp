#include "environments/shared/token_sequences.hpp"

#include <fmt/format.h>

#include "spurion/error.hpp"

namespace spurion::environments {

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace spurion::environments
