#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "spurion/measurements.hpp"
#include "spurion/provenance.hpp"
#include "spurion/schema.hpp"
#include "spurion/value.hpp"
#include "spurion/work_times.hpp"

namespace spurion {

/// A registered name with its options. Normalised options contain all fields.
struct Component {
  std::string name;  ///< as it is registered
  Value options;     ///< of this component
};

namespace detail {
/// How schemas read and print a component: `{ name = "...", OPTION = ... }`. Whether there is such
/// a thing, and whether it has such options, is for those to check who know the catalog.
template <>
struct FieldType<Component> {
  static constexpr const char* kName = "table";
  static constexpr bool kPerReplica = false;
  SPURION_API static Value print(const Component& value);
  SPURION_API static bool read(const Value& v, const FieldInfo& f, const std::string& owner,
                               Problems& p, Component& out);
};
}  // namespace detail

/// Steps and rows of the training: the scale axes besides model size.
struct TrainingOptions {
  std::int64_t steps = 1000;  ///< updates; default: 1000
  std::int64_t rows = 1000;   ///< training rows of each domain; default: 1000
  std::int64_t batch = 64;    ///< minibatch size of each domain; default: 64
  /// Number of the train domain that is left out of the training and evaluated in the place of the
  /// test domain, for leave-one-domain-out selection; -1: none. default: -1
  std::int64_t held_out_domain = -1;
  /// The options with their bounds and search ranges.
  SPURION_API static const Schema<TrainingOptions>& schema();
};

/// What is evaluated, and when.
struct EvaluationOptions {
  std::int64_t rows = 2000;           ///< rows of each domain that is scored; default: 2000
  std::int64_t every = 0;             ///< updates between measurements; 0: at the end only
  std::int64_t training_rows = 1000;  ///< training rows that are scored too; default: 1000
  /// Probes that look into the model at each evaluation. Their options may have `as`: a label.
  std::vector<Component> probes = {};
  std::int64_t probe_rows =
      500;  ///< held-out rows of each train domain that they see; default: 500
  /// The options with their bounds.
  SPURION_API static const Schema<EvaluationOptions>& schema();
};

/// One section of a trial: a registered thing with its options, or options alone.
struct TrialSection {
  const char* name;            ///< "environment", "model", ... "evaluation"
  const Component* component;  ///< null for optimizer, training and evaluation
  const Value* options;        ///< those of the section
};

/// A trial: the unit that is run, stored and resumed. It is environment x model x method x regime x
/// scale x seed x hyper-parameters.
struct TrialSpec {
  Component environment;       ///< its environment
  Component model;             ///< its model
  Component method;            ///< its method
  Component regime;            ///< its regime
  Value optimizer;             ///< normalised `OptimizerOptions`
  Value training;              ///< normalised `TrainingOptions`
  Value evaluation;            ///< normalised `EvaluationOptions`
  std::int64_t seed = 0;       ///< 0 to seeds - 1: data, initialisation and order depend on it
  std::int64_t base_seed = 0;  ///< of the suite: another value changes every seed of the suite
  std::int64_t config_index =
      0;  ///< which sampled hyper-parameter configuration; 0 if none is sampled
  /// Name of the experiment in the suite. Not part of the identity.
  std::string experiment;

  /// Its seven sections in the order of a suite. They refer to this trial.
  [[nodiscard]] SPURION_API std::array<TrialSection, 7> sections() const;
  /// The section of this name; nothing where there is none.
  [[nodiscard]] SPURION_API std::optional<TrialSection> section(const std::string& name) const;
  /// All fields except `experiment`, as a canonical value.
  [[nodiscard]] SPURION_API Value canonical() const;
  /// 32 hex digits, a hash of `canonical()`.
  [[nodiscard]] SPURION_API std::string id() const;
  /// Inverse of `canonical()`. Throws `UsageError`.
  SPURION_API static TrialSpec from_canonical(const Value& value);
};

/// How a trial ended.
enum class Status { done, diverged, failed };
SPURION_API const char* status_name(Status status);

/// What a trial cost, counted while it ran.
struct Cost {
  double flops = 0.0;          ///< floating-point operations of training, counted
  std::int64_t steps = 0;      ///< updates made
  std::int64_t rows_seen = 0;  ///< rows that entered a gradient with a weight other than 0
  /// Number of rows whose label was revealed. Each row counts once. A reward counts if it reveals
  /// the class.
  std::int64_t labels_used = 0;
  double seconds = 0.0;       ///< share of the wall time of its pack; informative only
  std::int64_t replicas = 0;  ///< trials that trained together with it; informative only
  WorkTimes times = {};       ///< share of the times of its pack; informative only
};

/// A trial and what came of it.
struct TrialResult {
  TrialSpec spec;                                       ///< what was trained
  Status status = Status::done;                         ///< how it ended
  std::string message;                                  ///< why it diverged or failed
  Measurements measurements;                            ///< its numbers
  Cost cost;                                            ///< what it cost
  std::shared_ptr<const Provenance> made_by = nullptr;  ///< null: not recorded
};

}  // namespace spurion
