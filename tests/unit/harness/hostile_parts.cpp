#include "unit/harness/hostile_parts.hpp"

#include <limits>
#include <new>
#include <stdexcept>

#include "spurion/error.hpp"
#include "spurion/plugin.hpp"

namespace spurion::tests {

namespace {

std::vector<std::string> words(const std::vector<Misdeed>& misdeeds) {
  std::vector<std::string> all = {"good"};
  for (const Misdeed& one : misdeeds) all.push_back(one.how);
  return all;
}

Schema<HowOptions> schema_of(const std::vector<Misdeed>& misdeeds) {
  Schema<HowOptions> schema;
  schema.field("how", &HowOptions::how, "What it does wrong.", one_of(words(misdeeds)));
  schema.field("strength", &HowOptions::strength, "A number.", at_least(0));
  return schema;
}

const Catalog& builtins() {
  static const Catalog catalog = builtin_catalog();
  return catalog;
}

}  // namespace

void throw_as(const std::string& how, const std::string& prefix) {
  if (how.rfind(prefix + "_", 0) != 0) return;
  const std::string what = how.substr(prefix.size() + 1);
  if (what == "logic") throw std::logic_error("a logic error\nwith a second line");
  if (what == "memory") throw std::bad_alloc();
  if (what == "int") throw 42;
  if (what == "torch") TORCH_CHECK(false, "a torch error");
  if (what == "usage") throw UsageError("a usage error");
  if (what == "store") throw StoreError("a store error");
  if (what == "internal") throw LogicError("an internal error");
  if (what == "interrupted") throw Interrupted("not by the user");
  if (what == "empty") throw std::runtime_error("");
}

const std::vector<Misdeed> kWorldMisdeeds = {
    {"make_logic", "environment 'bad_world': a logic error"},
    {"make_int", "environment 'bad_world': it threw something that is not a std::exception"},
    {"no_train", "environment 'bad_world': it has no train domain"},
    {"outputs", "environment 'bad_world': info() says 3 outputs, expected 1"},
    {"x_rows", "rows of domain 'train_0': x is float32 [19, "},
    {"x_type", "x is float64 [20, "},
    {"x_nan", "x of row 3 is nan, expected a finite number"},
    {"y_type", "y is float32 [20], expected int64 [20]"},
    {"y_large", "y of row 2 is 2, expected 0 to 1"},
    {"y_negative", "y of row 2 is -1, expected 0 to 1"},
    {"group_large", "group of row 2 is 700, expected 0 to "},
    {"group_none", "rows have no group, info() says "},
    {"causal_shape", "causal is float32 [20], expected float32 [20, n]"},
    {"ceiling_large", "is 1.5 +- 0, expected a share from 0 to 1"},
    {"ceilings_logic", "environment 'bad_world': a logic error"},
    {"rows_torch", "environment 'bad_world': a torch error"},
    {"rows_usage", "environment 'bad_world': a usage error"},
    {"rows_memory", "environment 'bad_world': out of memory"},
    {"at_logic", "environment 'bad_world': a logic error"}};

const std::vector<Misdeed> kModelMisdeeds = {
    {"make_memory", "model 'bad_model': out of memory"},
    {"gap", "model 'bad_model': parameter block 'layer0.bias' starts at "},
    {"logits_two", "model 'bad_model': what it gives as logits is float32 ["},
    {"logits_more", "expected float32 [K, B, C] = ["},
    {"logits_double", "what it gives as logits is float64 ["},
    {"logits_none", "what it gives as logits is nothing, expected "},
    {"features_none", "what it gives as features is nothing, expected "},
    {"initial_shape", "what it gives as initial parameters is float32 ["},
    {"initial_nan", "initial parameter 0 of replica 0 is nan, expected a finite number"},
    {"writes_rows", "model 'bad_model': it writes into the rows it is given"},
    {"pass_torch", "model 'bad_model': a torch error"},
    {"pass_store", "model 'bad_model': a store error"}};

const std::vector<Misdeed> kMethodMisdeeds = {
    {"make_logic", "method 'bad_method': a logic error"},
    {"make_store", "method 'bad_method': a store error"},
    {"loss_scalar", "the loss is float32 [], expected float32 [K] = ["},
    {"loss_domains", "the loss is float32 ["},
    {"loss_twice", "one loss for each replica"},
    {"loss_double", "the loss is float64 ["},
    {"loss_none", "the loss is nothing, expected float32 [K] = ["},
    {"loss_detached", "the loss does not depend on the parameters: it has no gradient"},
    {"gradient_shape", "the gradient is float32 ["},
    {"parameters_shape", "what is set as parameters is float32 ["},
    {"writes_batch", "method 'bad_method': it writes into the batch it is given"},
    {"step_logic", "method 'bad_method': a logic error"},
    {"step_memory", "method 'bad_method': out of memory"},
    {"step_int", "it threw something that is not a std::exception"},
    {"step_torch", "method 'bad_method': a torch error"},
    {"step_usage", "method 'bad_method': a usage error"},
    {"step_internal", "method 'bad_method': an internal error"},
    {"step_interrupted", "method 'bad_method': not by the user"},
    {"step_empty", "it threw an exception without a text"},
    {"phase_logic", "method 'bad_method': a logic error"}};

const std::vector<Misdeed> kRegimeMisdeeds = {
    {"make_logic", "regime 'bad_regime': a logic error"},
    {"run_int", "regime 'bad_regime': it threw something that is not a std::exception"},
    {"no_domains", "regime 'bad_regime': its minibatches have no domains"},
    {"no_measure", "regime 'bad_regime': it never called Evaluator::measure"},
    {"x_shape", "regime 'bad_regime': x of a batch is float32 ["},
    {"y_shape", "regime 'bad_regime': y of a batch is int64 ["},
    {"y_large", "regime 'bad_regime': y in a batch of row 0 is 700, expected 0 to 1"},
    {"weight_type", "regime 'bad_regime': weight of a batch is float64 ["},
    {"counts", "regime 'bad_regime': it counts "},
    {"record_shape", "regime 'bad_regime': measurement 'mine' is float64 [3]"},
    {"record_test", "regime 'bad_regime': it records 'accuracy' of domain 'test'"},
    {"record_twice", "regime 'bad_regime': it records 'mine' of domain 'own' twice at step "},
    {"phase", "regime 'bad_regime': it evaluates phase -1"}};

namespace {

class BadWorld final : public Environment {
 public:
  using Options = HowOptions;
  static const Schema<Options>& schema() {
    static const auto schema = schema_of(kWorldMisdeeds);
    return schema;
  }
  BadWorld(const Options& options, const EnvironmentContext& context) : how_(options.how) {
    throw_as(how_, "make");
    const auto& entry = builtins().environments.at("two_bit");
    inner_ = entry.make({Value()}, context);
    info_ = inner_->info();
    info_.name = "bad_world";
    if (how_ == "outputs") info_.outputs = 3;
  }
  [[nodiscard]] const EnvironmentInfo& info() const override { return info_; }
  [[nodiscard]] std::vector<Domain> train_domains() const override {
    return how_ == "no_train" ? std::vector<Domain>() : inner_->train_domains();
  }
  [[nodiscard]] Domain test_domain() const override { return inner_->test_domain(); }
  [[nodiscard]] Domain at(double shift) const override {
    throw_as(how_, "at");
    return inner_->at(shift);
  }
  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    return inner_->supports(intervention);
  }
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    throw_as(how_, "ceilings");
    Ceilings out = inner_->ceilings(domain);
    if (how_ == "ceiling_large") out.bayes.value = 1.5;
    return out;
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override {
    if (split == Split::test) throw_as(how_, "rows");
    Sample out = inner_->sample(domain, split, rows, intervention);
    if (rows.count < 5) return out;
    if (how_ == "x_rows") out.x = out.x.narrow(0, 0, rows.count - 1);
    if (how_ == "x_type") out.x = out.x.to(at::kDouble);
    if (how_ == "x_nan") out.x[3] = std::numeric_limits<float>::quiet_NaN();
    if (how_ == "y_type") out.y = out.y.to(at::kFloat);
    if (how_ == "y_large") out.y[2] = 2;
    if (how_ == "y_negative") out.y[2] = -1;
    if (how_ == "group_large") out.group[2] = 700;
    if (how_ == "group_none") out.group = Tensor();
    if (how_ == "causal_shape") out.causal = out.causal.select(1, 0).contiguous();
    return out;
  }

