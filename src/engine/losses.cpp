#include "spurion/losses.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "engine/elementwise.hpp"
#include "engine/kernels.hpp"
#include "spurion/error.hpp"

namespace spurion::losses {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

using Kernel = void (*)(const float*, float*, std::int64_t);

/// In host memory float32 through our kernels and float64 (the reference path of tests) through the
/// scalar function; on another device by `operations` of LibTorch.
template <class Function>
Tensor map(const Tensor& z, Kernel kernel, Function function, Tensor (*operations)(const Tensor&)) {
  if (!z.is_cpu()) return operations(z);
  const Tensor in = z.contiguous();
  Tensor out = at::empty_like(in);
  const std::int64_t count = in.numel();
  if (in.scalar_type() == at::kDouble) {
    const double* source = in.data_ptr<double>();
    double* target = out.data_ptr<double>();
    for (std::int64_t i = 0; i < count; ++i) target[i] = function(source[i]);
  } else {
    kernel(in.data_ptr<float>(), out.data_ptr<float>(), count);
  }
  return out;
}

// Each backward is written in differentiable operations, so every function can be differentiated
// again (penalties on gradients need it).

struct Exp : torch::autograd::Function<Exp> {
  static Tensor forward(AutogradContext* context, const Tensor& z) {
    Tensor out = map(
        z, static_cast<Kernel>(engine::exponential),
        [](double value) { return engine::exponential(value); },
        [](const Tensor& all) { return at::exp(all); });
    context->save_for_backward({out});
    return out;
  }
  static variable_list backward(AutogradContext* context, const variable_list& g) {
    return {g[0] * context->get_saved_variables()[0]};
  }
};

struct Log : torch::autograd::Function<Log> {
  static Tensor forward(AutogradContext* context, const Tensor& z) {
    context->save_for_backward({z});
    return map(
        z, static_cast<Kernel>(engine::logarithm),
        [](double value) { return engine::logarithm(value); },
        [](const Tensor& all) { return at::log(all); });
  }
  static variable_list backward(AutogradContext* context, const variable_list& g) {
    return {g[0] / context->get_saved_variables()[0]};
  }
};

struct Sigmoid : torch::autograd::Function<Sigmoid> {
  static Tensor forward(AutogradContext* context, const Tensor& z) {
    Tensor out = map(
        z, static_cast<Kernel>(engine::logistic),
        [](double value) { return engine::logistic(value); },
        [](const Tensor& all) { return at::sigmoid(all); });
    context->save_for_backward({out});
    return out;
  }
  static variable_list backward(AutogradContext* context, const variable_list& g) {
    const Tensor out = context->get_saved_variables()[0];
    return {g[0] * out * (1 - out)};
  }
};

struct Softplus : torch::autograd::Function<Softplus> {
  static Tensor forward(AutogradContext* context, const Tensor& z) {
    context->save_for_backward({z});
    return map(
        z, static_cast<Kernel>(engine::soft_plus),
        [](double value) { return engine::soft_plus(value); },
        [](const Tensor& all) { return all.clamp_min(0) + at::log1p(at::exp(-all.abs())); });
  }
  static variable_list backward(AutogradContext* context, const variable_list& g) {
    return {g[0] * losses::sigmoid(context->get_saved_variables()[0])};
  }
};

struct Softmax {
  Tensor log_normaliser;  // [K, B]
  Tensor probabilities;   // [K, B, C]
  Tensor shifted;         // [K, B, C]
};

Softmax softmax(const Tensor& logits) {
  // The shift by the maximum cancels exactly in value and derivative, so it is a constant.
  const Tensor shifted = logits - std::get<0>(logits.detach().max(-1, true));
  const Tensor powers = losses::exp(shifted);
  const Tensor sum = powers.sum(-1);
  return {losses::log(sum), powers / sum.unsqueeze(-1), shifted};
}

Tensor one_hot(const Tensor& targets, const Tensor& logits) {
  const Tensor classes = at::arange(logits.size(-1), targets.options());
  return targets.unsqueeze(-1).eq(classes).to(logits.scalar_type());
}

Tensor single_output(const Tensor& logits) {
  SPURION_CHECK(logits.size(-1) == 1, "binary and regression models have one output");
  return logits.squeeze(-1);
}

}  // namespace

Tensor exp(const Tensor& z) { return Exp::apply(z); }
Tensor log(const Tensor& z) { return Log::apply(z); }
Tensor sigmoid(const Tensor& z) { return Sigmoid::apply(z); }
Tensor softplus(const Tensor& z) { return Softplus::apply(z); }

Tensor row_loss(Task task, const Tensor& logits, const Tensor& targets) {
  switch (task) {
    case Task::binary: {
      const Tensor z = single_output(logits);
      return losses::softplus(z) - z * targets.to(z.scalar_type());
    }
    case Task::multiclass: {
      const Softmax parts = softmax(logits);
      return parts.log_normaliser - (parts.shifted * one_hot(targets, logits)).sum(-1);
    }
    case Task::regression: {
      const Tensor residual = single_output(logits) - targets;
      return residual * residual;
    }
  }
  throw LogicError("unknown task");
}

Tensor scale_gradient(Task task, const Tensor& logits, const Tensor& targets) {
  switch (task) {
    case Task::binary: {
      const Tensor z = single_output(logits);
      return z * (losses::sigmoid(z) - targets.to(z.scalar_type()));
    }
    case Task::multiclass: {
      const Softmax parts = softmax(logits);
      return (logits * (parts.probabilities - one_hot(targets, logits))).sum(-1);
    }
    case Task::regression: {
      const Tensor z = single_output(logits);
      return 2 * z * (z - targets);
    }
  }
  throw LogicError("unknown task");
}

