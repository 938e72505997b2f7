#include "spurion/optimizer.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "engine/kernels.hpp"
#include "spurion/error.hpp"

namespace spurion {

const Schema<OptimizerOptions>& OptimizerOptions::schema() {
  using O = OptimizerOptions;
  static const auto schema =
      Schema<O>()
          .field("name", &O::name, "Update rule.", one_of({"sgd", "adam", "adamw"}))
          .field("learning_rate", &O::learning_rate, "Step size.", positive(),
                 log_uniform(1e-4, 1e-2))
          .field("weight_decay", &O::weight_decay,
                 "L2 coefficient added to the gradient (sgd, adam) or decoupled (adamw).",
                 at_least(0), log_uniform(1e-6, 1e-2))
          .field("momentum", &O::momentum, "Heavy-ball momentum of sgd.", between(0, 1))
          .field("beta1", &O::beta1, "Decay of Adam's first moment.", between(0, 1))
          .field("beta2", &O::beta2, "Decay of Adam's second moment.", between(0, 1))
          .field("epsilon", &O::epsilon, "Added to Adam's denominator.", at_least(0))
          .field("clip_norm", &O::clip_norm,
                 "Gradient norm of a replica is clipped to this; 0 means no clipping.",
                 at_least(0));
  return schema;
}

namespace {

/// 1 - beta^t. Replicas of a batch mostly agree on both: the power is taken once for all of them.
class Correction {
 public:
  double operator()(double beta, double t) {
    if (beta != beta_ || t != t_) value_ = 1.0 - std::pow(beta, t);
    beta_ = beta;
    t_ = t;
    return value_;
  }

 private:
  double beta_ = 0.0;
  double t_ = 0.0;
  double value_ = 0.0;
};

}  // namespace

struct Optimizer::State {
  OptimizerOptions options;
  std::int64_t replicas = 0;
  std::int64_t parameters = 0;
  Tensor first;   // [K, P]: momentum or first moment
  Tensor second;  // [K, P]: second moment
  std::vector<std::int64_t> steps;
};

Optimizer::Optimizer(const OptimizerOptions& options, std::int64_t replicas,
                     std::int64_t parameters, Device device)
    : state_(std::make_unique<State>()) {
  state_->options = options;
  state_->replicas = replicas;
  state_->parameters = parameters;
  const auto kind = at::dtype(at::kFloat).device(device);
  state_->first = at::zeros({replicas, parameters}, kind);
  if (options.name != "sgd") state_->second = at::zeros({replicas, parameters}, kind);
  state_->steps.assign(static_cast<std::size_t>(replicas), 0);
}

Optimizer::~Optimizer() = default;

const OptimizerOptions& Optimizer::options() const { return state_->options; }

void Optimizer::visit_state(StateVisitor& visit) {
  visit("first", state_->first);
  visit("second", state_->second);
  visit("steps", state_->steps);
}

void Optimizer::reset(const Tensor& mask) {
  for (std::int64_t k = 0; k < state_->replicas; ++k) {
    if (!mask.data_ptr<bool>()[k]) continue;
    state_->first[k].zero_();
    if (state_->second.defined()) state_->second[k].zero_();
    state_->steps[static_cast<std::size_t>(k)] = 0;
  }
}

void Optimizer::step(Tensor& parameters, const Tensor& gradient, const Tensor& active) {
  State& state = *state_;
  const OptimizerOptions& options = state.options;
  SPURION_CHECK(parameters.is_contiguous() && gradient.is_contiguous(), "contiguous [K, P]");
  if (!parameters.is_cpu()) {
    step_in_operations(parameters, gradient, active);
    return;
  }
  const bool* going = active.data_ptr<bool>();
  const float* gradients = gradient.data_ptr<float>();
  float* values = parameters.data_ptr<float>();
  float* firsts = state.first.data_ptr<float>();
  float* seconds = state.second.defined() ? state.second.data_ptr<float>() : nullptr;
  const bool sgd = options.name == "sgd";
  const bool decoupled = options.name == "adamw";
  Correction first_correction;
  Correction second_correction;
  for (std::int64_t k = 0; k < state.replicas; ++k) {
    if (!going[k]) continue;
    const std::int64_t offset = k * state.parameters;
    const float* g = gradients + offset;
    float* p = values + offset;
    float* first = firsts + offset;
    const auto t = static_cast<double>(++state.steps[static_cast<std::size_t>(k)]);
    const double rate = options.learning_rate.at(k);
    const double decay = options.weight_decay.at(k);
    double scale = 1.0;
    if (const double limit = options.clip_norm.at(k); limit > 0.0) {
      const double length = engine::norm(g, state.parameters);
      if (length > limit) scale = limit / length;
    }
    const auto gradient_scale = static_cast<float>(scale);
    if (sgd) {
      const engine::SgdStep s{static_cast<float>(rate), static_cast<float>(options.momentum.at(k)),
                              static_cast<float>(decay), gradient_scale};
      engine::sgd_update(s, state.parameters, g, p, first);
      continue;
    }
    const double beta1 = options.beta1.at(k);
    const double beta2 = options.beta2.at(k);
    engine::AdamStep s{};
    s.step_size = static_cast<float>(rate / first_correction(beta1, t));
    s.decay = decoupled ? 0.0F : static_cast<float>(decay);
    s.decoupled = decoupled ? static_cast<float>(1.0 - rate * decay) : 1.0F;
    s.beta1 = static_cast<float>(beta1);
    s.beta2 = static_cast<float>(beta2);
    s.root_correction = static_cast<float>(1.0 / std::sqrt(second_correction(beta2, t)));
    s.epsilon = static_cast<float>(options.epsilon.at(k));
    s.gradient_scale = gradient_scale;
    engine::adam_update(s, state.parameters, g, p, first, seconds + offset);
  }
}

namespace {

/// A number of each replica, [K, 1] when used: gathered in host memory, brought over all at once.
class Columns {
 public:
  explicit Columns(std::int64_t replicas) : replicas_(replicas) {}