 private:
  std::string how_;
  EnvironmentInfo info_;
  std::unique_ptr<Environment> inner_;
};

class BadModel final : public Model {
 public:
  using Options = HowOptions;
  static const Schema<Options>& schema() {
    static const auto schema = schema_of(kModelMisdeeds);
    return schema;
  }
  BadModel(const Options& options, const ModelContext& context)
      : how_(options.how), inner_(builtins().models.at("linear").make({Value()}, context)) {
    throw_as(how_, "make");
    layout_ = inner_->layout();
    if (how_ == "gap") layout_.back().offset += 1;
  }
  [[nodiscard]] const std::vector<ParameterBlock>& layout() const override { return layout_; }
  [[nodiscard]] Tensor initialise(const std::vector<RandomKey>& keys) const override {
    Tensor out = inner_->initialise(keys);
    if (how_ == "initial_shape") return out.select(0, 0);
    if (how_ == "initial_nan") out[0][0] = std::numeric_limits<float>::quiet_NaN();
    return out;
  }
  [[nodiscard]] Output forward(const Tensor& parameters, const Tensor& x) const override {
    throw_as(how_, "pass");
    Output out = inner_->forward_differentiable(parameters, x);
    if (how_ == "writes_rows") Tensor(x).mul_(2.0);
    if (how_ == "logits_two") out.logits = out.logits.select(2, 0);
    if (how_ == "logits_more") out.logits = at::cat({out.logits, out.logits}, 2);
    if (how_ == "logits_double") out.logits = out.logits.to(at::kDouble);
    if (how_ == "logits_none") out.logits = Tensor();
    if (how_ == "features_none") out.features = Tensor();
    return out;
  }
  [[nodiscard]] double forward_flops() const override { return inner_->forward_flops(); }
  [[nodiscard]] double activation_bytes() const override { return inner_->activation_bytes(); }

