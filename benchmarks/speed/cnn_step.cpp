// One training step of the convolutional network for MNIST, per replica: ours against a plain
// LibTorch loop and against the measured multiply-add peak of the core. Prints JSON; every figure
// is a ratio measured in this run. Operations are counted as sums over taps; Winograd's method
// needs fewer, so a share of the peak may exceed 1.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/modules/pooling.h>
#include <torch/optim/adam.h>

#include <cstdlib>
#include <string>

#include "measure.hpp"
#include "spurion/catalog.hpp"

namespace {

using namespace spurion;

struct Case {
  std::int64_t channels;
  std::int64_t batch;
  std::int64_t replicas;
  double bar_plain;  ///< wanted ratio to plain LibTorch
};

constexpr std::int64_t kColours = 2;
constexpr std::int64_t kSide = 28;

/// What a researcher writes: torch::nn, autograd, torch::optim, one model.
struct Plain {
  torch::nn::Sequential net;
  at::MemoryFormat format;
  std::unique_ptr<torch::optim::Adam> optimizer;

  Plain(const Case& c, at::MemoryFormat memory_format) : format(memory_format) {
    std::int64_t in = kColours;
    for (const auto& [out, stride] : {std::pair<std::int64_t, std::int64_t>{c.channels, 1},
                                      {2 * c.channels, 2},
                                      {2 * c.channels, 1},
                                      {2 * c.channels, 1}}) {
      net->push_back(
          torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).stride(stride).padding(1)));
      net->push_back(torch::nn::ReLU());
      net->push_back(torch::nn::GroupNorm(8, out));
      in = out;
    }
    net->push_back(torch::nn::AdaptiveAvgPool2d(1));
    net->push_back(torch::nn::Flatten());
    net->push_back(torch::nn::Linear(in, 1));
    for (Tensor& parameter : net->parameters()) {
      if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(format));
    }
    optimizer =
        std::make_unique<torch::optim::Adam>(net->parameters(), torch::optim::AdamOptions(1e-3));
  }

  double step(const Tensor& x, const Tensor& y) {
    optimizer->zero_grad();
    const Tensor loss =
        torch::nn::functional::binary_cross_entropy_with_logits(net->forward(x).squeeze(-1), y);
    loss.backward();
    optimizer->step();
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

std::string run(const Case& c, double peak) {
  const Catalog catalog = builtin_catalog();
  Problems problems;
  const auto& entry = catalog.models.at("cnn");
  const Value options =
      entry.schema.normalise(Value::Table{{"channels", c.channels}}, "cnn", problems);
  const auto model = entry.make({options}, ModelContext{{kColours, kSide, kSide}, 1});
  std::vector<RandomKey> keys;
  for (std::int64_t k = 0; k < c.replicas; ++k) keys.emplace_back(static_cast<std::uint64_t>(k));
  ReplicaTrainer trainer(*model, model->initialise(keys), {});
  const auto method =
      catalog.methods.at("erm").make(std::vector<Value>(static_cast<std::size_t>(c.replicas)),
                                     MethodContext{Task::binary, c.replicas, 2, 0});
  at::manual_seed(1);
  Batch batch;
  batch.domains = 2;
  batch.rows_per_domain = c.batch / 2;
  batch.x = at::rand({c.replicas, c.batch, kColours, kSide, kSide});
  batch.y = at::randint(0, 2, {c.replicas, 2, c.batch / 2}, at::kLong);
  const Tensor y = batch.y[0].flatten().to(at::kFloat);

  // The plain loop in the layout that suits it best on this machine.
  Plain by_channel(c, at::MemoryFormat::Contiguous);
  Plain by_pixel(c, at::MemoryFormat::ChannelsLast);
  copy_parameters(*model, trainer.parameters().detach(), by_channel);
  copy_parameters(*model, trainer.parameters().detach(), by_pixel);
  const Tensor x = batch.x[0].clone();
  const Tensor x_by_pixel = x.contiguous(at::MemoryFormat::ChannelsLast);
  double difference = 0.0;
  // Few steps: Adam's first ones follow the signs of gradients near 0, and after five the two plain
  // layouts differ from each other in the fourth digit.
  for (int step = 0; step < 3; ++step) {
    const double loss = by_channel.step(x, y);
    by_pixel.step(x_by_pixel, y);
    method->step(trainer, batch);
    difference = std::max(difference, std::abs(loss - trainer.last_losses()[0].item<double>()));
  }
  if (!(difference < 1e-4)) {
    fmt::print(stderr, "results differ by {}: no time is reported\n", difference);
    std::exit(1);
  }
  const double one = speed::seconds_per_call([&] { by_channel.step(x, y); });
  const double other = speed::seconds_per_call([&] { by_pixel.step(x_by_pixel, y); });
  const double theirs = std::min(one, other);
  const double ours = speed::seconds_per_call([&] { method->step(trainer, batch); }) /
                      static_cast<double>(c.replicas);
  const double flops = model->step_flops() * static_cast<double>(c.batch);
  return fmt::format(
      "    {{\"model\": \"cnn {0} 2x28x28\", \"batch\": {1}, \"replicas\": {2}, "
      "\"times_plain_libtorch\": {3:.2f}, \"bar_plain\": {4}, \"share_of_peak\": {5:.3f}, "
      "\"plain_share_of_peak\": {6:.3f}, \"gflops\": {7:.1f}, \"plain_gflops\": {8:.1f}, "
      "\"plain_layout\": \"{9}\"}}",
      c.channels, c.batch, c.replicas, theirs / ours, c.bar_plain, flops / ours / peak,
      flops / theirs / peak, flops / ours * 1e-9, flops / theirs * 1e-9,
      one < other ? "contiguous" : "channels_last");
}

}  // namespace

int main() {
  spurion::speed::use_one_core();
  const double peak = spurion::speed::peak_flops();
  const Case cases[] = {{8, 128, 4, 4.0}, {8, 16, 16, 0}, {16, 128, 2, 0}, {64, 128, 1, 1.5}};
  fmt::print("{{\n  \"peak_gflops\": {:.1f},\n  \"rows\": [\n", peak * 1e-9);
  bool first = true;
  for (const Case& c : cases) {
    fmt::print("{}{}", first ? "" : ",\n", run(c, peak));
    std::fflush(stdout);
    first = false;
  }
  fmt::print("\n  ]\n}}\n");
}
