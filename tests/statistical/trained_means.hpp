#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "catch.hpp"
#include "spurion/run.hpp"

namespace spurion::tests {

/// A metric of the trials of a suite by model, value of one option of the environment, and seed.
using TrainedNumbers = std::map<std::pair<std::string, double>, std::map<std::int64_t, double>>;

/// Trains a suite; `metric` of domain "in_distribution".
inline TrainedNumbers trained(const std::string& suite, const std::string& option,
                              const std::string& metric) {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  TrainedNumbers numbers;
  const auto trials = Suite::parse(suite, "s.toml").trials(catalog);
  for (const Pack& pack : plan(trials, catalog, *sources, {})) {
    for (const TrialResult& result : run_pack(pack, catalog, sources)) {
      REQUIRE(result.status == Status::done);
      const Value& at = *result.spec.environment.options.find(option);
      for (const Measurement& row : result.measurements) {
        if (row.domain != "in_distribution" || row.metric != metric) continue;
        numbers[{result.spec.model.name, at.as_number()}][result.spec.seed] = row.value;
      }
    }
  }
  return numbers;
}

inline double mean_of(const std::map<std::int64_t, double>& by_seed) {
  double sum = 0.0;
  for (const auto& [seed, value] : by_seed) sum += value;
  return sum / static_cast<double>(by_seed.size());
}

/// Mean and standard error of the difference of two configurations, seed by seed.
struct Paired {
  Paired(const std::map<std::int64_t, double>& a, const std::map<std::int64_t, double>& b) {
    double squares = 0.0;
    const auto count = static_cast<double>(a.size());
    REQUIRE(a.size() == b.size());
    for (const auto& [seed, value] : a) {
      const double difference = value - b.at(seed);
      mean += difference / count;
      squares += difference * difference / count;
    }
    standard_error = std::sqrt((squares - mean * mean) / (count - 1.0));
  }
  double mean = 0.0;
  double standard_error = 0.0;
};

}  // namespace spurion::tests
