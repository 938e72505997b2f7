// One training step of an MLP, per replica: ours against a plain LibTorch loop and against the
// measured multiply-add peak of the core. Prints JSON; every figure is a ratio measured in this
// run. With `--roofline FILE.svg`, operations per second against the hidden width instead, with as
// many replicas as the planner puts side by side, also drawn.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adam.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "measure.hpp"
#include "report/svg/svg_chart.hpp"
#include "report/whole_file.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"
#include "spurion/suite.hpp"

namespace {

using namespace spurion;

struct Case {
  std::int64_t inputs;
  std::int64_t width;
  std::int64_t batch;
  std::int64_t replicas;
  double bar_plain;  ///< wanted ratio to plain LibTorch; 0: none
  double bar_peak;   ///< wanted share of the peak; 0: none
  std::int64_t domains = 2;
};

/// What one replica's step takes, and the operations in it.
struct Seconds {
  double ours;
  double plain;
  double flops;
};

/// The rows both sides train on.
struct Rows {
  Tensor x;  ///< [K, batch, inputs]
  Tensor y;  ///< [K, domains, batch / domains]
};

/// What a researcher writes: torch::nn, autograd, torch::optim, one model.
struct Plain {
  torch::nn::Sequential net;
  torch::optim::Adam optimizer;

  Plain(const Case& c)
      : net(torch::nn::Linear(c.inputs, c.width), torch::nn::ReLU(),
            torch::nn::Linear(c.width, c.width), torch::nn::ReLU(), torch::nn::Linear(c.width, 1)),
        optimizer(net->parameters(), torch::optim::AdamOptions(1e-3)) {}

  double step(const Tensor& x, const Tensor& y) {
    optimizer.zero_grad();
    const Tensor loss =
        torch::nn::functional::binary_cross_entropy_with_logits(net->forward(x).squeeze(-1), y);
    loss.backward();
    optimizer.step();
    return loss.item<double>();
  }
};

/// Copies the parameters of replica 0 into the plain model, so that both take the same steps.
void copy_parameters(const Model& model, const Tensor& parameters, Plain& plain) {
  const at::NoGradGuard no_grad;
  std::size_t i = 0;
  for (Tensor& target : plain.net->parameters()) {
    const ParameterBlock& block = model.layout()[i++];
    const Tensor source =
        parameters[0].narrow(0, block.offset, element_count(block.shape)).reshape(block.shape);
    target.copy_(block.shape.size() == 2 ? source.t() : source);
  }
}

Seconds measure(const Case& c, const Catalog& catalog) {
  Problems problems;
  const auto& entry = catalog.models.at("mlp");
  const Value options =
      entry.schema.normalise(Value::Table{{"width", c.width}, {"depth", 2}}, "mlp", problems);
  const auto model = entry.make({options}, ModelContext{{c.inputs}, 1});
  std::vector<RandomKey> keys;
  for (std::int64_t k = 0; k < c.replicas; ++k) keys.emplace_back(static_cast<std::uint64_t>(k));
  ReplicaTrainer trainer(*model, model->initialise(keys), {});
  const auto method =
      catalog.methods.at("erm").make(std::vector<Value>(static_cast<std::size_t>(c.replicas)),
                                     MethodContext{Task::binary, c.replicas, c.domains, 0});
  at::manual_seed(1);
  Batch batch;
  batch.domains = c.domains;
  batch.rows_per_domain = c.batch / c.domains;
  batch.x = at::randn({c.replicas, c.batch, c.inputs});
  batch.y = at::randint(0, 2, {c.replicas, c.domains, c.batch / c.domains}, at::kLong);

  Plain plain(c);
  copy_parameters(*model, trainer.parameters().detach(), plain);
  const Tensor x = batch.x[0].clone();
  const Tensor y = batch.y[0].flatten().to(at::kFloat);
  double difference = 0.0;
  for (int step = 0; step < 10; ++step) {
    const double loss = plain.step(x, y);
    method->step(trainer, batch);
    difference = std::max(difference, std::abs(loss - trainer.last_losses()[0].item<double>()));
  }
  if (!(difference < 1e-4)) {
    fmt::print(stderr, "results differ by {}: no time is reported\n", difference);
    std::exit(1);
  }
  const double theirs = speed::seconds_per_call([&] { plain.step(x, y); });
  const double ours = speed::seconds_per_call([&] { method->step(trainer, batch); }) /
                      static_cast<double>(c.replicas);
  return {ours, theirs, model->step_flops() * static_cast<double>(c.batch)};
}

std::string run(const Case& c, const Catalog& catalog, double peak) {
  const auto [ours, theirs, flops] = measure(c, catalog);
  return fmt::format(
      "    {{\"model\": \"mlp {}-{}-{}-1\", \"batch\": {}, \"replicas\": {}, "
      "\"times_plain_libtorch\": "
      "{:.2f}, \"bar_plain\": {}, \"share_of_peak\": {:.3f}, \"plain_share_of_peak\": {:.3f}, "
      "\"bar_peak\": {}, \"gflops\": {:.1f}, \"plain_gflops\": {:.1f}}}",
      c.inputs, c.width, c.width, c.batch, c.replicas, theirs / ours, c.bar_plain,
      flops / ours / peak, flops / theirs / peak, c.bar_peak, flops / ours * 1e-9,
      flops / theirs * 1e-9);
}

/// Replicas of the first pack when 32 seeds (the command line's most) of this shape are planned.
std::int64_t planned_replicas(std::int64_t width, const Catalog& catalog) {
  const Suite suite = Suite::parse(fmt::format(R"(
name = "roofline"
seeds = 32
[defaults]
environment = {{ name = "linear_unit_tests", example = "2", invariant_dimensions = 10, spurious_dimensions = 10 }}
model = {{ name = "mlp", depth = 2, width = {} }}
method = {{ name = "erm" }}
regime = {{ name = "offline" }}
training = {{ steps = 1000, rows = 10000, batch = 64 }}
[[experiment]]
name = "roofline"
)",
                                               width),
                                   "roofline.toml");
  PlanOptions options;
  options.max_replicas = 32;
  const auto packs = plan(suite.trials(catalog), catalog, DataSources(), options);
  return static_cast<std::int64_t>(packs.front().trials.size());
}