 private:
  std::string how_;
  std::unique_ptr<Model> inner_;
  std::vector<ParameterBlock> layout_;
};

class BadMethod final : public ObjectiveMethod {
 public:
  using Options = HowOptions;
  static const Schema<Options>& schema() {
    static const auto schema = schema_of(kMethodMisdeeds);
    return schema;
  }
  BadMethod(const Options& options, const MethodContext& /*context*/) : how_(options.how) {
    throw_as(how_, "make");
    for (const double strength : options.strength.values()) {
      if (strength == 13.0) throw std::logic_error("13 is no strength");
    }
  }
  void begin_phase(ReplicaTrainer& /*trainer*/, std::int64_t /*phase*/) override {
    throw_as(how_, "phase");
  }
  void step(ReplicaTrainer& trainer, const Batch& batch) override {
    throw_as(how_, "step");
    if (how_ == "writes_batch") Tensor(batch.y).zero_();
    if (how_ == "parameters_shape") trainer.set_parameters(trainer.parameters().select(0, 0));
    if (how_ == "gradient_shape") {
      const Tensor losses = domain_risks(trainer.forward(batch), batch).mean(1).detach();
      trainer.step_from_gradients(losses, at::zeros({trainer.replicas(), 1}));
    }
    ObjectiveMethod::step(trainer, batch);
  }
  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& /*trainer*/) override {
    const Tensor risks = domain_risks(output, batch);
    const Tensor loss = risks.mean(1);
    if (how_ == "loss_scalar") return risks.mean();
    if (how_ == "loss_domains") return risks;
    if (how_ == "loss_twice") return at::cat({loss, loss});
    if (how_ == "loss_double") return loss.to(at::kDouble);
    if (how_ == "loss_none") return {};
    if (how_ == "loss_detached") return loss.detach();
    return loss;
  }

 private:
  std::string how_;
};

