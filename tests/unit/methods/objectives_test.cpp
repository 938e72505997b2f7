#include <ATen/ATen.h>

#include "catch.hpp"
#include "methods/shared/beta_draw.hpp"
#include "methods/shared/domain_features.hpp"
#include "spurion/catalog.hpp"
#include "spurion/row_tools.hpp"
#include "spurion/value.hpp"
#include "unit/methods/reference_run.hpp"

using namespace spurion;
using Json = nlohmann::json;
using method_tests::floats_in;

namespace {

constexpr std::int64_t kReplicas = 2;
constexpr std::int64_t kDomains = 3;
constexpr std::int64_t kRows = 4;
constexpr std::int64_t kFeatures = 2;

/// What a model made of a minibatch, as objectives.json has it: one number of a replica's rows
/// after the other.
struct Given {
  Output output;
  Batch batch;
};

Given given(const Json& replicas) {
  std::vector<Tensor> features;
  std::vector<Tensor> logits;
  std::vector<Tensor> labels;
  for (const Json& replica : replicas) {
    features.push_back(floats_in(replica["features"]).reshape({kDomains * kRows, kFeatures}));
    logits.push_back(floats_in(replica["logits"]).reshape({kDomains * kRows, 1}));
    labels.push_back(floats_in(replica["labels"]).reshape({kDomains, kRows}).to(at::kLong));
  }
  Given out;
  out.output.features = at::stack(features);
  out.output.logits = at::stack(logits);
  out.batch.x = out.output.features;
  out.batch.y = at::stack(labels);
  out.batch.domains = kDomains;
  out.batch.rows_per_domain = kRows;
  return out;
}

Json objectives_reference() { return method_tests::reference_file("objectives.json"); }

/// A training set of one minibatch.
class OneBatch final : public TrainingSet {
 public:
  explicit OneBatch(Batch rows) : rows_(std::move(rows)) {
    rows_.number = at::arange(size()).reshape({1, kDomains, kRows});
  }
  [[nodiscard]] std::int64_t size() const override { return kDomains * kRows; }
  [[nodiscard]] std::int64_t parts() const override { return 1; }
  [[nodiscard]] Batch part(std::int64_t /*part*/) override { return rows_; }
  void sample(const Tensor& /*weights*/) override {}
  [[nodiscard]] Batch validation(std::int64_t /*rows*/) override { return rows_; }

 private:
  Batch rows_;
};

/// Methods for two replicas of a linear model.
struct Maker {
  Catalog catalog = builtin_catalog();
  std::unique_ptr<Model> model;
  std::unique_ptr<ReplicaTrainer> trainer;
  std::vector<RandomKey> keys = {RandomKey(3), RandomKey(4)};

  Maker() {
    Problems problems;
    const auto& entry = catalog.models.at("linear");
    model = entry.make({entry.schema.normalise(Value(), "linear", problems)},
                       ModelContext{{kFeatures}, 1});
    OptimizerOptions sgd;
    sgd.name = "sgd";
    sgd.learning_rate = 1.0;
    trainer =
        std::make_unique<ReplicaTrainer>(*model, at::full({kReplicas, kFeatures + 1}, 0.1), sgd);
  }

  std::unique_ptr<Method> method(const std::string& name, const Value& options) {
    const auto& entry = catalog.methods.at(name);
    Problems problems;
    const Value whole = entry.schema.normalise(options, name, problems);
    problems.raise();
    MethodContext context{Task::binary, kReplicas, kDomains, 0, keys};
    std::vector<Ceilings> ceilings;  // as objectives.py has them
    context.steps = 10;
    context.input_shape = {kFeatures};
    for (const auto& [invariant, bayes] :
         {std::pair{0.9, 0.95}, std::pair{0.75, 0.8}, std::pair{0.6, 1.0}}) {
      Ceilings of;
      of.invariant.value = invariant;
      of.bayes.value = bayes;
      ceilings.push_back(of);
    }
    context.ceilings = {ceilings, ceilings};
    return entry.make({whole, whole}, context);
  }
  Tensor objective(Method& method, const Given& rows) {
    auto& objective = dynamic_cast<ObjectiveMethod&>(method);
    return objective.objective(rows.output, rows.batch, *trainer).detach().to(at::kDouble);
  }
};

/// Rows of a replica in another order.
Tensor in_order(const Tensor& rows, const std::vector<std::int64_t>& order) {
  return rows.index_select(0, at::tensor(order, at::kLong));
}

}  // namespace

TEST_CASE("objectives are those that plain loops over the formulas give") {
  const Json data = objectives_reference();
  Maker maker;
  OneBatch training_set(given(data["batches"][0]).batch);
  maker.trainer->set_training_set(&training_set);
  for (const Json& one : data["cases"]) {
    const auto name = one["method"].get<std::string>();
    CAPTURE(name, one["options"].dump());
    const auto method = maker.method(name, parse_json(one["options"].dump(), "objectives.json"));
    for (std::size_t step = 0; step < data["batches"].size(); ++step) {
      const Tensor found = maker.objective(*method, given(data["batches"][step]));
      for (std::int64_t k = 0; k < kReplicas; ++k) {
        const double expected = one["objectives"][step][static_cast<std::size_t>(k)].get<double>();
        CHECK(found[k].item<double>() == Approx(expected).epsilon(2e-5));
      }
    }
  }
}

