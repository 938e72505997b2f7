// One full-batch iteration of a linear model on 3 domains x 10,000 rows (the linear unit tests),
// for 20 hyper-parameter configurations with the same data, per configuration: ours against a plain
// LibTorch loop. Prints JSON; every figure is a ratio measured in this run.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adam.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "engine/risks/linear_risks.hpp"
#include "measure.hpp"
#include "spurion/catalog.hpp"

namespace {

using namespace spurion;

constexpr std::int64_t kInputs = 10;
constexpr std::int64_t kDomains = 3;
constexpr std::int64_t kRows = 10000;
constexpr std::int64_t kDraws = 20;
constexpr double kRate = 1e-3;

struct Data {
  Tensor x;  ///< [E * rows, D]
  Tensor y;  ///< [E, rows]
};

/// What a researcher writes: torch::nn, autograd, torch::optim, one model.
class Plain {
 public:
  Plain(std::string method, Task task, const Data& data)
      : method_(std::move(method)),
        task_(task),
        layer_(kInputs, 1),
        optimizer_(layer_->parameters(), torch::optim::AdamOptions(kRate)) {
    for (std::int64_t e = 0; e < kDomains; ++e) {
      x_.push_back(data.x.narrow(0, e * kRows, kRows));
      y_.push_back(data.y[e].to(at::kFloat));
    }
  }

  void set(const Tensor& parameters) {
    const at::NoGradGuard no_grad;
    layer_->weight.copy_(parameters.narrow(0, 0, kInputs).unsqueeze(0));
    layer_->bias.copy_(parameters.narrow(0, kInputs, 1));
  }

  double step() {
    optimizer_.zero_grad();
    const Tensor loss = method_ == "and_mask" ? masked_gradient() : objective();
    if (method_ != "and_mask") loss.backward();
    optimizer_.step();
    return loss.item<double>();
  }

 private:
  Tensor risk(std::size_t e, const Tensor& logits) {
    namespace F = torch::nn::functional;
    return task_ == Task::regression ? F::mse_loss(logits, y_[e])
                                     : F::binary_cross_entropy_with_logits(logits, y_[e]);
  }
  Tensor risk(std::size_t e) { return risk(e, layer_->forward(x_[e]).squeeze(1)); }

  Tensor objective() {
    Tensor risks = at::zeros({});
    Tensor penalty = at::zeros({});
    std::vector<Tensor> gradients;
    for (std::size_t e = 0; e < x_.size(); ++e) {
      if (method_ == "irm_v1") {
        const Tensor scale = at::ones({}).requires_grad_(true);
        const Tensor one = risk(e, layer_->forward(x_[e]).squeeze(1) * scale);
        penalty = penalty + torch::autograd::grad({one}, {scale}, {}, true, true)[0].pow(2);
        risks = risks + one;
        continue;
      }
      const Tensor one = risk(e);
      risks = risks + one;
      if (method_ == "iga") {
        const auto each =
            torch::autograd::grad({one}, {layer_->weight, layer_->bias}, {}, true, true);
        gradients.push_back(at::cat({each[0].flatten(), each[1]}));
      }
    }
    if (method_ == "iga") {
      const Tensor all = at::stack(gradients);
      penalty = 0.5 * kDomains * (all - all.mean(0, true)).pow(2).sum();
    }
    return (risks + penalty) / static_cast<double>(kDomains);
  }

  Tensor masked_gradient() {
    std::vector<Tensor> weights;
    std::vector<Tensor> biases;
    Tensor risks = at::zeros({});
    for (std::size_t e = 0; e < x_.size(); ++e) {
      const Tensor one = risk(e);
      const auto each = torch::autograd::grad({one}, {layer_->weight, layer_->bias});
      weights.push_back(each[0]);
      biases.push_back(each[1]);
      risks = risks + one.detach();
    }
    const auto masked = [](const std::vector<Tensor>& each) {
      const Tensor all = at::stack(each);
      const Tensor mask = all.sign().sum(0).abs().ge(0.9 * kDomains).to(at::kFloat);
      return mask * all.mean(0);
    };
    layer_->weight.mutable_grad() = masked(weights);
    layer_->bias.mutable_grad() = masked(biases);
    return risks / static_cast<double>(kDomains);
  }

  std::string method_;
  Task task_;
  torch::nn::Linear layer_;
  torch::optim::Adam optimizer_;
  std::vector<Tensor> x_;
  std::vector<Tensor> y_;
};

std::string run(const std::string& name, Task task) {
  at::manual_seed(1);
  Data data{at::randn({kDomains * kRows, kInputs}), {}};
  const Tensor score =
      (data.x.select(1, 0) + at::randn({kDomains * kRows})).reshape({kDomains, kRows});
  data.y = task == Task::regression ? score : score.gt(0).to(at::kLong);

  const Catalog catalog = builtin_catalog();
  const auto model = catalog.models.at("linear").make({Value()}, ModelContext{{kInputs}, 1});
  std::vector<RandomKey> keys;
  for (std::int64_t k = 0; k < kDraws; ++k) keys.emplace_back(static_cast<std::uint64_t>(k));
  OptimizerOptions optimizer;
  optimizer.learning_rate = kRate;
  ReplicaTrainer trainer(*model, model->initialise(keys), optimizer);
  Value::Table options;
  if (name == "irm_v1") options = {{"penalty_weight", 1.0}, {"anneal_steps", 0}, {"l2", 0.0}};
  if (name == "iga") options = {{"penalty_weight", 0.5}};
  if (name == "erm") options = {{"l2", 0.0}};
  Problems problems;
  const auto& entry = catalog.methods.at(name);
  const Value normal = entry.schema.normalise(options, name, problems);
  problems.raise();
  const auto method =
      entry.make(std::vector<Value>(kDraws, normal), MethodContext{task, kDraws, kDomains, 0});
  trainer.set_risk_input(method->risk_input());
  Batch batch;
  batch.domains = kDomains;
  batch.rows_per_domain = kRows;
  batch.task = task;
  batch.linear =
      engine::make_linear_risks(task, {{data.x, data.y}}, std::vector<std::size_t>(kDraws, 0));

  Plain plain(name, task, data);
  plain.set(trainer.parameters().detach()[0]);
  double difference = 0.0;
  for (int step = 0; step < 20; ++step) {
    const double loss = plain.step();
    method->step(trainer, batch);
    difference =
        std::max(difference, std::abs(loss - trainer.last_losses()[0].item<double>()) / loss);
  }
  if (!(difference < 1e-4)) {
    fmt::print(stderr, "{}: results differ by {}: no time is reported\n", name, difference);
    std::exit(1);
  }
  const double theirs = speed::seconds_per_call([&] { plain.step(); });
  const double ours = speed::seconds_per_call([&] { method->step(trainer, batch); }) / kDraws;
  return fmt::format(
      "    {{\"method\": \"{}\", \"loss\": \"{}\", \"rows\": \"{} x {}\", \"configurations\": {}, "
      "\"times_plain_libtorch\": {:.1f}, \"bar_plain\": 50}}",
      name, task == Task::regression ? "squared" : "logistic", kDomains, kRows, kDraws,
      theirs / ours);
}

}  // namespace

int main() {
  spurion::speed::use_one_core();
  fmt::print("{{\n  \"rows\": [\n");
  bool first = true;
  for (const Task task : {Task::regression, Task::binary}) {
    for (const char* name : {"erm", "irm_v1", "iga", "and_mask"}) {
      fmt::print("{}{}", first ? "" : ",\n", run(name, task));
      std::fflush(stdout);
      first = false;
    }
  }
  fmt::print("\n  ]\n}}\n");
}