analysis::Estimate exactly(double value) { return {value, value, value, 1}; }

void roofline(const std::string& file, const Catalog& catalog, double peak) {
  analysis::Series ours{"spurion", {}, {}, false};
  analysis::Series plain{"plain LibTorch, one model", {}, {}, false};
  analysis::Series roof{"multiply-add peak of the core", {}, {}, true};
  fmt::print("{{\n  \"peak_gflops\": {:.1f},\n  \"roofline\": [\n", peak * 1e-9);
  for (const std::int64_t width : {8, 16, 32, 64, 128, 256, 512}) {
    Case c{20, width, 192, planned_replicas(width, catalog), 0, 0};
    c.domains = 3;
    const Seconds s = measure(c, catalog);
    const auto x = static_cast<double>(width);
    for (analysis::Series* series : {&ours, &plain, &roof}) series->x.push_back(x);
    ours.y.push_back(exactly(s.flops / s.ours * 1e-9));
    plain.y.push_back(exactly(s.flops / s.plain * 1e-9));
    roof.y.push_back(exactly(peak * 1e-9));
    fmt::print(
        "{}    {{\"width\": {}, \"batch\": {}, \"replicas\": {}, \"gflops\": {:.2f}, "
        "\"plain_gflops\": {:.2f}, \"times_plain_libtorch\": {:.2f}, \"share_of_peak\": {:.3f}, "
        "\"plain_share_of_peak\": {:.3f}}}",
        width == 8 ? "" : ",\n", width, c.batch, c.replicas, ours.y.back().value,
        plain.y.back().value, s.plain / s.ours, s.flops / s.ours / peak, s.flops / s.plain / peak);
    std::fflush(stdout);
  }
  fmt::print("\n  ]\n}}\n");
  analysis::Chart chart;
  chart.name = "roofline";
  chart.title = "Operations per second of one training step";
  chart.x_label = "hidden width of an MLP 20-W-W-1, 192 rows a step";
  chart.y_label = "GFLOP/s on one core";
  chart.log_x = true;
  chart.series = {ours, plain};
  if (peak > 0) chart.series.push_back(roof);
  report::write_whole_file(file, report::svg_chart(chart, "roofline", true) + "\n");
}

}  // namespace

int main(int argc, char** argv) try {
  spurion::speed::use_one_core();
  const Catalog catalog = builtin_catalog();
  const double peak = spurion::speed::peak_flops();
  if (argc == 3 && std::string(argv[1]) == "--roofline") {
    roofline(argv[2], catalog, peak);
    return 0;
  }
  if (argc != 1) {
    fmt::print(stderr, "usage: replica_step [--roofline FILE.svg]\n");
    return 2;
  }
  const Case cases[] = {{20, 16, 64, 128, 50, 0},    {20, 64, 64, 32, 12, 0},
                        {20, 64, 256, 16, 0, 0},     {20, 256, 256, 2, 2.5, 0},
                        {392, 256, 256, 1, 0, 0.75}, {392, 256, 25000, 1, 0, 0.75}};
  fmt::print("{{\n  \"peak_gflops\": {:.1f},\n  \"rows\": [\n", peak * 1e-9);
  bool first = true;
  for (const Case& c : cases) {
    fmt::print("{}{}", first ? "" : ",\n", run(c, catalog, peak));
    std::fflush(stdout);
    first = false;
  }
  fmt::print("\n  ]\n}}\n");
} catch (const spurion::Error& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