  template <class Function>
  void add(Function value_of) {
    for (std::int64_t k = 0; k < replicas_; ++k) {
      values_.push_back(static_cast<float>(value_of(k)));
    }
  }
  [[nodiscard]] std::vector<Tensor> on(Device device) const {
    return at::tensor(values_, at::kFloat).reshape({-1, replicas_, 1}).to(device).unbind(0);
  }

 private:
  std::int64_t replicas_;
  std::vector<float> values_;
};

}  // namespace

void Optimizer::step_in_operations(Tensor& parameters, const Tensor& gradient,
                                   const Tensor& active) {
  State& state = *state_;
  const OptimizerOptions& options = state.options;
  const at::NoGradGuard no_grad;
  const bool* going = active.data_ptr<bool>();
  const bool sgd = options.name == "sgd";
  const bool decoupled = options.name == "adamw";
  bool all = true;
  bool clipped = false;
  bool decayed = false;
  for (std::int64_t k = 0; k < state.replicas; ++k) {
    if (going[k]) ++state.steps[static_cast<std::size_t>(k)];
    all = all && going[k];
    clipped = clipped || options.clip_norm.at(k) > 0.0;
    decayed = decayed || options.weight_decay.at(k) > 0.0;
  }
  const auto t = [&](std::int64_t k) {
    return static_cast<double>(std::max<std::int64_t>(state.steps[static_cast<std::size_t>(k)], 1));
  };
  const auto correction = [&](const PerReplica<double>& beta, std::int64_t k) {
    return 1.0 - std::pow(beta.at(k), t(k));
  };
  Columns columns(state.replicas);
  columns.add([&](std::int64_t k) { return going[k] ? 1.0 : 0.0; });
  columns.add([&](std::int64_t k) { return options.clip_norm.at(k); });
  columns.add([&](std::int64_t k) { return decoupled ? 0.0 : options.weight_decay.at(k); });
  if (sgd) {
    columns.add([&](std::int64_t k) { return options.learning_rate.at(k); });
    columns.add([&](std::int64_t k) { return options.momentum.at(k); });
  } else {
    columns.add(
        [&](std::int64_t k) { return options.learning_rate.at(k) / correction(options.beta1, k); });
    columns.add([&](std::int64_t k) { return options.beta1.at(k); });
    columns.add([&](std::int64_t k) { return options.beta2.at(k); });
    columns.add([&](std::int64_t k) { return 1.0 / std::sqrt(correction(options.beta2, k)); });
    columns.add([&](std::int64_t k) { return options.epsilon.at(k); });
    columns.add([&](std::int64_t k) {
      return 1.0 - options.learning_rate.at(k) * options.weight_decay.at(k);
    });
  }
  const std::vector<Tensor> column = columns.on(parameters.device());
  const Tensor moving = column[0].gt(0);
  Tensor g = gradient;
  if (clipped) {
    const Tensor length = g.to(at::kDouble).square().sum(1, true).sqrt();
    const Tensor limit = column[1].to(at::kDouble);
    const Tensor scale =
        at::where(limit.gt(0) & length.gt(limit), limit / length, at::ones_like(length));
    g = g * scale.to(at::kFloat);
  }
  if (decayed && !decoupled) g = g + column[2] * parameters;
  // A replica that stands still keeps its bits; its gradient need not be a number.
  const auto put = [&](Tensor& target, const Tensor& value) {
    target.copy_(all ? value : at::where(moving, value, target));
  };
  if (sgd) {
    put(state.first, column[4] * state.first + g);
    put(parameters, parameters - column[3] * state.first);
    return;
  }
  const Tensor& beta1 = column[4];
  const Tensor& beta2 = column[5];
  put(state.first, beta1 * state.first + (1.0F - beta1) * g);
  put(state.second, beta2 * state.second + (1.0F - beta2) * (g * g));
  const Tensor shrunk = decoupled ? parameters * column[8] : parameters;
  put(parameters, shrunk - column[3] * state.first / (state.second.sqrt() * column[6] + column[7]));
}

}  // namespace spurion
