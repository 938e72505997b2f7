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

enum class Task {
  binary,      ///< y in {0, 1}; models have one output, the logit of y = 1
  multiclass,  ///< y in 0..C-1; models have C outputs
  regression   ///< y real; models have one output; score is the mean squared error
};

/// What a predictor is scored by; accuracy is better high, mean squared error better low.
enum class Score { accuracy, mean_squared_error };

SPURION_API const char* score_name(Score score);  ///< "accuracy", "mean_squared_error"

/// Role of a variable in the causal graph.
enum class Role { label, causal, spurious, noise, hidden, observed, selection };
SPURION_API const char* role_name(Role role);  ///< "label", "causal" ...

struct Variable {
  std::string name;
  Role role;
  std::string doc;
};

struct Edge {
  std::string from;
  std::string to;
};

/// A directed acyclic graph of the mechanism.
struct CausalGraph {
  std::vector<Variable> variables;
  std::vector<Edge> edges;
  /// Empty when sound; otherwise what is wrong (unknown end of an edge, cycle, no label ...).
  [[nodiscard]] SPURION_API std::string defect() const;
  /// "shape -> label, label -> colour".
  [[nodiscard]] SPURION_API std::string text() const;
};

/// What a domain is for in its environment.
enum class DomainKind {
  train,  ///< one of `Environment::train_domains()`
  test,   ///< `Environment::test_domain()`
  point   ///< `Environment::at(shift)`, or `at_cues(cue_shifts)` in worlds with several cues
};
SPURION_API const char* domain_kind_name(DomainKind kind);

/// A change of something other than the cue. It is a control: a model that suffers from some shift
/// need not suffer from the cue's. The harness wraps every environment so that it can have one.
struct ControlShift {
  enum class Kind {
    classes,     ///< the last class makes up `level` of the rows; within a class nothing changes
    covariates,  ///< `level` of the rows have their first causal variable above its default mean
    /// Each label is replaced, with probability `level`, by another class, all equally likely.
    /// Targets of a regression get noise of `level` times their variance.
    mechanism
  };
  Kind kind = Kind::classes;
  double level = 0.25;  ///< in [0, 1]
  /// "classes=0.25".
  [[nodiscard]] SPURION_API std::string text() const;
  friend bool operator==(const ControlShift& a, const ControlShift& b) {
    return a.kind == b.kind && a.level == b.level;
  }
};
/// "classes", "covariates" or "mechanism".
SPURION_API const char* control_shift_name(ControlShift::Kind kind);

/// One setting of the process. Make it with `Domain::train`, `Domain::test` and `Domain::at`.
struct Domain {
  std::string name;    ///< "train_0", "test", "dial=0.3"; a phase of a stream has its own name
  double shift = 0.0;  ///< position on the dial
  /// Which exogenous rows it has: domains with different keys have independent noise.
  std::string key;
  /// Further parameters of this environment's own kind (documented there).
  std::vector<double> parameters = {};
  /// Positions of all cues in the order of `EnvironmentInfo::cues`, in worlds with several; `shift`
  /// is then the first. Empty in worlds with one.
  std::vector<double> cue_shifts = {};
  DomainKind kind = DomainKind::point;
  /// Set by the harness only; no environment but its wrapper reads it. The exogenous rows stay
  /// those of `key`.
  std::optional<ControlShift> control_shift = {};

  /// Train domain number `index`: named "train_0", "train_1" ... with rows of its own.
  SPURION_API static Domain train(std::size_t index, double shift);
  /// The same in worlds with several cues.
  SPURION_API static Domain train(std::size_t index, std::vector<double> cue_shifts);
  /// The test domain, named "test", with rows of its own.
  SPURION_API static Domain test(double shift);
  SPURION_API static Domain test(std::vector<double> cue_shifts);
  /// A point of the dial, named "dial=0.3". All such points share their exogenous rows.
  SPURION_API static Domain at(double shift);
  /// The point where each cue has its own position, named "dial=0.3,0.5". Shares those rows too.
  SPURION_API static Domain at(std::vector<double> cue_shifts);
};