Tensor shift_gradient(Task task, const Tensor& logits, const Tensor& targets) {
  const Tensor z = single_output(logits);
  if (task == Task::regression) return 2 * (z - targets);
  SPURION_CHECK(task == Task::binary, "shift_gradient is for one output");
  return losses::sigmoid(z) - targets.to(z.scalar_type());
}

Tensor row_values(RowQuantity quantity, Task task, const Tensor& logits, const Tensor& targets) {
  switch (quantity) {
    case RowQuantity::loss:
      return row_loss(task, logits, targets);
    case RowQuantity::scale_gradient:
      return scale_gradient(task, logits, targets);
    case RowQuantity::shift_gradient:
      return shift_gradient(task, logits, targets);
  }
  throw LogicError("unknown quantity");
}

namespace {

Tensor plain_domain_means(RowQuantity quantity, Task task, const Tensor& logits,
                          const Tensor& targets) {
  const Tensor rows = row_values(quantity, task, logits, targets.flatten(1));
  return rows.reshape({rows.size(0), targets.size(1), targets.size(2)}).mean(2);
}

float mean_of(engine::Quantity quantity, const float* z, const std::int64_t* y, std::int64_t rows) {
  return engine::binary_mean(quantity, z, y, rows);
}
float mean_of(engine::Quantity quantity, const float* z, const float* y, std::int64_t rows) {
  return engine::squared_mean(quantity, z, y, rows);
}
void derivative_of(const engine::ScaledQuantity& of, const float* z, const std::int64_t* y,
                   std::int64_t rows, float* out) {
  engine::binary_derivative(of, z, y, rows, out);
}
void derivative_of(const engine::ScaledQuantity& of, const float* z, const float* y,
                   std::int64_t rows, float* out) {
  engine::squared_derivative(of, z, y, rows, out);
}

/// domain_means of one output in float32, one pass over the rows each way. `Target` is int64 labels
/// (binary) or float targets (regression).
template <class Target>
struct FusedDomainMeans : torch::autograd::Function<FusedDomainMeans<Target>> {
  static constexpr Task kTask = std::is_same_v<Target, float> ? Task::regression : Task::binary;

  static Tensor forward(AutogradContext* context, const Tensor& logits, const Tensor& targets,
                        std::int64_t quantity) {
    context->save_for_backward({logits, targets});
    context->saved_data["quantity"] = quantity;
    const std::int64_t domains = targets.size(1);
    const std::int64_t rows = targets.size(2);
    Tensor out = at::empty({logits.size(0), domains}, logits.options());
    for (std::int64_t i = 0; i < out.numel(); ++i) {
      out.data_ptr<float>()[i] =
          mean_of(static_cast<engine::Quantity>(quantity), logits.data_ptr<float>() + i * rows,
                  block(targets, i), rows);
    }
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& g) {
    const auto saved = context->get_saved_variables();
    const Tensor& logits = saved[0];
    const Tensor& targets = saved[1];
    const std::int64_t quantity = context->saved_data["quantity"].toInt();
    if (at::GradMode::is_enabled()) {
      // Someone differentiates gradients: the same derivative, in operations that can be.
      const Tensor means =
          plain_domain_means(static_cast<RowQuantity>(quantity), kTask, logits, targets);
      return {torch::autograd::grad({means}, {logits}, {g[0]}, true, true)[0], Tensor(), Tensor()};
    }
    const std::int64_t rows = targets.size(2);
    const Tensor seed = g[0].contiguous();
    Tensor out = at::empty_like(logits);
    for (std::int64_t i = 0; i < seed.numel(); ++i) {
      derivative_of({static_cast<engine::Quantity>(quantity),
                     seed.data_ptr<float>()[i] / static_cast<float>(rows)},
                    logits.data_ptr<float>() + i * rows, block(targets, i), rows,
                    out.data_ptr<float>() + i * rows);
    }
    return {out, Tensor(), Tensor()};
  }

 private:
  /// Targets of block i = replica * E + domain; shared targets have one replica.
  static const Target* block(const Tensor& targets, std::int64_t i) {
    const std::int64_t blocks = targets.size(0) * targets.size(1);
    return targets.data_ptr<Target>() + (i % blocks) * targets.size(2);
  }
};

}  // namespace

Tensor domain_means(RowQuantity quantity, Task task, const Tensor& logits, const Tensor& targets) {
  if (task == Task::multiclass || logits.scalar_type() != at::kFloat || !logits.is_cpu()) {
    return plain_domain_means(quantity, task, logits, targets);
  }
  SPURION_CHECK(logits.size(1) == targets.size(1) * targets.size(2) && logits.size(2) == 1 &&
                    (targets.size(0) == 1 || targets.size(0) == logits.size(0)),
                "logits [K, E * B, 1] and targets [K or 1, E, B]");
  const Tensor z = logits.contiguous();
  const auto which = static_cast<std::int64_t>(quantity);
  return task == Task::binary
             ? FusedDomainMeans<std::int64_t>::apply(z, targets.contiguous(), which)
             : FusedDomainMeans<float>::apply(z, targets.contiguous(), which);
}

Tensor predict(Task task, const Tensor& logits) {
  switch (task) {
    case Task::binary:
      return single_output(logits).gt(0).to(at::kLong);
    case Task::multiclass:
      return logits.argmax(-1);
    case Task::regression:
      return single_output(logits);
  }
  throw LogicError("unknown task");
}

}  // namespace spurion::losses