TEST_CASE("one domain, and domains of one row, have no distance") {
  const Given rows = given(objectives_reference()["batches"][0]);
  const Tensor one_domain = rows.output.features.unsqueeze(1);
  CHECK(at::equal(methods::coral_distance(one_domain), at::zeros({kReplicas})));
  CHECK(at::equal(methods::kernel_distance(one_domain), at::zeros({kReplicas})));
  const Tensor one_row = rows.output.features.unsqueeze(2);
  CHECK(methods::row_covariances(one_row).abs().max().item<double>() == 0.0);
  CHECK(methods::row_variances(one_row, 0).abs().max().item<double>() == 0.0);
  CHECK(at::isfinite(methods::kernel_distance(one_row)).all().item<bool>());
}

TEST_CASE("the random penalty is V-REx over rows that are dealt anew") {
  Maker maker;
  const Given rows = given(objectives_reference()["batches"][1]);
  const auto method = maker.method(
      "random_penalty",
      Value::Table{{"penalty_weight", 7.0}, {"anneal_steps", Value(0)}, {"rescale", false}});
  const Tensor found = maker.objective(*method, rows);
  const Tensor losses = row_losses(rows.output, rows.batch).to(at::kDouble).flatten(1);
  for (std::int64_t k = 0; k < kReplicas; ++k) {
    const RandomKey key = maker.keys[static_cast<std::size_t>(k)].child("deal").child(0);
    const Tensor dealt =
        in_order(losses[k], permutation(key, kDomains * kRows)).reshape({kDomains, kRows}).mean(1);
    const Tensor expected = losses[k].mean() + 7.0 * (dealt - dealt.mean()).pow(2).mean();
    CHECK(found[k].item<double>() == Approx(expected.item<double>()).epsilon(1e-5));
  }
}

TEST_CASE("every random penalty is that of its method over rows that are dealt anew") {
  Maker maker;
  const Given rows = given(objectives_reference()["batches"][1]);
  const Value::Table given_options = {{"penalty_weight", 7.0}};
  for (const std::string name : {"coral", "mmd", "fishr", "information_bottleneck"}) {
    CAPTURE(name);
    Value::Table control = {{"penalty", name}, {"penalty_weight", 7.0}, {"anneal_steps", Value(0)}};
    Value::Table own = given_options;
    if (name == "fishr") own["anneal_steps"] = Value(0);
    if (name == "information_bottleneck") {
      own = {{"bottleneck_weight", 7.0}, {"bottleneck_steps", Value(0)}};
    }
    const Tensor found = maker.objective(*maker.method("random_penalty", control), rows);
    // Each replica's rows, dealt as the control deals them, given to the method itself.
    Given dealt = rows;
    std::vector<Tensor> features;
    std::vector<Tensor> logits;
    std::vector<Tensor> labels;
    for (std::int64_t k = 0; k < kReplicas; ++k) {
      const auto order = permutation(maker.keys[static_cast<std::size_t>(k)].child("deal").child(0),
                                     kDomains * kRows);
      features.push_back(in_order(rows.output.features[k], order));
      logits.push_back(in_order(rows.output.logits[k], order));
      labels.push_back(in_order(rows.batch.y[k].flatten(), order).reshape({kDomains, kRows}));
    }
    dealt.output.features = at::stack(features);
    dealt.output.logits = at::stack(logits);
    dealt.batch.y = at::stack(labels);
    const Tensor expected = maker.objective(*maker.method(name, own), dealt);
    CHECK(at::allclose(found, expected, 1e-5, 1e-6));
    // Without shuffling it is another number.
    CHECK_FALSE(at::allclose(maker.objective(*maker.method(name, own), rows), found, 1e-5, 1e-6));
  }
}