class BadRegime final : public Regime {
 public:
  using Options = HowOptions;
  static const Schema<Options>& schema() {
    static const auto schema = schema_of(kRegimeMisdeeds);
    return schema;
  }
  explicit BadRegime(const Options& options) : how_(options.how) { throw_as(how_, "make"); }
  [[nodiscard]] Access grants() const override {
    Access access;
    access.domain_labels = true;
    return access;
  }
  [[nodiscard]] std::int64_t batch_domains(const Environment& /*environment*/) const override {
    return how_ == "no_domains" ? 0 : 1;
  }
  void run(const RegimeContext& context, Method& method, ReplicaTrainer& trainer,
           Evaluator& evaluator) const override {
    throw_as(how_, "run");
    const Environment& world = *context.environments.front();
    const Sample rows = world.sample(world.train_domains().front(), Split::train, {0, 20});
    method.begin_phase(trainer, 0);
    Batch batch;
    batch.task = world.info().task;
    batch.rows_per_domain = 20;
    batch.x = rows.x.unsqueeze(0);
    batch.y = rows.y.reshape({1, 1, 20});
    if (how_ == "x_shape") batch.x = rows.x;
    if (how_ == "y_shape") batch.y = rows.y;
    if (how_ == "y_large") batch.y = at::full({1, 1, 20}, 700, at::kLong);
    if (how_ == "weight_type") batch.weight = at::ones({1, 1, 20}, at::kDouble);
    method.step(trainer, batch);
    const std::int64_t replicas = trainer.replicas();
    evaluator.count_update(
        trainer, 20,
        std::vector<std::int64_t>(static_cast<std::size_t>(how_ == "counts" ? 0 : replicas), 20));
    Domain own;
    own.name = how_ == "record_test" ? "test" : "own";
    const Tensor values = at::ones({how_ == "record_shape" ? 3 : replicas}, at::kDouble);
    const char* name = how_ == "record_test" ? "accuracy" : "mine";
    evaluator.record(trainer, 0, own, name, values);
    if (how_ == "record_twice") evaluator.record(trainer, 0, own, name, values);
    if (how_ == "no_measure") return;
    evaluator.measure(trainer, how_ == "phase" ? -1 : 0, EvaluationScope::full);
  }

 private:
  std::string how_;
};

template <MetricDeed kDeed>
class BadMetric final : public Metric {
 public:
  using Options = HowOptions;
  static const Schema<Options>& schema() {
    static const Schema<Options> schema;
    return schema;
  }
  BadMetric(const Options& /*options*/, const MetricContext& context)
      : replicas_(context.replicas) {}
  [[nodiscard]] std::vector<MetricInfo> columns() const override {
    const char* name = kDeed == MetricDeed::not_declared ? "another" : "mine";
    return {{name, "mine", "nothing", "", {}, Better::neither}};
  }
  [[nodiscard]] bool applies(const MetricContext& /*context*/) const override { return true; }
  void add(const Predictions& chunk) override {
    if (kDeed == MetricDeed::throws) throw std::logic_error("a metric that throws");
    if (kDeed == MetricDeed::writes) {
      Tensor(chunk.logits).zero_();
      Tensor(chunk.y).zero_();
    }
  }
  void merge(const Metric& /*other*/) override {}
  [[nodiscard]] std::vector<std::pair<std::string, Tensor>> result() const override {
    const char* name = kDeed == MetricDeed::takes_accuracy ? "accuracy"
                       : kDeed == MetricDeed::takes_gap    ? "gap"
                                                           : "mine";
    const std::int64_t count = kDeed == MetricDeed::wrong_shape ? replicas_ + 1 : replicas_;
    return {{name, at::zeros({count}, at::kDouble)}};
  }

 private:
  std::int64_t replicas_;
};

void add_parts(Catalog& catalog) {
  catalog.environments.add<BadWorld>("bad_world", "Does something wrong.", "-");
  catalog.models.add<BadModel>("bad_model", "Does something wrong.", "-");
  catalog.methods.add<BadMethod>("bad_method", "Does something wrong.", "-");
  catalog.regimes.add<BadRegime>("bad_regime", "Does something wrong.", "-");
}

}  // namespace

void add_hostile(Catalog& catalog) { catalog.add(Plugin{"hostile", "1.0", add_parts}); }

void add_metric(Catalog& catalog, MetricDeed deed) {
  const auto add = [&](auto deed_type) {
    catalog.metrics.add<BadMetric<decltype(deed_type)::value>>("bad_metric",
                                                               "Does something wrong.", "-");
  };
  using Deed = MetricDeed;
  switch (deed) {
    case Deed::good:
      return add(std::integral_constant<Deed, Deed::good>());
    case Deed::takes_accuracy:
      return add(std::integral_constant<Deed, Deed::takes_accuracy>());
    case Deed::takes_gap:
      return add(std::integral_constant<Deed, Deed::takes_gap>());
    case Deed::writes:
      return add(std::integral_constant<Deed, Deed::writes>());
    case Deed::wrong_shape:
      return add(std::integral_constant<Deed, Deed::wrong_shape>());
    case Deed::throws:
      return add(std::integral_constant<Deed, Deed::throws>());
    case Deed::not_declared:
      return add(std::integral_constant<Deed, Deed::not_declared>());
  }
}

}  // namespace spurion::tests
