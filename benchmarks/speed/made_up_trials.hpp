#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "spurion/store.hpp"

/// Stores of made-up trials, for measuring what many of them cost: nothing is trained.
namespace spurion::speed {

/// As many options as the trials of a usual suite have.
inline Value made_up_options(const char* stem, int count, std::int64_t first) {
  Value::Table table;
  for (int i = 0; i < count; ++i) {
    table.emplace(fmt::format("{}_{}", stem, i), i == 0 ? Value(first) : Value(0.25 * i));
  }
  return table;
}

/// Seeds of each method and configuration, unless said otherwise.
constexpr std::int64_t kUsualSeeds = 20;

/// A trial with 92 numbers. Trials of an experiment are numbered: so many seeds, 4 methods, and as
/// many configurations as it takes.
inline TrialResult made_up_trial(std::int64_t experiment, std::int64_t number, std::int64_t seeds) {
  constexpr const char* kMethods[] = {"erm", "irm_v1", "v_rex", "group_dro"};
  const std::int64_t configuration = number / seeds / 4;
  TrialResult result;
  TrialSpec& spec = result.spec;
  spec.environment = {"made_up_world", made_up_options("shift", 10, experiment)};
  spec.model = {"mlp", made_up_options("width", 5, 8 << (configuration % 5))};
  spec.method = {kMethods[number / seeds % 4], made_up_options("weight", 5, 1)};
  spec.regime = {"offline", made_up_options("share", 3, 1)};
  spec.optimizer = made_up_options("rate", 6, 1);
  spec.training = made_up_options("rows", 3, 100 * (1 + configuration / 5));
  spec.evaluation = made_up_options("measured", 3, 1000);
  spec.seed = number % seeds;
  const double score = 0.5 + 0.4 * std::abs(std::sin(static_cast<double>(number) + 0.1));
  const auto add = [&](const std::string& domain, double shift, const char* metric, double value) {
    result.measurements.push_back({0, 1000, domain, shift, metric, value});
  };
  for (const char* domain : {"train_0", "train_1", "in_distribution", "test"}) {
    for (const char* metric : {"accuracy", "loss", "flip_rate", "worst_group_accuracy", "ece",
                               "ceiling_bayes", "ceiling_invariant"}) {
      add(domain, 0.1, metric, score / 1.1);
    }
  }
  add("test", 0.9, "gap", 0.9 - score);
  for (int i = 0; i <= 20; ++i) {
    const std::string domain = fmt::format("shift={}", 0.05 * i);
    for (const char* metric : {"accuracy", "loss", "ceiling_bayes"}) {
      add(domain, 0.05 * i, metric, score * (1.0 - 0.01 * i));
    }
  }
  result.cost = {1e9, 1000, 64000, 64000, 0.123456789, 32};
  return result;
}

/// Makes the store of a folder, with so many trials in all.
inline void make_store(const std::filesystem::path& folder, std::int64_t trials,
                       std::int64_t experiments, std::int64_t seeds = kUsualSeeds) {
  constexpr std::size_t kBatch = 1000;
  Store store(folder);
  std::string suite = "name = \"made_up\"\n";
  Memberships memberships;
  std::vector<TrialResult> batch;
  for (std::int64_t e = 0; e < experiments; ++e) {
    const std::string name = fmt::format("experiment_{}", e);
    suite += fmt::format("[[experiment]]\nname = \"{}\"\n", name);
    const std::int64_t own = trials / experiments + (e < trials % experiments ? 1 : 0);
    for (std::int64_t i = 0; i < own; ++i) {
      batch.push_back(made_up_trial(e, i, seeds));
      memberships.emplace_back(batch.back().spec.id(), name);
      if (batch.size() < kBatch) continue;
      store.append(batch);
      batch.clear();
    }
  }
  store.append(batch);
  store.set_suite("made_up", memberships, {{"suite", suite}, {"suite_name", "made_up"}});
}

}  // namespace spurion::speed
