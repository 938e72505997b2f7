#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spurion/export.hpp"

/// \file
/// What is known of an environment without drawing a row: its task, causal graph, cues, domains,
/// interventions and ceilings. Nothing here needs LibTorch.

namespace spurion {

/// What the label is.
enum class Task {
  binary,      ///< y in {0, 1}; models have one output, the logit of y = 1
  multiclass,  ///< y in 0..C-1; models have C outputs
  regression   ///< y real; models have one output; score is the mean squared error
};
/// "binary", "multiclass" or "regression".
SPURION_API const char* task_name(Task task);

/// The score of a predictor: accuracy (higher is better) or mean squared error (lower is better).
enum class Score { accuracy, mean_squared_error };

SPURION_API const char* score_name(Score score);  ///< "accuracy", "mean_squared_error"

/// Role of a variable in the causal graph.
enum class Role { label, causal, spurious, noise, hidden, observed, selection };
SPURION_API const char* role_name(Role role);  ///< "label", "causal" ...

/// A node of the graph.
struct Variable {
  std::string name;  ///< as formulas call it
  Role role;         ///< what it is to the label
  std::string doc;   ///< one sentence
};

/// An arrow of the graph.
struct Edge {
  std::string from;  ///< name of the cause
  std::string to;    ///< name of the effect
};

/// A directed acyclic graph of the mechanism.
struct CausalGraph {
  std::vector<Variable> variables;  ///< the nodes
  std::vector<Edge> edges;          ///< the arrows
  /// Empty when sound; otherwise what is wrong (unknown end of an edge, cycle, no label ...).
  [[nodiscard]] SPURION_API std::string defect() const;
  /// "shape -> label, label -> colour".
  [[nodiscard]] SPURION_API std::string text() const;
};

/// What a domain is for in its environment.
enum class DomainKind {
  train,  ///< one of `Environment::train_domains()`
  test,   ///< `Environment::test_domain()`
  point   ///< `Environment::at(shift)`, or `at_cues(cue_shifts)` if there are several cues
};
/// "train", "test" or "point".
SPURION_API const char* domain_kind_name(DomainKind kind);

/// A change of something other than the cue, as a control: an effect of it is not due to the cue.
/// The harness wraps every environment so that it supports control shifts.
struct ControlShift {
  /// What is changed.
  enum class Kind {
    classes,     ///< the last class makes up `level` of the rows; within a class nothing changes
    covariates,  ///< `level` of the rows have their first causal variable above its default mean
    /// Each label is replaced, with probability `level`, by another class, all equally likely.
    /// Targets of a regression get noise of `level` times their variance.
    mechanism
  };
  Kind kind = Kind::classes;  ///< what is changed
  double level = 0.25;        ///< in [0, 1]
  /// "classes=0.25".
  [[nodiscard]] SPURION_API std::string text() const;
  /// Whether both change the same by as much.
  friend bool operator==(const ControlShift& a, const ControlShift& b) {
    return a.kind == b.kind && a.level == b.level;
  }
};
/// "classes", "covariates" or "mechanism".
SPURION_API const char* control_shift_name(ControlShift::Kind kind);

/// An environment with all its parameters fixed. Make it with `Domain::train`, `Domain::test` and
/// `Domain::at`.
struct Domain {
  std::string name;    ///< "train_0", "test", "shift=0.3"; a phase of a stream has its own name
  double shift = 0.0;  ///< value of the shift
  /// Names its exogenous noise: domains with different keys have independent noise.
  std::string key;
  /// Further parameters, documented by the environment.
  std::vector<double> parameters = {};
  /// If there are several cues: the shift of each, in the order of `EnvironmentInfo::cues`; `shift`
  /// is the first of them. Else empty.
  std::vector<double> cue_shifts = {};
  DomainKind kind = DomainKind::point;  ///< what it is for
  /// Set and read by the harness only. The exogenous noise stays that of `key`.
  std::optional<ControlShift> control_shift = {};

  /// Train domain number `index`: named "train_0", "train_1" ... with rows of its own.
  SPURION_API static Domain train(std::size_t index, double shift);
  /// The same with several cues.
  SPURION_API static Domain train(std::size_t index, std::vector<double> cue_shifts);
  /// The test domain, named "test", with rows of its own.
  SPURION_API static Domain test(double shift);
  /// The test domain, with the shift of each cue.
  SPURION_API static Domain test(std::vector<double> cue_shifts);
  /// A value of the shift, named "shift=0.3". All such domains share their exogenous noise.
  SPURION_API static Domain at(double shift);
  /// A shift for each cue, named "shift=0.3,0.5". Shares that noise too.
  SPURION_API static Domain at(std::vector<double> cue_shifts);
};

/// The split of a row; each split has independent rows.
enum class Split { train, validation, test };
/// "train", "validation" or "test".
SPURION_API const char* split_name(Split split);

/// A change of the mechanism for one variable, or for several cues at once. All exogenous noise
/// stays the same, so the result is the counterfactual twin of the row.
struct Intervention {
  /// What is done to the variable.
  enum class Kind {
    none,
    set,     ///< do(variable := value)
    flip,    ///< do(variable := the other value), two-valued variables
    align,   ///< do(variable := the value that agrees with the label)
    oppose,  ///< do(variable := the value that disagrees with the label)
    /// do(variable := an independent sample of its marginal distribution, or as the card says)
    resample,
  };

