#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/nn/modules/linear.h>

#include "catch.hpp"
#include "spurion/conformance.hpp"
#include "spurion/losses.hpp"
#include "spurion/module_model.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

/// Options that break the rules: no doc, a default out of bounds.
struct BadOptions {
  double rate = -1.0;
  static const Schema<BadOptions>& schema() {
    static const auto schema =
        Schema<BadOptions>().field("rate", &BadOptions::rate, "", at_least(0));
    return schema;
  }
};

/// Nothing wrong with it but its options.
class Undocumented final : public ObjectiveMethod {
 public:
  using Options = BadOptions;
  static const Schema<Options>& schema() { return BadOptions::schema(); }
  Undocumented(const Options& /*options*/, const MethodContext& /*context*/) {}
  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& /*trainer*/) override {
    return domain_risks(output, batch).mean(1);
  }
};

struct NoOptions {
  static const Schema<NoOptions>& schema() {
    static const Schema<NoOptions> schema;
    return schema;
  }
};

/// Divides every replica's loss by the number of replicas: they mix.
class Mixing final : public ObjectiveMethod {
 public:
  using Options = NoOptions;
  static const Schema<Options>& schema() { return NoOptions::schema(); }
  Mixing(const Options& /*options*/, const MethodContext& context)
      : replicas_(static_cast<double>(context.replicas)) {}
  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& /*trainer*/) override {
    return domain_risks(output, batch).mean(1) / replicas_;
  }

 private:
  double replicas_;
};

/// Looks at which slot of the batch a row is in, without asking for domain labels.
class Peeking final : public ObjectiveMethod {
 public:
  using Options = NoOptions;
  static const Schema<Options>& schema() { return NoOptions::schema(); }
  Peeking(const Options& /*options*/, const MethodContext& /*context*/) {}
  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& /*trainer*/) override {
    return domain_risks(output, batch).select(1, 0);
  }
};

/// Sums over all rows it was given, but forgets the rows of accumulators merged into it.
class Forgetful final : public Metric {
 public:
  using Options = NoOptions;
  static const Schema<Options>& schema() { return NoOptions::schema(); }
  Forgetful(const Options& /*options*/, const MetricContext& context)
      : sum_(at::zeros({context.replicas}, at::kDouble)) {}
  [[nodiscard]] std::vector<MetricInfo> columns() const override {
    return {{"forgetful", "forgetful", "mean of the logits", "", {}, Better::neither}};
  }
  [[nodiscard]] bool applies(const MetricContext& /*context*/) const override { return true; }
  void add(const Predictions& chunk) override {
    sum_ += chunk.logits.to(at::kDouble).sum({1, 2});
    rows_ += chunk.logits.size(1);
  }
  void merge(const Metric& /*other*/) override {}
  [[nodiscard]] std::vector<std::pair<std::string, Tensor>> result() const override {
    if (rows_ == 0) return {};
    return {{"forgetful", sum_ / static_cast<double>(rows_)}};
  }

 private:
  Tensor sum_;
  std::int64_t rows_ = 0;
};

/// Declares a column that it does not give, and a range that its values leave.
class Misdeclared final : public Metric {
 public:
  using Options = NoOptions;
  static const Schema<Options>& schema() { return NoOptions::schema(); }
  Misdeclared(const Options& /*options*/, const MetricContext& context)
      : replicas_(context.replicas) {}
  [[nodiscard]] std::vector<MetricInfo> columns() const override {
    return {{"half", "half", "one half", "", {0.0, 0.25}, Better::neither},
            {"never", "never", "never given", "", {}, Better::neither}};
  }
  [[nodiscard]] bool applies(const MetricContext& /*context*/) const override { return true; }
  void add(const Predictions& /*chunk*/) override { added_ = true; }
  void merge(const Metric& /*other*/) override {}
  [[nodiscard]] std::vector<std::pair<std::string, Tensor>> result() const override {
    if (!added_) return {};
    return {{"half", at::full({replicas_}, 0.5, at::kDouble)}};
  }

 private:
  std::int64_t replicas_;
  bool added_ = false;
};

/// The identity, whose gradient is wrong by a factor.
struct WrongGradient : torch::autograd::Function<WrongGradient> {
  static Tensor forward(torch::autograd::AutogradContext* /*context*/, const Tensor& x) {
    return x.clone();
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* /*context*/,
                                                 const torch::autograd::variable_list& gradients) {
    return {gradients[0] * 1.2};
  }
};

/// Wide layers of ReLU units, as people write them.
struct ReluNet : torch::nn::Module {
  ReluNet(std::int64_t inputs, std::int64_t outputs) : first(inputs, 256), last(256, outputs) {
    register_module("first", first);
    register_module("last", last);
  }
  torch::nn::Linear first;
  torch::nn::Linear last;
};

template <bool kRight, bool kFloatOnly>
class ReluModel final : public ModuleModel {
 public:
  using Options = NoOptions;
  static const Schema<Options>& schema() { return NoOptions::schema(); }
  ReluModel(const Options& /*options*/, const ModelContext& context)
      : ModuleModel(
            [inputs = element_count(context.input_shape), outputs = context.outputs] {
              return std::make_shared<ReluNet>(inputs, outputs);
            },
            [](torch::nn::Module& module, const Tensor& x) {
              if (kFloatOnly) TORCH_CHECK(x.scalar_type() == at::kFloat, "float32 alone");
              auto* net = module.as<ReluNet>();
              Tensor hidden = net->first->forward(x.flatten(1)).relu_();
              if (!kRight) hidden = WrongGradient::apply(hidden);
              return std::make_pair(hidden, net->last->forward(hidden));
            },
            1e4) {}
};

