#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "spurion/cue_inputs.hpp"
#include "spurion/error.hpp"
#include "spurion/export.hpp"
#include "spurion/mechanism.hpp"
#include "spurion/model.hpp"
#include "spurion/schema.hpp"

/// \file
/// A probe is an interpretability tool that says how far a model relies on a cue. It looks at the
/// model through *sights*: inputs, outputs, gradients, layers ... A probe names the sights that it
/// needs as template arguments of `ProbeOf`, and is handed these and nothing else. No sight shows
/// an intervention, a row of the test domain or a ceiling. So a probe can be wrong as tools are,
/// and its number can be held against the truth, which only interventions tell.
///
///     class Mine final : public ProbeOf<ProxyRows, Outputs, CueCarriers> {
///      public:
///       using Options = MyOptions;
///       static const Schema<Options>& schema();
///       Mine(const Options& options, const ProbeContext& context);
///       Reliance look(const ProxyRows& rows, const Outputs& outputs,
///                     const CueCarriers& cues) const override;
///     };

namespace spurion {

/// What a probe sees, from its sights.
struct ProbeAccess {
  bool weights = false;          ///< the parameters
  bool outputs = false;          ///< outputs for inputs of the probe's own making
  bool activations = false;      ///< what hidden layers give, and what follows if that is changed
  bool features = false;         ///< what the last layer is given, and its outputs
  bool input_gradients = false;  ///< gradients of outputs by inputs
  bool labels = false;           ///< labels of the proxy rows, of which most agree with the cue
  bool cue_inputs = false;       ///< which inputs carry a cue
  bool cue_labels = false;       ///< the value of the cue in each proxy row
  bool training_rows = false;    ///< some rows that were trained on, with labels and cues
  bool stages = false;           ///< what the last layer reads out of earlier stages

  /// "input gradients, cue inputs"; "unlabelled rows only" where it sees nothing else.
  [[nodiscard]] SPURION_API std::string text() const;
};

/// Rows that a probe may look at, on the device of the parameters.
struct ProbeRows {
  Tensor x;     ///< [K or 1, B, ...input_shape]
  Tensor y;     ///< int64 [K or 1, B]: class
  Tensor cues;  ///< int64 [K or 1, B, Q]: value of each cue; may be undefined
};

/// What the harness, or a method that presses with a probe, hands over.
struct ProbeMaterial {
  const Model* model = nullptr;               ///< what is looked into
  Tensor parameters;                          ///< [K, P]; with requires_grad for a penalty
  Task task = Task::binary;                   ///< binary or multiclass
  std::int64_t outputs = 1;                   ///< C
  ProbeRows proxy;                            ///< held-out rows of a train domain, or a minibatch
  ProbeRows training;                         ///< rows that were trained on; may be undefined
  std::vector<CueInputs> carriers = {};       ///< [Q]; empty where nobody knows them
  std::vector<std::int64_t> cue_values = {};  ///< [Q]: how many values each cue has
  /// True: numbers have a graph to the parameters, for a penalty. default: false
  bool graph = false;
};

/// A model with rows to look at. Only sights read it.
class SPURION_API ProbeSubject {
 public:
  /// Throws `PluginError` where the shapes do not fit each other.
  explicit ProbeSubject(ProbeMaterial material);
  /// Operations so far of the passes of one replica.
  [[nodiscard]] double flops() const { return *flops_; }

 private:
  friend class Sight;
  ProbeMaterial material_;
  std::shared_ptr<double> flops_;
};

/// Base of the sights.
class SPURION_API Sight {
 public:
  [[nodiscard]] std::int64_t replicas() const;  ///< K
  [[nodiscard]] Task task() const;              ///< binary or multiclass
  [[nodiscard]] std::int64_t outputs() const;   ///< C
  /// Whether a penalty is wanted, so that numbers need a graph to the parameters.
  [[nodiscard]] bool graph() const;

 protected:
  explicit Sight(const ProbeSubject& subject) : subject_(&subject) {}  ///< of a model
  [[nodiscard]] const ProbeMaterial& material() const { return subject_->material_; }  ///< all
  /// Counts passes over so many rows, in forward passes of one row.
  void count(const Tensor& x, double passes) const;