/// What rows are for; each split has its own independent rows.
enum class Split { train, validation, test };
SPURION_API const char* split_name(Split split);

/// A change of the mechanism for one variable, or for several cues at once; all exogenous noise
/// stays as it was, so the result is the counterfactual twin of the same row.
struct Intervention {
  enum class Kind {
    none,
    set,     ///< do(variable := value)
    flip,    ///< do(variable := the other value), two-valued variables
    align,   ///< do(variable := what agrees with the label)
    oppose,  ///< do(variable := what disagrees with the label)
    /// do(variable := an independent draw from its own marginal, or from what the card says)
    resample,
  };

  Kind kind = Kind::none;
  /// Names of the variables in the graph that it changes. Several are cues of one environment.
  std::vector<std::string> variables = {};
  double value = 0.0;  ///< of `set`

  static Intervention none() { return {}; }
  static Intervention set(std::string variable, double value) {
    return {Kind::set, {std::move(variable)}, value};
  }
  static Intervention flip(std::string variable) {
    return {Kind::flip, {std::move(variable)}, 0.0};
  }
  static Intervention align(std::string variable) {
    return {Kind::align, {std::move(variable)}, 0.0};
  }
  static Intervention oppose(std::string variable) {
    return {Kind::oppose, {std::move(variable)}, 0.0};
  }
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

/// The shift dial: one number that says how the cue relates to the label.
struct DialInfo {
  std::string name;  ///< "e"
  std::string doc;   ///< "P(colour disagrees with the label)"
  double low = 0.0;
  double high = 1.0;
  std::vector<double> points;  ///< where curves are drawn
  /// When set, the score of a fixed predictor at shift e is exactly
  /// (1 - e) * score(at_zero) + e * score(at_one): the whole curve from one batch of twins.
  struct Mixture {
    Intervention at_zero;
    Intervention at_one;
  };
  std::optional<Mixture> mixture;
};

/// One of several cues of a world, each with its own dial.
struct Cue {
  std::string name;  ///< of the spurious variable in the graph
  std::string doc;   ///< what its position means: "P(background disagrees with the label)"
  double low = 0.0;
  double high = 1.0;
  double neutral = 0.5;  ///< the position at which it says nothing about the label
};

/// How a ceiling was computed.
enum class Exactness { closed_form, enumerated, quadrature, empirical };
SPURION_API const char* exactness_name(Exactness exactness);

/// A score in a domain that is known without training.
struct Ceiling {
  /// Finite; or NaN with `empirical`, where nobody knows it. A run refuses worlds with others.
  double value = 0.0;
  Exactness exactness = Exactness::closed_form;
  /// Absolute; 0 for closed forms and enumeration, unless x may hide what they take to be read.
  double error_bound = 0.0;
};

/// The ceilings of one domain, in the environment's score: the best of a class of predictors, and,
/// to compare with, what two predictors score here that are best in the training domains.
struct Ceilings {
  Ceiling bayes;          ///< the best of all predictors, in this domain
  Ceiling invariant;      ///< the best from causal features only that is the same in every domain
  Ceiling spurious_only;  ///< of the predictor that is best in training from the cue alone
  double chance = 0.0;    ///< the best constant, in this domain; finite
  /// What the population minimiser of the pooled training risk scores here, where it is known.
  std::optional<Ceiling> population_erm;
};

/// How many recorded rows are for one split, by class and by group: of the test domain, or of all
/// train domains together.
struct RowCounts {
  bool test_domain = false;
  Split split = Split::train;
  std::int64_t rows = 0;
  std::vector<std::int64_t> classes;  ///< of each class; empty in a regression
  std::vector<std::int64_t> groups;   ///< of each group; empty where there are none
};

}  // namespace spurion