TEST_CASE("the random penalty of iga is the spread of gradients over rows dealt anew") {
  Maker maker;
  Given rows = given(objectives_reference()["batches"][0]);
  const auto control =
      maker.method("random_penalty", Value::Table{{"penalty", "iga"}, {"penalty_weight", 2.0}});
  CHECK(control->needs_second_order());
  maker.trainer->use_second_order();
  rows.output = maker.trainer->forward(rows.batch.x);
  const Tensor found = maker.objective(*control, rows);
  for (std::int64_t k = 0; k < kReplicas; ++k) {
    const auto order = permutation(maker.keys[static_cast<std::size_t>(k)].child("deal").child(0),
                                   kDomains * kRows);
    const Tensor x = in_order(rows.batch.x[k], order).to(at::kDouble);
    const Tensor y = in_order(rows.batch.y[k].flatten(), order).to(at::kDouble);
    const Tensor z = at::full({}, 0.1, at::kDouble) * (x.sum(1) + 1.0);
    const Tensor rows_of_bias = at::cat({x, at::ones({kDomains * kRows, 1}, at::kDouble)}, 1);
    const Tensor slopes = (at::sigmoid(z) - y).unsqueeze(1) * rows_of_bias;
    const Tensor gradients = slopes.reshape({kDomains, kRows, kFeatures + 1}).mean(1);
    const double spread = (gradients - gradients.mean(0, true)).pow(2).sum().item<double>();
    const double risk = at::binary_cross_entropy_with_logits(z, y).item<double>();
    CHECK(found[k].item<double>() == Approx(risk + 2.0 * spread).epsilon(1e-5));
  }
}

TEST_CASE("causirl compares two random halves of a minibatch") {
  Maker maker;
  const Given rows = given(objectives_reference()["batches"][0]);
  for (const char* distance : {"coral", "mmd"}) {
    CAPTURE(distance);
    const auto method = maker.method(
        "causirl", Value::Table{{"penalty_weight", 2.0}, {"distance", std::string(distance)}});
    const Tensor found = maker.objective(*method, rows);
    const Tensor losses = row_losses(rows.output, rows.batch).to(at::kDouble).flatten(1);
    for (std::int64_t k = 0; k < kReplicas; ++k) {
      const RandomKey key = maker.keys[static_cast<std::size_t>(k)].child("halves").child(0);
      const Tensor halves = in_order(rows.output.features[k], permutation(key, kDomains * kRows))
                                .reshape({1, 2, kDomains * kRows / 2, kFeatures});
      const Tensor far = std::string(distance) == "mmd" ? methods::kernel_distance(halves)
                                                        : methods::coral_distance(halves);
      const double expected = losses[k].mean().item<double>() + 2.0 * far.item<double>();
      CHECK(found[k].item<double>() == Approx(expected).epsilon(1e-5));
    }
  }
}

TEST_CASE("draws from Beta(a, a) have its mean and variance") {
  // 20,000 draws: the mean within 5 standard errors, the variance within 5 %.
  for (const double a : {0.1, 0.5, 1.0, 3.0}) {
    CAPTURE(a);
    constexpr int kDraws = 20000;
    const RandomKey key(17);
    double sum = 0.0;
    double squares = 0.0;
    for (int i = 0; i < kDraws; ++i) {
      const double value = methods::beta_draw(key.child(static_cast<std::uint64_t>(i)), a);
      REQUIRE((value >= 0.0 && value <= 1.0));
      sum += value;
      squares += (value - 0.5) * (value - 0.5);
    }
    const double variance = 1.0 / (4.0 * (2.0 * a + 1.0));
    CHECK(std::abs(sum / kDraws - 0.5) < 5.0 * std::sqrt(variance / kDraws));
    CHECK(squares / kDraws == Approx(variance).epsilon(0.05));
  }
}

TEST_CASE("mixup trains on the next domain's rows, with one share for each domain") {
  Maker maker;
  Given rows = given(objectives_reference()["batches"][0]);
  const auto method = maker.method("mixup", Value::Table{{"concentration", 2.0}});
  const Tensor start = maker.trainer->parameters().detach().clone();
  method->step(*maker.trainer, rows.batch);
  for (std::int64_t k = 0; k < kReplicas; ++k) {
    const RandomKey key = maker.keys[static_cast<std::size_t>(k)].child("mix").child(0);
    const auto circle = permutation(key.child("order"), kDomains);
    const Tensor x = rows.batch.x[k].to(at::kDouble).reshape({kDomains, kRows, kFeatures});
    const Tensor y = rows.batch.y[k].to(at::kDouble);
    const Tensor w = start[k].to(at::kDouble);
    Tensor gradient = at::zeros({kFeatures + 1}, at::kDouble);
    for (std::size_t i = 0; i < circle.size(); ++i) {
      const std::int64_t own = circle[i];
      const std::int64_t next = circle[(i + 1) % circle.size()];
      const double share =
          methods::beta_draw(key.child("share").child(static_cast<std::uint64_t>(own)), 2.0);
      const Tensor mixed = share * x[own] + (1.0 - share) * x[next];
      const Tensor target = share * y[own] + (1.0 - share) * y[next];
      const Tensor slope =
          at::sigmoid(mixed.matmul(w.narrow(0, 0, kFeatures)) + w[kFeatures]) - target;
      gradient.narrow(0, 0, kFeatures) += mixed.t().matmul(slope) / (kDomains * kRows);
      gradient[kFeatures] += slope.sum() / (kDomains * kRows);
    }
    const Tensor found = (start[k] - maker.trainer->parameters()[k].detach()).to(at::kDouble);
    CHECK(at::allclose(found, gradient, 1e-4, 1e-6));
  }
}
