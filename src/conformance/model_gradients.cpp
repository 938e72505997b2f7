#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "conformance/model_checks.hpp"
#include "conformance/tensors.hpp"

namespace spurion::conformance {

namespace {

/// The weighted sum of logits at parameters [1, P], in the precision of the arguments.
double objective(const ModelSubject& subject, const Tensor& parameters, const Tensor& x,
                 const Tensor& weights) {
  const at::NoGradGuard no_grad;
  const Tensor logits = subject.model->forward_differentiable(parameters, x).logits;
  return (logits.to(at::kDouble) * weights.to(at::kDouble)).sum().item<double>();
}

/// Whether `forward_differentiable` takes float64, as models that can be differentiated twice do.
bool works_in_double(const ModelSubject& subject) {
  try {
    const at::NoGradGuard no_grad;
    return subject.model
               ->forward_differentiable(subject.parameters(1).to(at::kDouble),
                                        subject.inputs(1, 2).to(at::kDouble))
               .logits.scalar_type() == at::kDouble;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

Tensor gradient(const ModelSubject& subject, const Tensor& parameters, const Tensor& x,
                const Tensor& weights) {
  const Tensor leaf = parameters.detach().clone().requires_grad_(true);
  const Tensor logits = subject.model->forward(leaf, x).logits;
  return torch::autograd::grad({(logits * weights).sum()}, {leaf})[0];
}

namespace {

/// The gradient in float64, of the operations that can be differentiated any number of times.
Tensor exact_gradient(const ModelSubject& subject, const Tensor& parameters, const Tensor& x,
                      const Tensor& weights) {
  const Tensor leaf = parameters.to(at::kDouble).requires_grad_(true);
  const Tensor logits = subject.model->forward_differentiable(leaf, x.to(at::kDouble)).logits;
  return torch::autograd::grad({(logits * weights.to(at::kDouble)).sum()}, {leaf})[0];
}

}  // namespace

void check_gradients(const ModelSubject& subject) {
  constexpr std::int64_t kRows = 7;
  constexpr std::uint64_t kDirections = 5;
  const Tensor parameters = subject.parameters(1);
  const Tensor x = subject.inputs(1, kRows);
  const Tensor weights =
      normals(RandomKey(3).child("weights"), {1, kRows, subject.context.outputs});
  const Tensor given = gradient(subject, parameters, x, weights).to(at::kDouble);
  require(given.sizes() == parameters.sizes(),
          fmt::format("the gradient has shape [{}], the parameters [{}]",
                      fmt::join(given.sizes(), ", "), fmt::join(parameters.sizes(), ", ")));
  require_finite("the gradient of " + subject.text(), given);
  // A narrow step: with many units some ReLU turns within a wider one, and the difference is not
  // the derivative. Within any step a unit may turn, so that one of several must agree. A model in
  // float32 only is held to less: a narrow step is lost in rounding.
  const bool exact = works_in_double(subject);
  // A unit that rounding turns in float32 is on in one of the two and off in the other: its share
  // of the gradient is all that may differ.
  const Tensor slopes = exact ? exact_gradient(subject, parameters, x, weights) : given;
  require((given - slopes).norm().item<double>() <= 1e-2 * (slopes.norm().item<double>() + 1e-3),
          fmt::format("with {}: the gradients in float32 and in float64 differ", subject.text()));
  const auto type = exact ? at::kDouble : at::kFloat;
  const std::vector<double> steps =
      exact ? std::vector<double>{1e-7, 1e-8} : std::vector<double>{1e-3, 3e-4, 1e-4};
  const double tolerance = exact ? 1e-3 : 5e-2;
  const double size = slopes.norm().item<double>();
  for (std::uint64_t i = 0; i < kDirections; ++i) {
    const Tensor direction =
        normals(RandomKey(4).child("direction").child(i), {1, parameters.size(1)}).to(at::kDouble);
    const auto at = [&](double distance) {
      return objective(subject, (parameters.to(at::kDouble) + distance * direction).to(type),
                       x.to(type), weights);
    };
    const double analytic = (slopes * direction).sum().item<double>();
    double differenced = 0.0;
    bool agrees = false;
    for (std::size_t s = 0; s < steps.size() && !agrees; ++s) {
      differenced = (at(steps[s]) - at(-steps[s])) / (2.0 * steps[s]);
      agrees = std::abs(differenced - analytic) <= tolerance * (size + 1e-3);
    }
    require(agrees,
            fmt::format("with {}: a derivative along a direction is {} by the gradient and {} by "
                        "differences",
                        subject.text(), analytic, differenced));
  }
}

void check_replicas_separate(const ModelSubject& subject) {
  constexpr std::int64_t kRows = 5;
  const Tensor parameters = subject.parameters(kReplicas);
  const Tensor x = subject.inputs(kReplicas, kRows);
  for (std::int64_t k = 0; k < kReplicas; ++k) {
    Tensor weights = at::zeros({kReplicas, kRows, subject.context.outputs});
    weights.select(0, k).fill_(1.0);
    const Tensor found = gradient(subject, parameters, x, weights);
    for (std::int64_t other = 0; other < kReplicas; ++other) {
      const bool zero = found.select(0, other).eq(0).all().item<bool>();
      require(other == k || zero, fmt::format("with {}: the gradient of replica {}'s output in "
                                              "replica {}'s parameters is not 0",
                                              subject.text(), k, other));
      require(
          other != k || !zero,
          fmt::format("with {}: the gradient of replica {}'s own output is 0", subject.text(), k));
    }
  }
}

}  // namespace spurion::conformance
