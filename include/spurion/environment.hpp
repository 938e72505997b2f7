#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/mechanism.hpp"
#include "spurion/random.hpp"
#include "spurion/tensor.hpp"
#include "spurion/theory.hpp"

/// \file
/// An `Environment` is a data-generating process with a known causal mechanism and a spurious cue.
/// A `Domain` is an environment with all parameters fixed. (IRM papers call a domain an
/// "environment".)

namespace spurion {

/// Rows first .. first + count - 1.
struct RowRange {
  std::int64_t first = 0;  ///< number of the first row
  std::int64_t count = 0;  ///< how many rows
};

/// Rows of one domain, in host memory, all finite. `causal` and `spurious` may be undefined if the
/// environment does not know them; `group` is undefined if there are no groups.
struct Sample {
  Tensor x;         ///< [B, ...input_shape] float32
  Tensor y;         ///< [B] int64 class, or float32 target for regression
  Tensor causal;    ///< [B, n] float32: value of the causal variables
  Tensor spurious;  ///< [B, n] float32: value of the cue; one column for each of several cues
  Tensor group;     ///< [B] int64 in 0..groups-1
};

/// Facts of an environment with its options.
struct EnvironmentInfo {
  std::string name;          ///< as it is registered, with options where they matter
  std::string title;         ///< for the head of a page
  std::string citation;      ///< the paper that it is from
  std::string mechanism;     ///< formulas, one on each line
  std::string deviations;    ///< differences from the source; empty: none
  Task task = Task::binary;  ///< what the label is
  std::int64_t outputs = 1;  ///< of a model: 1 for binary and regression, C for multiclass
  std::int64_t groups = 0;   ///< 0: no groups
  Shape input_shape;         ///< of one row
  std::string cue;           ///< name of the spurious variable in the graph
  std::string causal;        ///< name of the causal variable in the graph
  CausalGraph graph;         ///< causes and effects
  ShiftAxis shift_axis;      ///< how the cue can shift
  /// If there are several cues: all of them, `cue` first; else empty. `shift_axis` is that of
  /// `cue`. The environment can resample any of them together (`Intervention::resample_each`).
  std::vector<Cue> cues;
  /// True if ERM with unlimited data fails in the test domain because of the cue; false if it does
  /// not; empty if unknown. The conformance tests check it for the default options.
  std::optional<bool> misleads_erm;
  /// For recorded (not generated) rows; else empty.
  std::vector<RowCounts> row_counts;
  /// Names of the classes in the data; empty if their numbers are their names.
  std::vector<std::string> class_names;
  /// Names of the groups, for example "class 0, colour 1"; may be empty.
  std::vector<std::string> group_names;
  /// Names of all cues: those of `cues`, or `cue` alone.
  [[nodiscard]] SPURION_API std::vector<std::string> every_cue() const;
  /// How predictions are scored.
  [[nodiscard]] Score score() const {
    return task == Task::regression ? Score::mean_squared_error : Score::accuracy;
  }
};

class InteractiveEnvironment;

/// A data-generating process with its data seed. Immutable; many threads may call it.
///
/// Row i of a domain is a pure function of (data seed, environment, domain key, split, i).
class SPURION_API Environment {
 public:
  virtual ~Environment() = default;

  /// Facts of this instance; the same at each call.
  [[nodiscard]] virtual const EnvironmentInfo& info() const = 0;
  /// The domains a method may train on, in order.
  [[nodiscard]] virtual std::vector<Domain> train_domains() const = 0;
  /// The shifted domain the gap is measured on.
  [[nodiscard]] virtual Domain test_domain() const = 0;
  /// The domain with this shift. All shifts share their noise. Throws `UsageError` out of range.
  [[nodiscard]] virtual Domain at(double shift) const = 0;
  /// The domain with a shift for each cue, in the order of `info().cues`. It shares its noise with
  /// `at`. Throws `UsageError` for a wrong number of shifts or one out of range. default, for one
  /// cue: `at(shifts[0])`.
  [[nodiscard]] virtual Domain at_cues(const std::vector<double>& shifts) const;
  /// Number of rows of a domain in a split (finite image pools); max(): unlimited.
  [[nodiscard]] virtual std::int64_t row_limit(const Domain& domain, Split split) const;
  /// Number of validation rows of a domain, from the first on, that do not overlap with its first
  /// `test_rows` test rows: all, unless both come from one pool. Selection uses only these.
  [[nodiscard]] virtual std::int64_t validation_rows(const Domain& domain,
                                                     std::int64_t test_rows) const;
  /// Whether the environment can perform this intervention.
  [[nodiscard]] virtual bool supports(const Intervention& intervention) const = 0;
  /// Exact ceilings of a domain: accuracies in [0, 1], or finite squared errors >= 0.
  [[nodiscard]] virtual Ceilings ceilings(const Domain& domain) const = 0;
  /// Errors of the coefficients of a linear predictor, by name (for example
  /// "causal_coefficient_error"); empty if the mechanism has no coefficients. `weights` is [K, D].
  [[nodiscard]] virtual std::vector<std::pair<std::string, Tensor>> coefficient_errors(
      const Tensor& weights) const;
  /// The flip rate, on rows of `domain`, of the predictor that is best on the pooled train domains.
  /// In [0, 1]; empty if it is not known. If it is known, a run reports "shortcut_bias" = flip rate
  /// minus this, in each train domain and on average.
  [[nodiscard]] virtual std::optional<double> optimal_flip_rate(const Domain& domain) const;
  /// What theory predicts of a trial, with a score for each of `domains`; empty if it predicts
  /// nothing of such a trial. Every score is a mean over draws of the training rows. default:
  /// empty.
  [[nodiscard]] virtual std::optional<Theory> theory(const TheoryRequest& request,
                                                     const std::vector<Domain>& domains) const;
  /// Whether it can sample domains that have a `control_shift`. default: false. The harness wraps
  /// every environment in one that can.
  [[nodiscard]] virtual bool has_control_shifts() const;
  /// Bytes of host memory that an instance keeps besides its rows, for example the order of a pool
  /// of images. default: 0. The planner counts them for each data seed.
  [[nodiscard]] virtual double shared_bytes() const;
  /// The same environment as one that answers to actions (interactive.hpp); null if it does not.
  /// default: null.
  [[nodiscard]] virtual const InteractiveEnvironment* interactive() const { return nullptr; }

  /// Rows without an intervention.
  [[nodiscard]] Sample sample(const Domain& domain, Split split, RowRange rows) const {
    return sample(domain, split, rows, Intervention::none());
  }
  /// The same rows under an intervention. Throws `UsageError` if the intervention is not supported
  /// or rows are beyond `row_limit`. Throws `PluginError` if the environment breaks the contract of
  /// `Sample`: sizes, types, numbers that are not finite, labels or groups out of range.
  [[nodiscard]] Sample sample(const Domain& domain, Split split, RowRange rows,
                              const Intervention& intervention) const;

 protected:
  /// Implemented by each environment. The arguments are already checked.
  [[nodiscard]] virtual Sample generate(const Domain& domain, Split split, RowRange rows,
                                        const Intervention& intervention) const = 0;
};

}  // namespace spurion
