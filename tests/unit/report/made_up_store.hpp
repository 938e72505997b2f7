#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "spurion/store.hpp"
#include "temporary_folder.hpp"

/// \file
/// A store of made-up trials, whose report is known.

namespace spurion::tests::made_up {

inline constexpr const char* kSuite = R"toml(
name = "made_up"
title = "Made <up> & told"
[[experiment]]
name = "scale"
[[experiment]]
name = "stream"
[[question]]
text = "Does width close the gap?"
kind = "gap_against_scale"
experiment = "scale"
axis = "model.width"
[[question]]
text = "Who does better?"
kind = "compare_methods"
experiment = "scale"
[[question]]
text = "Resolved or replaced?"
kind = "compare_regimes"
experiment = "stream"
[[question]]
text = "As published?"
kind = "published"
experiment = "scale"
rows = [{ label = "ERM", domain = "test", metric = "accuracy", value = 0.2, spread = 0.05, runs = 10 }]
)toml";

struct MadeUpTrial {
  std::string experiment;
  std::string method;
  std::string regime;
};

inline TrialResult trial(const MadeUpTrial& of, std::int64_t width, std::int64_t seed, double ood) {
  const auto& [experiment, method, regime] = of;
  TrialResult result;
  result.spec.environment = {"world", Value()};
  result.spec.model = {"mlp", Value::Table{{"width", width}}};
  result.spec.method = {method, Value()};
  result.spec.regime = {regime, Value()};
  result.spec.optimizer = result.spec.training = Value();
  result.spec.evaluation = Value::Table{{"rows", 2000}};
  result.spec.seed = seed;
  result.spec.experiment = experiment;
  const double noise = 0.001 * static_cast<double>(seed);
  auto& rows = result.measurements;
  rows = {{0, 0, "shift=0.5", 0.5, "ceiling_invariant", 0.75},
          {0, 9, "in_distribution", 0, "accuracy", 0.85},
          {0, 9, "test", 0.9, "accuracy", ood + noise},
          {0, 9, "test", 0.9, "gap", 0.85 - ood - noise},
          {0, 9, "test", 0.9, "flip_rate", 0.95},
          {0, 9, "shift=0.5", 0.5, "accuracy", 0.5}};
  if (regime == "online") {
    for (std::int64_t step = 10; step < 20; ++step) {
      rows.push_back(
          {1 + step / 15, step, "stream", step < 15 ? 0.9 : 0.1, "prequential_accuracy", 0.8});
      rows.push_back({1 + step / 15, step, "stream", 0.0, "window_rows", 20.0});
    }
    for (std::int64_t phase = 1; phase <= 2; ++phase) {
      rows.push_back({phase, 20, "phase_" + std::to_string(phase), 0.9, "accuracy", 0.9});
      rows.push_back({phase, 20, "test", 0.9, "flip_rate", 0.99});
      rows.push_back({phase, 20, "shift=0.5", 0.5, "accuracy", 0.5});
    }
  }
  return result;
}

inline std::filesystem::path made_up_store(const TemporaryFolder& folder,
                                           const std::string& suite) {
  Store store(folder.path());
  std::vector<TrialResult> all;
  for (std::int64_t seed = 0; seed < 5; ++seed) {
    for (const std::int64_t width : {8, 64}) {
      all.push_back(trial({"scale", "erm", "offline"}, width, seed, 0.2));
      all.push_back(trial({"scale", "irm_v1", "offline"}, width, seed, width == 8 ? 0.6 : 0.84));
    }
    all.push_back(trial({"stream", "erm", "online"}, 8, seed, 0.1));
  }
  store.append(all);
  std::vector<std::pair<std::string, std::string>> memberships;
  for (const auto& one : all) memberships.emplace_back(one.spec.id(), one.spec.experiment);
  store.set_memberships(memberships);
  store.set_context({{"suite", suite}, {"access.erm", "labels only"}, {"trials", "25"}});
  return folder.path();
}

/// The whole of a file.
inline std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace spurion::tests::made_up
