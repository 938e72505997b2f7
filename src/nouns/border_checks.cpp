#include "nouns/border_checks.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "nouns/border_values.hpp"
#include "spurion/error.hpp"

namespace spurion::nouns {

namespace {

[[noreturn]] void refuse(const std::string& message) { throw PluginError(message); }

const char* type_text(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return "float32";
    case at::kDouble:
      return "float64";
    case at::kLong:
      return "int64";
    default:
      return c10::toString(type);
  }
}

/// "what has ..., expected ...", with the place where that is what differs.
[[noreturn]] void refuse_tensor(const std::string& what, const Tensor& given,
                                const std::string& expected, Device device) {
  std::string message = fmt::format("{} is {}, expected {}", what, text_of(given), expected);
  if (given.defined() && given.device() != device) {
    message += fmt::format(", on {} and not on {}", device.str(), given.device().str());
  }
  refuse(message);
}

bool plain(const Tensor& tensor, at::ScalarType type, Device device) {
  return tensor.defined() && tensor.scalar_type() == type && tensor.device() == device &&
         tensor.layout() == at::kStrided;
}

}  // namespace

std::string text_of(const Tensor& tensor) {
  if (!tensor.defined()) return "nothing";
  return fmt::format("{} [{}]", type_text(tensor.scalar_type()), fmt::join(tensor.sizes(), ", "));
}

void check_losses(const Tensor& losses, const Tensor& parameters) {
  const std::int64_t replicas = parameters.size(0);
  if (plain(losses, parameters.scalar_type(), parameters.device()) && losses.dim() == 1 &&
      losses.size(0) == replicas) {
    return;
  }
  refuse_tensor("the loss", losses,
                fmt::format("{} [K] = [{}]: one loss for each replica",
                            type_text(parameters.scalar_type()), replicas),
                parameters.device());
}

void check_gradient(const Tensor& gradient, const Tensor& parameters) {
  if (plain(gradient, parameters.scalar_type(), parameters.device()) &&
      gradient.sizes() == parameters.sizes()) {
    return;
  }
  refuse_tensor("the gradient", gradient,
                fmt::format("{} [K, P] = [{}]", type_text(parameters.scalar_type()),
                            fmt::join(parameters.sizes(), ", ")),
                parameters.device());
}

void check_parameters(const Tensor& given, const Tensor& parameters) {
  if (given.defined() && plain(given, parameters.scalar_type(), given.device()) &&
      given.sizes() == parameters.sizes()) {
    return;
  }
  refuse_tensor("what is set as parameters", given,
                fmt::format("{} [K, P] = [{}]", type_text(parameters.scalar_type()),
                            fmt::join(parameters.sizes(), ", ")),
                given.defined() ? given.device() : parameters.device());
}

void check_output(const Output& output, const Tensor& parameters, const Pass& pass) {
  const auto shaped = [&](const Tensor& tensor) {
    return plain(tensor, parameters.scalar_type(), parameters.device()) && tensor.dim() == 3 &&
           tensor.size(1) == pass.rows;
  };
  const char* type = type_text(parameters.scalar_type());
  if (!shaped(output.logits) || output.logits.size(0) != pass.replicas ||
      output.logits.size(2) != pass.outputs) {
    refuse_tensor(
        "what it gives as logits", output.logits,
        fmt::format("{} [K, B, C] = [{}, {}, {}]", type, pass.replicas, pass.rows, pass.outputs),
        parameters.device());
  }
  // Features that are the rows themselves may be shared by all replicas, as these are.
  if (!shaped(output.features) ||
      (output.features.size(0) != pass.replicas && output.features.size(0) != 1)) {
    refuse_tensor("what it gives as features", output.features,
                  fmt::format("{} [K, B, F] = [{}, {}, F]", type, pass.replicas, pass.rows),
                  parameters.device());
  }
}

void check_initial(const Tensor& given, std::int64_t replicas, std::int64_t parameters) {
  if (!plain(given, at::kFloat, c10::kCPU) || given.dim() != 2 || given.size(0) != replicas ||
      given.size(1) != parameters) {
    refuse_tensor("what it gives as initial parameters", given,
                  fmt::format("float32 [K, P] = [{}, {}]", replicas, parameters), c10::kCPU);
  }
  const Tensor dense = given.detach().contiguous();
  const std::int64_t bad = first_not_finite(dense.data_ptr<float>(), dense.numel());
  if (bad < 0) return;
  refuse(fmt::format("initial parameter {} of replica {} is {}, expected a finite number",
                     bad % parameters, bad / parameters, dense.data_ptr<float>()[bad]));
}

void check_layout(const Model& model) {
  std::int64_t next = 0;
  for (const ParameterBlock& block : model.layout()) {
    std::int64_t count = 1;
    for (const std::int64_t extent : block.shape) {
      if (extent < 1 || extent > (std::int64_t{1} << 40) / count) {
        refuse(fmt::format("parameter block '{}' has shape [{}], expected positive sizes",
                           block.name, fmt::join(block.shape, ", ")));
      }
      count *= extent;
    }
    if (block.offset != next) {
      refuse(
          fmt::format("parameter block '{}' starts at {}, expected {}, where the one before ends",
                      block.name, block.offset, next));
    }
    next += count;
    const double multiplier = block.width.multiplier;
    if (!std::isfinite(multiplier) || multiplier <= 0.0) {
      refuse(fmt::format("parameter block '{}' has the width multiplier {}, expected a number > 0",
                         block.name, multiplier));
    }
  }
  if (next == 0) refuse("the model has no parameters");
  if (const ParameterBlock* weights = model.linear_weights()) {
    if (weights->offset < 0 || weights->offset + element_count(weights->shape) > next) {
      refuse(fmt::format("its linear weights reach to {}, there are {} parameters",
                         weights->offset + element_count(weights->shape), next));
    }
  }
  const auto positive = [](double cost) { return std::isfinite(cost) && cost > 0.0; };
  if (!positive(model.forward_flops()) || !positive(model.step_flops()) ||
      !(std::isfinite(model.activation_bytes()) && model.activation_bytes() >= 0.0) ||
      model.max_replicas() < 1) {
    refuse(
        "its costs are not positive numbers: forward_flops, step_flops, activation_bytes, "
        "max_replicas");
  }
}

void check_results(const std::vector<std::pair<std::string, Tensor>>& results,
                   std::int64_t replicas) {
  for (const auto& [name, values] : results) {
    if (name.empty() || name.find('\n') != std::string::npos) {
      refuse("a measurement has no name in one line");
    }
    if (plain(values, at::kDouble, c10::kCPU) && values.dim() == 1 && values.size(0) == replicas) {
      continue;
    }
    refuse_tensor(fmt::format("measurement '{}'", name), values,
                  fmt::format("float64 [K] = [{}]", replicas), c10::kCPU);
  }
}

}  // namespace spurion::nouns
