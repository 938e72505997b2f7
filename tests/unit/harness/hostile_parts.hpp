#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "spurion/catalog.hpp"

/// \file
/// A plug-in that does one thing wrong: option `how` says which. All else is that of built-ins.

namespace spurion::tests {

struct HowOptions {
  std::string how = "good";
  PerReplica<double> strength = 1.0;  ///< methods: the constructor throws where it is 13
};

/// What each hostile thing can do wrong, and what must be said of it.
struct Misdeed {
  std::string how;
  std::string said;
};
extern const std::vector<Misdeed> kWorldMisdeeds;
extern const std::vector<Misdeed> kModelMisdeeds;
extern const std::vector<Misdeed> kMethodMisdeeds;
extern const std::vector<Misdeed> kRegimeMisdeeds;

/// Throws what `how` says, if it says so: "PREFIX_logic", "PREFIX_memory", "PREFIX_int" ...
void throw_as(const std::string& how, const std::string& prefix);

/// `catalog` with "bad_world", "bad_model", "bad_method" and "bad_regime" of a plug-in.
void add_hostile(Catalog& catalog);

/// What a metric does.
enum class MetricDeed {
  good,
  takes_accuracy,
  takes_gap,
  writes,
  wrong_shape,
  throws,
  not_declared  ///< gives a column that it does not declare
};
/// Adds the metric "bad_metric".
void add_metric(Catalog& catalog, MetricDeed deed);

}  // namespace spurion::tests