 private:
  const ProbeSubject* subject_;
};

/// Inputs of the proxy rows, without labels.
class SPURION_API ProxyRows : public Sight {
 public:
  explicit ProxyRows(const ProbeSubject& subject) : Sight(subject) {}  ///< of a model
  static void declare(ProbeAccess& /*access*/) {}                      ///< every probe may
  [[nodiscard]] const Tensor& x() const;                            ///< [K or 1, B, ...input_shape]
  [[nodiscard]] std::int64_t count() const { return x().size(1); }  ///< B
};

/// Labels of the proxy rows.
class SPURION_API ProxyLabels : public Sight {
 public:
  explicit ProxyLabels(const ProbeSubject& subject) : Sight(subject) {}  ///< of a model
  static void declare(ProbeAccess& access) { access.labels = true; }     ///< says what is seen
  [[nodiscard]] const Tensor& y() const;                                 ///< int64 [K or 1, B]
};

/// Which inputs carry each cue.
class SPURION_API CueCarriers : public Sight {
 public:
  explicit CueCarriers(const ProbeSubject& subject) : Sight(subject) {}   ///< of a model
  static void declare(ProbeAccess& access) { access.cue_inputs = true; }  ///< says what is seen
  [[nodiscard]] const std::vector<CueInputs>& cues() const;               ///< [Q]
};

/// The value of each cue in the proxy rows.
class SPURION_API CueLabels : public Sight {
 public:
  explicit CueLabels(const ProbeSubject& subject) : Sight(subject) {}     ///< of a model
  static void declare(ProbeAccess& access) { access.cue_labels = true; }  ///< says what is seen
  [[nodiscard]] std::int64_t cues() const;                                ///< Q
  [[nodiscard]] std::int64_t values(std::int64_t cue) const;  ///< how many values the cue has
  [[nodiscard]] Tensor of(std::int64_t cue) const;            ///< int64 [K or 1, B] in 0..values-1
};

/// Outputs of the model for any inputs.
class SPURION_API Outputs : public Sight {
 public:
  explicit Outputs(const ProbeSubject& subject) : Sight(subject) {}    ///< of a model
  static void declare(ProbeAccess& access) { access.outputs = true; }  ///< says what is seen
  [[nodiscard]] Tensor logits(const Tensor& x) const;                  ///< [K, B, C]
};

/// Gradients of the outputs by any inputs.
class SPURION_API InputGradients : public Sight {
 public:
  explicit InputGradients(const ProbeSubject& subject) : Sight(subject) {}  ///< of a model
  /// Says what is seen.
  static void declare(ProbeAccess& access) { access.input_gradients = true; }
  /// From logits [K, B, C] to a number of each row, [K, B].
  using Score = std::function<Tensor(const Tensor& logits)>;
  /// The gradient of each row's score by its inputs, [K, B, ...input_shape].
  [[nodiscard]] Tensor of(const Score& score, const Tensor& x) const;
};

/// What hidden layers give, and what follows if that is changed.
class SPURION_API Activations : public Sight {
 public:
  explicit Activations(const ProbeSubject& subject) : Sight(subject) {}    ///< of a model
  static void declare(ProbeAccess& access) { access.activations = true; }  ///< says what is seen
  [[nodiscard]] std::vector<std::string> layers() const;  ///< names, the first layer first
  /// What a layer gives for rows, flat: [K, B, F].
  [[nodiscard]] Tensor at(const std::string& layer, const Tensor& x) const;
  /// What becomes of the values [K, B, F] of a layer.
  using Edit = std::function<Tensor(const Tensor& values)>;
  /// Logits [K, B, C] of rows where the model goes on with the edited values of a layer.
  [[nodiscard]] Tensor logits_with(const std::string& layer, const Tensor& x,
                                   const Edit& edit) const;
};

/// What the last layer is given and what comes of it.
class SPURION_API LastLayer : public Sight {
 public:
  explicit LastLayer(const ProbeSubject& subject) : Sight(subject) {}   ///< of a model
  static void declare(ProbeAccess& access) { access.features = true; }  ///< says what is seen
  [[nodiscard]] Output of(const Tensor& x) const;  ///< features [K, B, F], logits [K, B, C]
};

/// What the last layer reads out of what the model holds before its end (the logit lens).
class SPURION_API StageReadings : public Sight {
 public:
  explicit StageReadings(const ProbeSubject& subject) : Sight(subject) {}  ///< of a model
  static void declare(ProbeAccess& access) { access.stages = true; }       ///< says what is seen
  [[nodiscard]] Tensor logits(const Tensor& x) const;                      ///< [K, S, B, C]
};

/// Some of the rows that were trained on.
class SPURION_API TrainingRows : public Sight {
 public:
  explicit TrainingRows(const ProbeSubject& subject) : Sight(subject) {}     ///< of a model
  static void declare(ProbeAccess& access) { access.training_rows = true; }  ///< says what is seen
  [[nodiscard]] const Tensor& x() const;                                     ///< [K or 1, N, ...]
  [[nodiscard]] const Tensor& y() const;                                     ///< int64 [K or 1, N]
  [[nodiscard]] Tensor cue(std::int64_t cue) const;                          ///< int64 [K or 1, N]
};

/// The parameters themselves.
class SPURION_API Weights : public Sight {
 public:
  explicit Weights(const ProbeSubject& subject) : Sight(subject) {}    ///< of a model
  static void declare(ProbeAccess& access) { access.weights = true; }  ///< says what is seen
  [[nodiscard]] const Tensor& parameters() const;                      ///< [K, P]
  [[nodiscard]] const std::vector<ParameterBlock>& layout() const;     ///< what they are
};

/// What a probe finds.
struct Reliance {
  /// float64 [K, Q], each in [0, 1]: 0: none of the output comes from the cue, 1: all of it. Not a
  /// number: these rows cannot tell.
  Tensor of_cues;
  /// The same of single rows, [K, B, Q]; not a number where the row cannot tell. Undefined: the
  /// probe finds one number for all rows only.
  Tensor rows = {};
};

/// What the number of a probe is evidence for.
enum class Evidence {
  use,      ///< the output depends on the cue
  presence  ///< a layer holds the cue: blind to whether the output depends on it
};
/// "use" or "presence".
SPURION_API const char* evidence_name(Evidence evidence);

/// What a probe is constructed with.
struct ProbeContext {
  Task task = Task::binary;  ///< binary or multiclass
  std::int64_t outputs = 1;  ///< C of the model
  Shape input_shape = {};    ///< of one row
};

/// A probe. Derive from `ProbeOf`, which decides what it is handed. Immutable; replicas do not
/// influence each other.
class SPURION_API Probe {
 public:
  virtual ~Probe() = default;
  /// What it sees.
  [[nodiscard]] virtual ProbeAccess access() const = 0;
  /// What its number is evidence for. default: use.
  [[nodiscard]] virtual Evidence evidence() const { return Evidence::use; }
  /// Throws `UsageError` if it cannot look into this model. Called before a run, after the general
  /// checks (`check_probe`).
  virtual void check(const Model& /*model*/) const {}
  /// The reliance on each cue. The model is looked at as in an evaluation.
  [[nodiscard]] virtual Reliance measure(const ProbeSubject& subject) const = 0;
  /// Whether `penalty` exists. default: false.
  [[nodiscard]] virtual bool has_penalty() const { return false; }
  /// The same number as `measure`, averaged over the cues, as [K] with a graph to the parameters:
  /// to press with it in a loss. `subject` was made with `graph`.
  [[nodiscard]] virtual Tensor penalty(const ProbeSubject& subject) const = 0;
  /// Whether the penalty differentiates gradients, so that the model must be twice differentiable.
  [[nodiscard]] bool needs_second_order() const { return access().input_gradients; }
  /// Forward passes that it makes of each row, with a backward pass as two: for plans of memory and
  /// time. default: 2.
  [[nodiscard]] virtual double passes() const { return 2.0; }

