#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/mechanism.hpp"
#include "spurion/random.hpp"
#include "spurion/tensor.hpp"

/// \file
/// An `Environment` is a data-generating process with a known causal mechanism and a spurious cue.
/// A `Domain` is one setting of it. (In IRM papers "environment" means what is a domain here.)

namespace spurion {

/// Rows first .. first + count - 1.
struct RowRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// Rows of one domain, in host memory, all finite. `causal` and `spurious` may be undefined where
/// an environment knows no value of them; `group` is undefined where there are no groups.
struct Sample {
  Tensor x;         ///< [B, ...input_shape] float32
  Tensor y;         ///< [B] int64 class, or float32 target for regression
  Tensor causal;    ///< [B, n] float32: value of the causal variables
  Tensor spurious;  ///< [B, n] float32: value of the cue; one column a cue where there are several
  Tensor group;     ///< [B] int64 in 0..groups-1
};

/// Facts of an instance.
struct EnvironmentInfo {
  std::string name;
  std::string title;
  std::string citation;
  std::string mechanism;   ///< formulas, one a line
  std::string deviations;  ///< where it differs from the source; empty if nowhere
  Task task = Task::binary;
  std::int64_t outputs = 1;  ///< of a model: 1 for binary and regression, C for multiclass
  std::int64_t groups = 0;   ///< 0: no groups
  Shape input_shape;         ///< of one row
  std::string cue;           ///< name of the spurious variable in the graph
  std::string causal;        ///< name of the causal variable in the graph
  CausalGraph graph;
  DialInfo dial;
  /// All cues where there are several, `cue` first, whose position is the dial; else empty. Such
  /// worlds can resample any of them together (`Intervention::resample_each`).
  std::vector<Cue> cues;
  /// Whether ERM with enough rows leans on the cue so far that it fails in the test domain; empty
  /// where that depends on the model, or these options leave it open or make it so that it does
  /// not. The conformance tests hold the defaults to the claim.
  std::optional<bool> misleads_erm;
  /// Of rows that were recorded, not generated; else empty.
  std::vector<RowCounts> row_counts;
  /// What each class is called in the data, where its number is not its name there; else empty.
  std::vector<std::string> class_names;
  /// What each group is, "class 0, colour 1"; may be empty.
  std::vector<std::string> group_names;
  /// The names of every cue there is: those of `cues`, or `cue` alone.
  [[nodiscard]] SPURION_API std::vector<std::string> every_cue() const;
  [[nodiscard]] Score score() const {
    return task == Task::regression ? Score::mean_squared_error : Score::accuracy;
  }
};

/// A data-generating process, bound to its data seed. Immutable; safe to call from many threads.
///
/// Row i of a domain is a pure function of (data seed, environment, domain key, split, i).
class SPURION_API Environment {
 public:
  virtual ~Environment() = default;

  [[nodiscard]] virtual const EnvironmentInfo& info() const = 0;
  /// The domains a method may train on, in order.
  [[nodiscard]] virtual std::vector<Domain> train_domains() const = 0;
  /// The shifted domain the gap is measured on.
  [[nodiscard]] virtual Domain test_domain() const = 0;
  /// Any point on the dial; throws `UsageError` outside it. Noise is shared along the dial.
  [[nodiscard]] virtual Domain at(double shift) const = 0;
  /// The domain with every cue at its own position, in the order of `info().cues`; throws
  /// `UsageError` for another number of them or one outside its range. Noise is shared with `at`.
  /// Worlds with one cue need not implement it: it is `at(shifts[0])`.
  [[nodiscard]] virtual Domain at_cues(const std::vector<double>& shifts) const;
  /// Most rows a domain has for a split (finite image pools); max() when unlimited.
  [[nodiscard]] virtual std::int64_t row_limit(const Domain& domain, Split split) const;
  /// How many validation rows of a domain, from the first on, are apart from its first `test_rows`
  /// test rows: all, unless both draw on one pool. What is selected on them is not scored on them.
  [[nodiscard]] virtual std::int64_t validation_rows(const Domain& domain,
                                                     std::int64_t test_rows) const;
  /// Interventions on the cue that this environment can perform.
  [[nodiscard]] virtual bool supports(const Intervention& intervention) const = 0;
  /// Exact ceilings of a domain: finite, and shares in [0, 1] or squared errors of at least 0.
  [[nodiscard]] virtual Ceilings ceilings(const Domain& domain) const = 0;
  /// Errors of a linear predictor's coefficients against the mechanism's, by name (for example
  /// "causal_coefficient_error"); empty for worlds without coefficients. `weights` is [K, D].
  [[nodiscard]] virtual std::vector<std::pair<std::string, Tensor>> coefficient_errors(
      const Tensor& weights) const;
  /// How far the best predictor leans on the cue itself, so that only what a model does beyond that
  /// counts as its bias: the flip rate, on rows of `domain`, of the predictor that is best on the
  /// pooled train domains. In [0, 1]; empty where it is not known. Where it is known a run reports
  /// "shortcut_bias" = flip rate - this, in each train domain and their mean.
  [[nodiscard]] virtual std::optional<double> optimal_flip_rate(const Domain& domain) const;
  /// Whether it can sample domains that have a `control_shift`. default: false. The harness wraps
  /// every environment in one that can.
  [[nodiscard]] virtual bool has_control_shifts() const;
  /// Bytes of host memory that an instance keeps besides the rows it gives, such as the order of a
  /// pool of images. default: 0. The planner counts them for each data seed.
  [[nodiscard]] virtual double shared_bytes() const;

  /// Rows as they come.
  [[nodiscard]] Sample sample(const Domain& domain, Split split, RowRange rows) const {
    return sample(domain, split, rows, Intervention::none());
  }
  /// The same rows under an intervention. Throws `UsageError` when it is not supported or the rows
  /// are beyond `row_limit`, `PluginError` when what the environment made is not what `Sample`
  /// says: sizes, types, numbers that are not finite, labels or groups outside their ranges.
  [[nodiscard]] Sample sample(const Domain& domain, Split split, RowRange rows,
                              const Intervention& intervention) const;

 protected:
  /// Implemented by each environment; arguments are checked.
  [[nodiscard]] virtual Sample generate(const Domain& domain, Split split, RowRange rows,
                                        const Intervention& intervention) const = 0;
};

}  // namespace spurion
