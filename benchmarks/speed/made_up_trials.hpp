#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
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

/// Trials with 92 numbers. Those of an experiment are numbered: so many seeds, 4 methods, and as
/// many configurations as it takes. Trials that follow each other share what they have in common,
/// as those of a suite do.
class MadeUpTrials {
 public:
  explicit MadeUpTrials(std::int64_t seeds) : seeds_(seeds) {}

  TrialResult operator()(std::int64_t experiment, std::int64_t number) {
    if (experiment != experiment_ || number / seeds_ != setting_) {
      experiment_ = experiment;
      setting_ = number / seeds_;
      usual_.spec = spec_of(experiment, setting_);
      usual_.measurements = numbers(number);
      usual_.cost = {1e9, 1000, 64000, 64000, 0.123456789, 32};
    }
    TrialResult result = usual_;
    result.spec.seed = number % seeds_;
    const double score = score_of(number);
    std::size_t place = 0;
    for (; place < kDomains * kMetrics; ++place) result.measurements.set_value(place, score / 1.1);
    result.measurements.set_value(place++, 0.9 - score);
    for (int i = 0; i < kShifts; ++i) {
      for (int metric = 0; metric < 3; ++metric) {
        result.measurements.set_value(place++, score * (1.0 - 0.01 * i));
      }
    }
    return result;
  }

 private:
  static constexpr std::size_t kDomains = 4;
  static constexpr std::size_t kMetrics = 7;
  static constexpr int kShifts = 21;

  static double score_of(std::int64_t number) {
    return 0.5 + 0.4 * std::abs(std::sin(static_cast<double>(number) + 0.1));
  }

  static TrialSpec spec_of(std::int64_t experiment, std::int64_t setting) {
    constexpr const char* kMethods[] = {"erm", "irm_v1", "v_rex", "group_dro"};
    const std::int64_t configuration = setting / 4;
    TrialSpec spec;
    spec.environment = {"made_up_world", made_up_options("shift", 10, experiment)};
    spec.model = {"mlp", made_up_options("width", 5, 8 << (configuration % 5))};
    spec.method = {kMethods[setting % 4], made_up_options("weight", 5, 1)};
    spec.regime = {"offline", made_up_options("share", 3, 1)};
    spec.optimizer = made_up_options("rate", 6, 1);
    spec.training = made_up_options("rows", 3, 100 * (1 + configuration / 5));
    spec.evaluation = made_up_options("measured", 3, 1000);
    return spec;
  }

  /// What is measured; the values are those of each trial.
  static Measurements numbers(std::int64_t number) {
    Measurements rows;
    const double score = score_of(number);
    const auto add = [&](const std::string& domain, double shift, const char* metric) {
      rows.push_back({0, 1000, domain, shift, metric, score});
    };
    for (const char* domain : {"train_0", "train_1", "in_distribution", "test"}) {
      for (const char* metric : {"accuracy", "loss", "flip_rate", "worst_group_accuracy", "ece",
                                 "ceiling_bayes", "ceiling_invariant"}) {
        add(domain, 0.1, metric);
      }
    }
    add("test", 0.9, "gap");
    for (int i = 0; i < kShifts; ++i) {
      const std::string domain = fmt::format("shift={}", 0.05 * i);
      for (const char* metric : {"accuracy", "loss", "ceiling_bayes"}) {
        add(domain, 0.05 * i, metric);
      }
    }
    return rows;
  }

  std::int64_t seeds_;
  std::int64_t experiment_ = -1;
  std::int64_t setting_ = -1;  ///< method and configuration
  TrialResult usual_;          ///< with all that the trials of a setting have in common
};

/// Makes the store of a folder, with so many trials in all.
inline void make_store(const std::filesystem::path& folder, std::int64_t trials,
                       std::int64_t experiments, std::int64_t seeds = kUsualSeeds) {
  constexpr std::size_t kBatch = 1000;
  Store store(folder);
  MadeUpTrials trial_of(seeds);
  std::string suite = "name = \"made_up\"\n";
  Memberships memberships;
  std::vector<TrialResult> batch;
  for (std::int64_t e = 0; e < experiments; ++e) {
    const std::string name = fmt::format("experiment_{}", e);
    suite += fmt::format("[[experiment]]\nname = \"{}\"\n", name);
    const std::int64_t own = trials / experiments + (e < trials % experiments ? 1 : 0);
    for (std::int64_t i = 0; i < own; ++i) {
      batch.push_back(trial_of(e, i));
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