 private:
  Probe() = default;
  template <class... Sights>
  friend class ProbeOf;
};

/// A probe that is handed these sights.
template <class... Sights>
class ProbeOf : public Probe {
 public:
  [[nodiscard]] ProbeAccess access() const final {
    ProbeAccess access;
    (Sights::declare(access), ...);
    return access;
  }
  [[nodiscard]] Reliance measure(const ProbeSubject& subject) const final {
    return look(Sights(subject)...);
  }
  [[nodiscard]] Tensor penalty(const ProbeSubject& subject) const final {
    return press(Sights(subject)...);
  }

 private:
  /// What `measure` finds.
  [[nodiscard]] virtual Reliance look(const Sights&... sights) const = 0;
  /// What `penalty` gives, where `has_penalty`.
  [[nodiscard]] virtual Tensor press(const Sights&... /*sights*/) const {
    throw LogicError("this probe has no penalty");
  }
};

/// Throws `UsageError` if the probe cannot look into this model: a task without classes, or a model
/// that does not show what the probe needs to see. `name`: what messages call the model.
SPURION_API void check_probe(const Probe& probe, const ProbeContext& context, const Model& model,
                             const std::string& name);
/// What the probe finds, with its shapes and ranges checked: throws `PluginError` where they are
/// not as `Reliance` says.
SPURION_API Reliance measured(const Probe& probe, const ProbeSubject& subject);

}  // namespace spurion
