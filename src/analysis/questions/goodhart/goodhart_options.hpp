#pragma once

#include <string>
#include <vector>

#include "spurion/schema.hpp"
#include "spurion/trial.hpp"

namespace spurion::analysis::questions::goodhart {

/// Options of questions of kind `goodhart`.
struct GoodhartOptions {
  std::string proxy;
  std::string truth;
  std::vector<std::string> held_out_probes;
  std::string domain = "in_distribution";
  std::string gain_domain = "test";
  std::string weight = "method.penalty_weight";
  std::vector<std::string> penalty_methods = {"probe_penalty"};
  std::string penalty_experiment;
  std::string checkpoint_experiment;
  std::string iterated_experiment;
  std::string distance = "reference_divergence";
  std::string baseline_method = "erm";
  std::string baseline_regime = "offline";
  std::string iterated_regime = "iterated_selection";
  bool learned_only = true;
  double margin = 0.02;

  /// The stored name of the truth (`truth_of_probe`).
  [[nodiscard]] std::string truth_name() const;
  /// Stored names of the proxy, the truth and the held-out probes, in this order.
  [[nodiscard]] std::vector<std::string> numbers() const;
  /// Whether the method of a trial has the proxy in its loss, with a weight or with 0. A method
  /// that says which probe it has must have that of the proxy.
  [[nodiscard]] bool in_loss(const TrialSpec& trial) const;
  /// Whether the regime of a trial selects again and again by the proxy.
  [[nodiscard]] bool selects(const TrialSpec& trial) const;
};

const Schema<GoodhartOptions>& goodhart_schema();

}  // namespace spurion::analysis::questions::goodhart
