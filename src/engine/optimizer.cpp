#include "spurion/optimizer.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/kernels.hpp"
#include "engine/learning_rates.hpp"
#include "spurion/error.hpp"

namespace spurion {

const Schema<OptimizerOptions>& OptimizerOptions::schema() {
  using O = OptimizerOptions;
  static const auto schema =
      Schema<O>()
          .field("name", &O::name, "Update rule.", one_of({"sgd", "sgdw", "adam", "adamw"}))
          .field("learning_rate", &O::learning_rate, "Step size.", positive(),
                 log_uniform(1e-4, 1e-2))
          .field("weight_decay", &O::weight_decay,
                 "sgd, adam: L2, this times the parameters is added to the gradient. sgdw, adamw: "
                 "decoupled, each update shrinks the parameters by learning rate times this.",
                 at_least(0), log_uniform(1e-6, 1e-2))
          .field("momentum", &O::momentum, "Heavy-ball momentum of sgd and sgdw.", between(0, 1))
          .field("beta1", &O::beta1, "Decay of Adam's first moment.", between(0, 1))
          .field("beta2", &O::beta2, "Decay of Adam's second moment.", between(0, 1))
          .field("epsilon", &O::epsilon, "Added to Adam's denominator.", at_least(0))
          .field("clip_norm", &O::clip_norm,
                 "Gradient norm of a replica is clipped to this; 0 means no clipping.", at_least(0))
          .field("schedule", &O::schedule,
                 "How the learning rate goes on after the warm-up. constant: it stays. linear and "
                 "cosine: it falls up to the last update. cooldown: it stays, then falls linearly.",
                 one_of({"constant", "linear", "cosine", "cooldown"}),
                 choice({"constant", "linear", "cosine", "cooldown"}))
          .field("warmup_fraction", &O::warmup_fraction,
                 "Share of the updates in which the learning rate rises linearly from 0.",
                 between(0, 1), uniform(0.0, 0.2))
          .field("cooldown_fraction", &O::cooldown_fraction,
                 "Share of the updates, the last ones, in which cooldown falls.",
                 Bounds{0.0, 1.0, true, false, {}}, uniform(0.05, 0.5))
          .field("final_lr_multiplier", &O::final_lr_multiplier,
                 "Factor of the learning rate at the end of linear, cosine and cooldown.",
                 between(0, 1), uniform(0.0, 0.1))
          .field("lr_multipliers", &O::lr_multipliers,
                 "Factors of the learning rate: a table { block = factor }. A block is last_layer, "
                 "features (all others), a layer, a name, or a pattern such as *.bias.",
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
  bool sgd = false;
  bool decoupled = false;
  std::int64_t replicas = 0;
  std::int64_t parameters = 0;
  Tensor first;   // [K, P]: momentum or first moment
  Tensor second;  // [K, P]: second moment
  /// Factors [1 or K, P], off the processor; undefined where all are 1.
  struct BlockFactors {
    Tensor rate;       ///< of the learning rate
    Tensor shrinkage;  ///< of the rate at which decoupled decay shrinks
    Tensor l2;         ///< of the L2 term
    Tensor epsilon;    ///< of Adam's epsilon
  };
  BlockFactors blocks;
  std::vector<std::int64_t> steps;
  std::vector<std::int64_t> schedule_at;                 // updates since the schedule began
  std::vector<std::int64_t> schedule_updates;            // of the whole schedule; 0: not begun
  std::vector<engine::LrSchedule> schedules;             // [1 or K]
  std::vector<std::vector<engine::LrSegment>> segments;  // [1 or K]

  /// The learning rate of the next update, without the factors of blocks.
  [[nodiscard]] double rate(std::int64_t k) const {
    return options.learning_rate.at(k) * multiplier(k);
  }
  [[nodiscard]] double multiplier(std::int64_t k) const {
    const auto i = static_cast<std::size_t>(k);
    const engine::LrSchedule& schedule = schedules.size() == 1 ? schedules.front() : schedules[i];
    if (schedule.is_constant()) return 1.0;
    if (schedule_updates[i] == 0) {
      throw UsageError(
          "a schedule of the learning rate needs its number of updates: call "
          "Optimizer::begin_schedule");
    }
    return schedule.multiplier(schedule_at[i], schedule_updates[i]);
  }
  /// Counts an update; returns its number, from 1.
  double count(std::int64_t k) {
    const auto i = static_cast<std::size_t>(k);
    ++schedule_at[i];
    return static_cast<double>(++steps[i]);
  }
  [[nodiscard]] const std::vector<engine::LrSegment>& segments_of(std::int64_t k) const {
    return segments.size() == 1 ? segments.front() : segments[static_cast<std::size_t>(k)];
  }
};

namespace {

/// One factor of all parameters [1 or K, P]; undefined where all are 1.
template <class Factor>
Tensor block_factors(const std::vector<std::vector<engine::LrSegment>>& segments,
                     std::int64_t parameters, Device device, Factor factor_of) {
  Tensor factors = at::ones({static_cast<std::int64_t>(segments.size()), parameters});
  bool plain = true;
  for (std::size_t k = 0; k < segments.size(); ++k) {
    for (const engine::LrSegment& one : segments[k]) {
      const double factor = factor_of(one);
      plain = plain && factor == 1.0;
      factors[static_cast<std::int64_t>(k)].narrow(0, one.offset, one.count).fill_(factor);
    }
  }
  return plain ? Tensor() : factors.to(device);
}

}  // namespace

Optimizer::Optimizer(const OptimizerOptions& options, std::int64_t replicas,
                     const ParameterLayout& layout, Device device)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.options = options;
  state.sgd = options.name == "sgd" || options.name == "sgdw";
  state.decoupled = options.name == "sgdw" || options.name == "adamw";
  state.replicas = replicas;
  state.parameters = layout.count;
  const auto kind = at::dtype(at::kFloat).device(device);
  state.first = at::zeros({replicas, layout.count}, kind);
  if (!state.sgd) state.second = at::zeros({replicas, layout.count}, kind);
  for (auto* numbers : {&state.steps, &state.schedule_at, &state.schedule_updates}) {
    numbers->assign(static_cast<std::size_t>(replicas), 0);
  }
  const std::size_t different = std::max(
      {options.schedule.values().size(), options.warmup_fraction.values().size(),
       options.cooldown_fraction.values().size(), options.final_lr_multiplier.values().size()});
  for (std::size_t k = 0; k < different; ++k) {
    state.schedules.emplace_back(options, static_cast<std::int64_t>(k));
  }
  for (const LrMultipliers& multipliers : options.lr_multipliers.values()) {
    state.segments.push_back(engine::lr_segments(
        multipliers, layout, state.sgd ? engine::UpdateRule::sgd : engine::UpdateRule::adam));
  }
  if (device.is_cpu()) return;
  using Segment = engine::LrSegment;
  const auto factors = [&](auto factor_of) {
    return block_factors(state.segments, layout.count, device, factor_of);
  };
  state.blocks.rate = factors([](const Segment& one) { return one.multiplier; });
  state.blocks.shrinkage = factors([](const Segment& one) { return one.decay; });
  if (state.sgd) state.blocks.l2 = factors([](const Segment& one) { return one.l2(); });
  state.blocks.epsilon = factors([](const Segment& one) { return one.epsilon; });
}

Optimizer::Optimizer(const OptimizerOptions& options, std::int64_t replicas,
                     std::int64_t parameters, Device device)
    : Optimizer(options, replicas, ParameterLayout{parameters, {}, 0}, device) {}

Optimizer::~Optimizer() = default;

const OptimizerOptions& Optimizer::options() const { return state_->options; }

void Optimizer::visit_state(StateVisitor& visit) {
  visit("first", state_->first);
  visit("second", state_->second);
  visit("steps", state_->steps);
  visit("schedule_at", state_->schedule_at);
  visit("schedule_updates", state_->schedule_updates);
}

void Optimizer::begin_schedule(std::int64_t updates, const Tensor& mask) {
  SPURION_CHECK(updates > 0, "a schedule has updates");
  for (std::int64_t k = 0; k < state_->replicas; ++k) {
    if (mask.defined() && !mask.data_ptr<bool>()[k]) continue;
    state_->schedule_at[static_cast<std::size_t>(k)] = 0;
    state_->schedule_updates[static_cast<std::size_t>(k)] = updates;
  }
}

void Optimizer::follow_schedule(const Optimizer& other) {
  SPURION_CHECK(state_->replicas == other.state_->replicas, "the same replicas");
  state_->schedule_at = other.state_->schedule_at;
  state_->schedule_updates = other.state_->schedule_updates;
}

double Optimizer::schedule_multiplier(std::int64_t replica) const {
  SPURION_CHECK(replica >= 0 && replica < state_->replicas, "a replica");
  return state_->multiplier(replica);
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
  SPURION_CHECK(parameters.size(0) == state.replicas && parameters.size(1) == state.parameters,
                "the parameters that it was made for");
  if (!parameters.is_cpu()) {
    step_in_operations(parameters, gradient, active);
    return;
  }
  const bool* going = active.data_ptr<bool>();
  const float* gradients = gradient.data_ptr<float>();
  float* values = parameters.data_ptr<float>();
  float* firsts = state.first.data_ptr<float>();
  float* seconds = state.second.defined() ? state.second.data_ptr<float>() : nullptr;
  Correction first_correction;
  Correction second_correction;
  for (std::int64_t k = 0; k < state.replicas; ++k) {
    if (!going[k]) continue;
    const std::int64_t offset = k * state.parameters;
    const float* g = gradients + offset;
    const double rate = state.rate(k);
    const double t = state.count(k);
    const double decay = options.weight_decay.at(k);
    double scale = 1.0;
    if (const double limit = options.clip_norm.at(k); limit > 0.0) {
      const double length = engine::norm(g, state.parameters);
      if (length > limit) scale = limit / length;
    }
    engine::AdamStep adam{};
    engine::SgdStep sgd{};
    adam.gradient_scale = sgd.gradient_scale = static_cast<float>(scale);
    adam.decay = sgd.decay = state.decoupled ? 0.0F : static_cast<float>(decay);
    double correction = 1.0;
    if (state.sgd) {
      sgd.momentum = static_cast<float>(options.momentum.at(k));
    } else {
      const double beta1 = options.beta1.at(k);
      const double beta2 = options.beta2.at(k);
      correction = first_correction(beta1, t);
      adam.beta1 = static_cast<float>(beta1);
      adam.beta2 = static_cast<float>(beta2);
      adam.root_correction = static_cast<float>(1.0 / std::sqrt(second_correction(beta2, t)));
    }
    for (const engine::LrSegment& part : state.segments_of(k)) {
      const std::int64_t from = offset + part.offset;
      const double own = rate * part.multiplier;
      adam.decoupled = sgd.decoupled =
          state.decoupled ? static_cast<float>(1.0 - rate * part.decay * decay) : 1.0F;
      if (state.sgd) {
        sgd.rate = static_cast<float>(own);
        if (!state.decoupled) sgd.decay = static_cast<float>(decay * part.l2());
        engine::sgd_update(sgd, part.count, gradients + from, values + from, firsts + from);
      } else {
        adam.step_size = static_cast<float>(own / correction);
        adam.epsilon = static_cast<float>(options.epsilon.at(k) * part.epsilon);
        engine::adam_update(adam, part.count, gradients + from, values + from,
                            {firsts + from, seconds + from});
      }
    }
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
  std::vector<double> rates;
  bool all = true;
  bool clips = false;
  bool decays = false;
  for (std::int64_t k = 0; k < state.replicas; ++k) {
    rates.push_back(going[k] ? state.rate(k) : 0.0);
    if (going[k]) state.count(k);
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
    return rates[static_cast<std::size_t>(k)] / (state.sgd ? 1.0 : correction(options.beta1, k));
  });
  const auto momentum = columns.add([&](Index k) { return options.momentum.at(k); });
  const auto beta1 = columns.add([&](Index k) { return options.beta1.at(k); });
  const auto beta2 = columns.add([&](Index k) { return options.beta2.at(k); });
  const auto root_correction =
      columns.add([&](Index k) { return 1.0 / std::sqrt(correction(options.beta2, k)); });
  const auto epsilon = columns.add([&](Index k) { return options.epsilon.at(k); });
  // Less 1 where it still has to be multiplied by the factors of blocks.
  const State::BlockFactors& blocks = state.blocks;
  const double whole = blocks.shrinkage.defined() ? 0.0 : 1.0;
  const auto shrinkage = columns.add([&](Index k) {
    return whole - rates[static_cast<std::size_t>(k)] * options.weight_decay.at(k);
  });
  const std::vector<Tensor> column = columns.on(parameters.device());
  Tensor g = gradient;
  if (clips) {
    const Tensor length = g.to(at::kDouble).square().sum(1, true).sqrt();
    const Tensor most = column[limit].to(at::kDouble);
    const Tensor scale =
        at::where(most.gt(0) & length.gt(most), most / length, at::ones_like(length));
    g = g * scale.to(at::kFloat);
  }
  const auto scaled = [&](std::size_t which, const Tensor& factors) {
    return factors.defined() ? column[which] * factors : column[which];
  };
  if (decays && !state.decoupled) g = g + scaled(decay, blocks.l2) * parameters;
  const Tensor own_rate = scaled(rate, blocks.rate);
  Tensor shrunk = parameters;
  if (decays && state.decoupled) {
    const Tensor change = scaled(shrinkage, blocks.shrinkage);
    shrunk = parameters * (blocks.shrinkage.defined() ? 1.0F + change : change);
  }
  // A replica that stands still keeps its bits; its gradient need not be a number.
  const auto put = [&](Tensor& target, const Tensor& value) {
    target.copy_(all ? value : at::where(column[moving].gt(0), value, target));
  };
  Tensor& first = state.first;
  Tensor& second = state.second;
  if (state.sgd) {
    put(first, column[momentum] * first + g);
    put(parameters, shrunk - own_rate * first);
    return;
  }
  put(first, column[beta1] * first + (1.0F - column[beta1]) * g);
  put(second, column[beta2] * second + (1.0F - column[beta2]) * (g * g));
  put(parameters,
      shrunk - own_rate * first /
                   (second.sqrt() * column[root_correction] + scaled(epsilon, blocks.epsilon)));
}

}  // namespace spurion
