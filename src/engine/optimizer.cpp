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

/// 1 - beta^t. Replicas of a pack mostly agree on both: the power is taken once for all of them.
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
    engine::adam_update(s, state.parameters, g, p, {first, seconds + offset});
  }
}

namespace {

/// Numbers of each replica: gathered in host memory, and brought to a device all at once.
class Columns {
 public:
  explicit Columns(std::int64_t replicas) : replicas_(replicas) {}

  /// Returns where the column [K, 1] will be in what `on` gives.
  template <class Function>
  std::size_t add(Function value_of) {
    for (std::int64_t k = 0; k < replicas_; ++k) {
      values_.push_back(static_cast<float>(value_of(k)));
    }
    return count_++;
  }
  [[nodiscard]] std::vector<Tensor> on(Device device) const {
    return at::tensor(values_, at::kFloat).reshape({-1, replicas_, 1}).to(device).unbind(0);
  }

 private:
  std::int64_t replicas_;
  std::vector<float> values_;
  std::size_t count_ = 0;
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
  bool clips = false;
  bool decays = false;
  for (std::int64_t k = 0; k < state.replicas; ++k) {
    if (going[k]) ++state.steps[static_cast<std::size_t>(k)];
    all = all && going[k];
    clips = clips || options.clip_norm.at(k) > 0.0;
    decays = decays || options.weight_decay.at(k) > 0.0;
  }
  const auto correction = [&](const PerReplica<double>& beta, std::int64_t k) {
    const std::int64_t t = std::max<std::int64_t>(state.steps[static_cast<std::size_t>(k)], 1);
    return 1.0 - std::pow(beta.at(k), static_cast<double>(t));
  };
  using Index = std::int64_t;
  Columns columns(state.replicas);
  const auto moving = columns.add([&](Index k) { return going[k] ? 1.0 : 0.0; });
  const auto limit = columns.add([&](Index k) { return options.clip_norm.at(k); });
  const auto decay = columns.add([&](Index k) { return options.weight_decay.at(k); });
  const auto rate = columns.add([&](Index k) {
    return options.learning_rate.at(k) / (sgd ? 1.0 : correction(options.beta1, k));
  });
  const auto momentum = columns.add([&](Index k) { return options.momentum.at(k); });
  const auto beta1 = columns.add([&](Index k) { return options.beta1.at(k); });
  const auto beta2 = columns.add([&](Index k) { return options.beta2.at(k); });
  const auto root_correction =
      columns.add([&](Index k) { return 1.0 / std::sqrt(correction(options.beta2, k)); });
  const auto epsilon = columns.add([&](Index k) { return options.epsilon.at(k); });
  const auto shrinkage = columns.add(
      [&](Index k) { return 1.0 - options.learning_rate.at(k) * options.weight_decay.at(k); });
  const std::vector<Tensor> column = columns.on(parameters.device());
  Tensor g = gradient;
  if (clips) {
    const Tensor length = g.to(at::kDouble).square().sum(1, true).sqrt();
    const Tensor most = column[limit].to(at::kDouble);
    const Tensor scale =
        at::where(most.gt(0) & length.gt(most), most / length, at::ones_like(length));
    g = g * scale.to(at::kFloat);
  }
  if (decays && !decoupled) g = g + column[decay] * parameters;
  // A replica that stands still keeps its bits; its gradient need not be a number.
  const auto put = [&](Tensor& target, const Tensor& value) {
    target.copy_(all ? value : at::where(column[moving].gt(0), value, target));
  };
  Tensor& first = state.first;
  Tensor& second = state.second;
  if (sgd) {
    put(first, column[momentum] * first + g);
    put(parameters, parameters - column[rate] * first);
    return;
  }
  put(first, column[beta1] * first + (1.0F - column[beta1]) * g);
  put(second, column[beta2] * second + (1.0F - column[beta2]) * (g * g));
  const Tensor shrunk = decoupled ? parameters * column[shrinkage] : parameters;
  put(parameters,
      shrunk - column[rate] * first / (second.sqrt() * column[root_correction] + column[epsilon]));
}

}  // namespace spurion