const ConformanceResult& find(const std::vector<ConformanceResult>& results,
                              const std::string& check) {
  for (const ConformanceResult& result : results) {
    if (result.check == check) return result;
  }
  FAIL("no check called " << check);
  return results.front();
}

}  // namespace

TEST_CASE("conformance finds a method that mixes replicas") {
  Catalog catalog = builtin_catalog();
  catalog.methods.add<Mixing>("mixing", "Divides by the number of replicas.", "none");
  const auto results = check_method(catalog, "mixing");
  const auto& replicas = find(results, "3 replicas equal 3 times 1, bit for bit");
  CHECK(replicas.outcome == Outcome::failed);
  CHECK_THAT(replicas.message, Contains("replica 0 alone and among three, loss of step 0"));
  CHECK(find(results, "two runs agree, bit for bit").outcome == Outcome::passed);
}

TEST_CASE("conformance passes a correct module of ReLU units and finds a wrong gradient") {
  Catalog catalog = builtin_catalog();
  catalog.models.add<ReluModel<true, false>>("right", "A module.", "none");
  catalog.models.add<ReluModel<true, true>>("right_float", "A module.", "none");
  catalog.models.add<ReluModel<false, false>>("wrong", "A module.", "none");
  catalog.models.add<ReluModel<false, true>>("wrong_float", "A module.", "none");
  const auto differences = [&](const std::string& name) {
    const auto results = check_model(catalog, name);
    for (const ConformanceResult& one : results) {
      CAPTURE(name, one.check, one.message);
      CHECK((one.outcome != Outcome::failed || one.check == "gradient agrees with differences"));
    }
    return find(results, "gradient agrees with differences").outcome;
  };
  CHECK(differences("right") == Outcome::passed);
  CHECK(differences("right_float") == Outcome::passed);
  CHECK(differences("wrong") == Outcome::failed);
  CHECK(differences("wrong_float") == Outcome::failed);
}

TEST_CASE("conformance finds what is not documented and defaults that are not allowed") {
  Catalog catalog = builtin_catalog();
  catalog.methods.add<Undocumented>("undocumented", "Plain.", "");
  const auto results = check_method(catalog, "undocumented");
  const auto& documented = find(results, "documented");
  CHECK(documented.outcome == Outcome::failed);
  CHECK(documented.message == "missing: reference, doc of option 'rate'");
  const auto& options = find(results, "options round-trip, defaults within bounds");
  CHECK(options.outcome == Outcome::failed);
  CHECK(options.message == "default -1.0 of option 'rate' is not >= 0");
}

TEST_CASE("conformance finds a method that looks at domain labels it did not ask for") {
  Catalog catalog = builtin_catalog();
  catalog.methods.add<Peeking>("peeking", "The first domain's risk.", "none");
  const auto results = check_method(catalog, "peeking");
  const auto& needs = find(results, "sees only what it asks for");
  CHECK(needs.outcome == Outcome::failed);
  CHECK_THAT(needs.message, Contains("its result depends on them"));
  CHECK(find(results, "3 replicas equal 3 times 1, bit for bit").outcome == Outcome::passed);
}

TEST_CASE("conformance finds a metric whose parts do not merge") {
  Catalog catalog = builtin_catalog();
  catalog.metrics.add<Forgetful>("forgetful", "A mean.", "none");
  const auto results = check_metric(catalog, "forgetful");
  CHECK(find(results, "merged parts equal one pass").outcome == Outcome::failed);
  CHECK(find(results, "documented").outcome == Outcome::passed);
}

TEST_CASE("conformance finds a metric that declares other columns than it gives") {
  Catalog catalog = builtin_catalog();
  catalog.metrics.add<Misdeclared>("misdeclared", "One half.", "none");
  const auto results = check_metric(catalog, "misdeclared");
  const ConformanceResult& declared = find(results, "declared columns are what it gives");
  CHECK(declared.outcome == Outcome::failed);
  CHECK_THAT(declared.message, Contains("'half' is 0.5, outside its range [0, 0.25]"));
}

TEST_CASE("conformance skips what needs data that are not installed, and says what to type") {
  const Catalog catalog = builtin_catalog();
  const auto nothing = std::make_shared<const DataSources>("/nonexistent");
  const auto results =
      check_environment(catalog, "coloured_images", Value::Table{{"source", "mnist"}}, nothing);
  REQUIRE(results.size() == 1);
  CHECK(results.front().outcome == Outcome::skipped);
  CHECK_THAT(results.front().message, Contains("datasets/install.sh mnist"));
}

TEST_CASE("conformance subjects are the defaults and every word, switch and preset") {
  const Catalog catalog = builtin_catalog();
  const auto subjects = conformance_subjects(catalog, {"linear_unit_tests"});
  REQUIRE(subjects.size() == 9);
  CHECK(subjects[0].variant().empty());
  CHECK(subjects[1].variant() == "example=2");
  CHECK(subjects[6].variant() == "preset=easy");
  CHECK_THROWS_WITH(conformance_subjects(catalog, {"ermm"}),
                    Contains("unknown name 'ermm'; did you mean 'erm'?"));
}
