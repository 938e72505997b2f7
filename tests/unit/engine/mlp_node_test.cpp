#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "catch.hpp"
#include "spurion/catalog.hpp"

using namespace spurion;

namespace {

constexpr std::int64_t kModels = 3;

struct WeighedMlp {
  std::unique_ptr<Model> model;
  Tensor parameters;   // [K, P]
  Tensor x;            // [K or 1, B, D]
  Tensor of_logits;    // [K, B, C], weights of a sum
  Tensor of_features;  // [K, B, F]
};

WeighedMlp weighed_mlp(std::int64_t depth, std::int64_t outputs, std::int64_t rows, bool shared) {
  constexpr std::int64_t kInputs = 5;
  constexpr std::int64_t kWidth = 19;
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.models.at("mlp");
  Problems problems;
  const Value options =
      entry.schema.normalise(Value::Table{{"width", kWidth}, {"depth", depth}}, "mlp", problems);
  problems.raise();
  WeighedMlp out;
  out.model = entry.make({options}, ModelContext{{kInputs}, outputs});
  out.parameters = 0.5 * at::randn({kModels, out.model->parameter_count()});
  out.x = at::randn({shared ? 1 : kModels, rows, kInputs});
  out.of_logits = at::randn({kModels, rows, outputs}) / std::sqrt(static_cast<double>(rows));
  out.of_features = at::randn({kModels, rows, kWidth}) / std::sqrt(static_cast<double>(rows));
  return out;
}

Tensor gradient_of(const WeighedMlp& s, bool features) {
  const Tensor parameters = s.parameters.detach().requires_grad_(true);
  const Output output = s.model->forward(parameters, s.x);
  Tensor sum = (output.logits * s.of_logits).sum();
  if (features) sum = sum + (output.features * s.of_features).sum();
  return torch::autograd::grad({sum}, {parameters})[0];
}

Tensor exact_gradient_of(const WeighedMlp& s, bool features) {
  const Tensor parameters = s.parameters.to(at::kDouble).requires_grad_(true);
  const Output output = s.model->forward_differentiable(parameters, s.x.to(at::kDouble));
  Tensor sum = (output.logits * s.of_logits).sum();
  if (features) sum = sum + (output.features * s.of_features).sum();
  return torch::autograd::grad({sum}, {parameters})[0];
}

}  // namespace

TEST_CASE("gradients of an MLP agree with float64 autograd, however many rows a pass has") {
  at::manual_seed(9);
  const std::int64_t depth = GENERATE(1, 2, 3);
  const bool shared = GENERATE(false, true);
  const bool features = GENERATE(false, true);
  // From 481 rows on a pass goes through the layers piece by piece; 721 leaves a piece of one row.
  for (const std::int64_t rows : {1, 7, 480, 481, 721, 1000}) {
    for (const std::int64_t outputs : {1, 3}) {
      CAPTURE(depth, shared, features, rows, outputs);
      const WeighedMlp s = weighed_mlp(depth, outputs, rows, shared);
      const Output output = s.model->forward(s.parameters, s.x);
      const Output exact =
          s.model->forward_differentiable(s.parameters.to(at::kDouble), s.x.to(at::kDouble));
      CHECK(at::allclose(output.logits.to(at::kDouble), exact.logits, 1e-4, 1e-5));
      const Tensor want = exact_gradient_of(s, features);
      const double scale = std::max(1.0, want.abs().max().item<double>());
      const Tensor difference = gradient_of(s, features).to(at::kDouble) - want;
      CHECK(difference.abs().max().item<double>() < 1e-5 * scale);
    }
  }
}

TEST_CASE("a replica of an MLP has the same bits alone and among others, in pieces too") {
  at::manual_seed(10);
  for (const std::int64_t rows : {64, 1000}) {
    const WeighedMlp all = weighed_mlp(2, 3, rows, false);
    const Tensor together = gradient_of(all, true);
    for (std::int64_t k = 0; k < kModels; ++k) {
      WeighedMlp alone = weighed_mlp(2, 3, rows, false);
      alone.parameters = all.parameters.narrow(0, k, 1).contiguous();
      alone.x = all.x.narrow(0, k, 1).contiguous();
      alone.of_logits = all.of_logits.narrow(0, k, 1);
      alone.of_features = all.of_features.narrow(0, k, 1);
      CHECK(gradient_of(alone, true)[0].equal(together[k]));
    }
  }
}
