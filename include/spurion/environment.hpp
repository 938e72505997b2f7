#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/random.hpp"
#include "spurion/tensor.hpp"

/// \file
/// An `Environment` is a data-generating process with a known causal mechanism and a spurious cue.
/// A `Domain` is one setting of it. (In IRM papers "environment" means what is a domain here.)

namespace spurion {

enum class Task {
  binary,      ///< y in {0, 1}; models have one output, the logit of y = 1
  multiclass,  ///< y in 0..C-1; models have C outputs
  regression   ///< y real; models have one output; score is the mean squared error
};

/// What a predictor is scored by; accuracy is better high, mean squared error better low.
enum class Score { accuracy, mean_squared_error };

/// Role of a variable in the causal graph.
enum class Role { label, causal, spurious, noise, hidden, observed, selection };

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

/// One setting of the process.
struct Domain {
  std::string name;    ///< "train_0", "test", "dial=0.3"
  double shift = 0.0;  ///< position on the dial
  /// Which exogenous rows it has: domains with different keys have independent noise.
  std::string key;
  /// Further parameters of this environment's own kind (documented there).
  std::vector<double> parameters = {};
  /// Positions of all cues in the order of `EnvironmentInfo::cues`, in worlds with several; `shift`
  /// is then the first. Empty in worlds with one.
  std::vector<double> cue_shifts = {};
};

/// What rows are for; each purpose has its own independent rows.
enum class Purpose { train, validation, test };
SPURION_API const char* purpose_name(Purpose purpose);

/// Rows first .. first + count - 1.
struct RowRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// A change of the mechanism for one variable; all exogenous noise stays as it was, so the result
/// is the counterfactual twin of the same row.
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
  /// Stands for all cues at once in worlds with several.
  static constexpr const char* kAllCues = "*";
  /// Joins the names of some of them in `variable`: "background+companion" stands for these two.
  static constexpr char kAnd = '+';

  Kind kind = Kind::none;
  std::string variable;
  double value = 0.0;

  static Intervention none() { return {}; }
  static Intervention set(std::string variable, double value) {
    return {Kind::set, std::move(variable), value};
  }
  static Intervention flip(std::string variable) { return {Kind::flip, std::move(variable), 0.0}; }
  static Intervention align(std::string variable) {
    return {Kind::align, std::move(variable), 0.0};
  }
  static Intervention oppose(std::string variable) {
    return {Kind::oppose, std::move(variable), 0.0};
  }
  static Intervention resample(std::string variable) {
    return {Kind::resample, std::move(variable), 0.0};
  }
  /// Of several cues, each by a draw of its own.
  SPURION_API static Intervention resample_each(const std::vector<std::string>& cues);
  /// The names in `variable`: one, unless several are joined.
  [[nodiscard]] SPURION_API std::vector<std::string> variables() const;
  /// Whether it acts on this cue: by its name, as one of several, or as one of all.
  [[nodiscard]] SPURION_API bool reaches(const std::string& cue) const;
  /// "do(colour := other)".
  [[nodiscard]] SPURION_API std::string text() const;
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

/// How many recorded rows are for one purpose, by class and by group: of the test domain, or of all
/// train domains together.
struct RowCounts {
  bool test_domain = false;
  Purpose purpose = Purpose::train;
  std::int64_t rows = 0;
  std::vector<std::int64_t> classes;  ///< of each class; empty in a regression
  std::vector<std::int64_t> groups;   ///< of each group; empty where there are none
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
  /// worlds can resample `Intervention::kAllCues`, and any of them together (`resample_each`).
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
  /// What an intervention on every cue there is names: `cue`, or `Intervention::kAllCues`.
  [[nodiscard]] std::string every_cue() const {
    return cues.empty() ? cue : std::string(Intervention::kAllCues);
  }
  [[nodiscard]] Score score() const {
    return task == Task::regression ? Score::mean_squared_error : Score::accuracy;
  }
};

/// A data-generating process, bound to its data seed. Immutable; safe to call from many threads.
///
/// Row i of a domain is a pure function of (data seed, environment, domain key, purpose, i).
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
  /// Most rows a domain has for a purpose (finite image pools); max() when unlimited.
  [[nodiscard]] virtual std::int64_t row_limit(const Domain& domain, Purpose purpose) const;
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

  /// Rows as they come.
  [[nodiscard]] Sample sample(const Domain& domain, Purpose purpose, RowRange rows) const {
    return sample(domain, purpose, rows, Intervention::none());
  }
  /// The same rows under an intervention. Throws `UsageError` when it is not supported or the rows
  /// are beyond `row_limit`, `PluginError` when what the environment made is not what `Sample`
  /// says: sizes, types, numbers that are not finite, labels or groups outside their ranges.
  [[nodiscard]] Sample sample(const Domain& domain, Purpose purpose, RowRange rows,
                              const Intervention& intervention) const;

 protected:
  /// Implemented by each environment; arguments are checked.
  [[nodiscard]] virtual Sample generate(const Domain& domain, Purpose purpose, RowRange rows,
                                        const Intervention& intervention) const = 0;
};

}  // namespace spurion