  Kind kind = Kind::none;  ///< what is done
  /// Names of the variables in the graph that it changes. Several are cues of one environment.
  std::vector<std::string> variables = {};
  double value = 0.0;  ///< of `set`

  /// Nothing: rows as they come.
  static Intervention none() { return {}; }
  /// Sets a variable to a value.
  static Intervention set(std::string variable, double value) {
    return {Kind::set, {std::move(variable)}, value};
  }
  /// Gives a variable its other value.
  static Intervention flip(std::string variable) {
    return {Kind::flip, {std::move(variable)}, 0.0};
  }
  /// Makes a variable agree with the label.
  static Intervention align(std::string variable) {
    return {Kind::align, {std::move(variable)}, 0.0};
  }
  /// Makes a variable disagree with the label.
  static Intervention oppose(std::string variable) {
    return {Kind::oppose, {std::move(variable)}, 0.0};
  }
  /// Draws a variable again, without regard to the label.
  static Intervention resample(std::string variable) {
    return {Kind::resample, {std::move(variable)}, 0.0};
  }
  /// Resamples several cues, each by a draw of its own.
  static Intervention resample_each(std::vector<std::string> cues) {
    return {Kind::resample, std::move(cues), 0.0};
  }
  /// Whether it changes this variable, alone or among others.
  [[nodiscard]] SPURION_API bool acts_on(std::string_view variable) const;
  /// Whether it changes this variable and no other.
  [[nodiscard]] bool acts_only_on(std::string_view variable) const {
    return variables.size() == 1 && variables.front() == variable;
  }
  /// "do(colour := other)"; "factual" for `none`.
  [[nodiscard]] SPURION_API std::string text() const;
};

/// The shift: one number that says how the cue relates to the label.
struct ShiftAxis {
  std::string name;            ///< "e"
  std::string doc;             ///< "P(colour disagrees with the label)"
  double low = 0.0;            ///< least shift
  double high = 1.0;           ///< largest shift
  std::vector<double> points;  ///< values of the shift curve
  /// If set, the score of a fixed predictor at shift e is exactly
  /// (1 - e) * score(at_zero) + e * score(at_one), so one set of twins gives the whole curve.
  struct Mixture {
    Intervention at_zero;  ///< what makes the rows of shift 0
    Intervention at_one;   ///< what makes the rows of shift 1
  };
  std::optional<Mixture> mixture;  ///< set where the score is affine in the shift
};

/// One of several cues of an environment, with a shift of its own.
struct Cue {
  std::string name;      ///< of the spurious variable in the graph
  std::string doc;       ///< meaning of its shift: "P(background disagrees with the label)"
  double low = 0.0;      ///< least shift
  double high = 1.0;     ///< largest shift
  double neutral = 0.5;  ///< the shift at which the cue is uninformative
};

/// How a ceiling was computed.
enum class Exactness { closed_form, enumerated, quadrature, empirical };
/// "closed form", "enumerated", "quadrature" or "empirical".
SPURION_API const char* exactness_name(Exactness exactness);

/// A reference score in a domain that is known without training.
struct Ceiling {
  /// Finite, or NaN with `empirical` if it is not known. A run refuses other values.
  double value = 0.0;
  Exactness exactness = Exactness::closed_form;  ///< how it was computed
  /// Absolute error bound. 0 for closed forms and enumerations, unless x may hide a variable that
  /// they assume to be known.
  double error_bound = 0.0;
};

/// The ceilings of one domain: the best score of a class of predictors. `spurious_only` and
/// `population_erm` are scores, in this domain, of predictors that are best in the train domains.
struct Ceilings {
  Ceiling bayes;          ///< best of all predictors in this domain
  Ceiling invariant;      ///< best predictor from causal features that is the same in every domain
  Ceiling spurious_only;  ///< the train-optimal predictor from the cue alone
  double chance = 0.0;    ///< best constant in this domain; finite
  /// The minimiser of the pooled training risk on unlimited data; empty if not known.
  std::optional<Ceiling> population_erm;
};

/// Number of recorded rows of one split, by class and by group: in the test domain, or in all train
/// domains together.
struct RowCounts {
  bool test_domain = false;           ///< of the test domain; else of all train domains
  Split split = Split::train;         ///< what the rows are for
  std::int64_t rows = 0;              ///< number of rows
  std::vector<std::int64_t> classes;  ///< rows of each class; empty for regression
  std::vector<std::int64_t> groups;   ///< rows of each group; empty if there are no groups
};

}  // namespace spurion
