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

/// Float32 through our kernels; float64 (the reference path of tests) through the scalar function.
template <class Function>
Tensor map(const Tensor& z, Kernel kernel, Function function) {
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
    Tensor out = map(z, static_cast<Kernel>(engine::exponential), [](double value) { return engine::exponential(value); });
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
    return map(z, static_cast<Kernel>(engine::logarithm), [](double value) { return engine::logarithm(value); });
  }
  static variable_list backward(AutogradContext* context, const variable_list& g) {
    return {g[0] / context->get_saved_variables()[0]};
  }
};

struct Sigmoid : torch::autograd::Function<Sigmoid> {
  static Tensor forward(AutogradContext* context, const Tensor& z) {
    Tensor out = map(z, static_cast<Kernel>(engine::logistic), [](double value) { return engine::logistic(value); });
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
    return map(z, static_cast<Kernel>(engine::soft_plus), [](double value) { return engine::soft_plus(value); });
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

namespace {

Tensor rows_of(RowQuantity quantity, Task task, const Tensor& logits, const Tensor& targets) {
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

Tensor plain_domain_means(RowQuantity quantity, Task task, const Tensor& logits,
                          const Tensor& targets) {
  const Tensor rows = rows_of(quantity, task, logits, targets.flatten(1));
  return rows.reshape({rows.size(0), targets.size(1), targets.size(2)}).mean(2);
}

/// domain_means for binary tasks in float32, one pass over the rows each way.
struct BinaryDomainMeans : torch::autograd::Function<BinaryDomainMeans> {
  static Tensor forward(AutogradContext* context, const Tensor& logits, const Tensor& targets,
                        std::int64_t quantity) {
    context->save_for_backward({logits, targets});
    context->saved_data["quantity"] = quantity;
    const auto [replicas, domains, rows] = extents(logits, targets);
    Tensor out = at::empty({replicas, domains}, logits.options());
    for (std::int64_t i = 0; i < replicas * domains; ++i) {
      out.data_ptr<float>()[i] =
          engine::binary_mean(static_cast<engine::BinaryQuantity>(quantity),
                              logits.data_ptr<float>() + i * rows,
                              labels(targets, i, domains, rows), rows);
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
      const Tensor means = plain_domain_means(static_cast<RowQuantity>(quantity), Task::binary,
                                              logits, targets);
      return {torch::autograd::grad({means}, {logits}, {g[0]}, true, true)[0], Tensor(), Tensor()};
    }
    const auto [replicas, domains, rows] = extents(logits, targets);
    const Tensor seed = g[0].contiguous();
    Tensor out = at::empty_like(logits);
    for (std::int64_t i = 0; i < replicas * domains; ++i) {
      engine::binary_derivative(static_cast<engine::BinaryQuantity>(quantity),
                                seed.data_ptr<float>()[i] / static_cast<float>(rows),
                                logits.data_ptr<float>() + i * rows,
                                labels(targets, i, domains, rows), rows,
                                out.data_ptr<float>() + i * rows);
    }
    return {out, Tensor(), Tensor()};
  }

 private:
  static std::tuple<std::int64_t, std::int64_t, std::int64_t> extents(const Tensor& logits,
                                                                      const Tensor& targets) {
    return {logits.size(0), targets.size(1), targets.size(2)};
  }
  static const std::int64_t* labels(const Tensor& targets, std::int64_t block, std::int64_t domains,
                                    std::int64_t rows) {
    return targets.data_ptr<std::int64_t>() + (targets.size(0) == 1 ? block % domains : block) * rows;
  }
};

}  // namespace

Tensor domain_means(RowQuantity quantity, Task task, const Tensor& logits, const Tensor& targets) {
  if (task != Task::binary || logits.scalar_type() != at::kFloat) {
    return plain_domain_means(quantity, task, logits, targets);
  }
  SPURION_CHECK(logits.size(1) == targets.size(1) * targets.size(2) && logits.size(2) == 1,
                "logits [K, E * B, 1] and targets [K or 1, E, B]");
  return BinaryDomainMeans::apply(logits.contiguous(), targets.contiguous(),
                                  static_cast<std::int64_t>(quantity));
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
