// Schedules of the learning rate and its factors by parameter block.
#include "engine/learning_rates.hpp"

#include <ATen/ATen.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>

#include <cmath>

#include "catch.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"
#include "spurion/own_block.hpp"
#include "unit/replicas.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

constexpr std::int64_t kUpdates = 40;
const std::vector<std::string> kSchedules = {"constant", "linear", "cosine", "cooldown"};

/// Replicas with all schedules, with a warm-up and without.
OptimizerOptions all_schedules(const std::string& name) {
  OptimizerOptions options;
  options.name = name;
  options.learning_rate = PerReplica<double>({0.1, 0.02, 0.05, 0.03});
  options.weight_decay = PerReplica<double>({0.0, 0.1, 0.2, 0.01});
  options.momentum = 0.9;
  options.schedule = PerReplica<std::string>(kSchedules);
  options.warmup_fraction = PerReplica<double>({0.0, 0.1, 0.25, 0.15});
  options.cooldown_fraction = PerReplica<double>({0.2, 0.2, 0.2, 0.5});
  options.final_lr_multiplier = PerReplica<double>({0.0, 0.1, 0.0, 0.2});
  return options;
}

/// The factor as the header says it, in float64.
double expected(const OptimizerOptions& options, std::int64_t k, std::int64_t t, double n) {
  const std::string schedule = options.schedule.at(k);
  const double f = options.final_lr_multiplier.at(k);
  const double warmup = std::round(options.warmup_fraction.at(k) * n);
  const auto at = static_cast<double>(t);
  if (at < warmup) return (at + 1.0) / warmup;
  if (schedule == "constant") return 1.0;
  if (at >= n) return f;
  const double u = (at - warmup) / (n - warmup);
  if (schedule == "linear") return f + (1.0 - f) * (1.0 - u);
  if (schedule == "cosine")
    return f + (1.0 - f) * (1.0 + std::cos(3.14159265358979323846 * u)) / 2.0;
  const double cooldown = std::min(std::round(options.cooldown_fraction.at(k) * n), n - warmup);
  return at < n - cooldown ? 1.0 : f + (1.0 - f) * (n - at) / cooldown;
}

/// The options of one replica.
OptimizerOptions alone(const OptimizerOptions& options, std::int64_t k) {
  OptimizerOptions one = options;
  one.learning_rate = options.learning_rate.at(k);
  one.weight_decay = options.weight_decay.at(k);
  one.schedule = options.schedule.at(k);
  one.warmup_fraction = options.warmup_fraction.at(k);
  one.cooldown_fraction = options.cooldown_fraction.at(k);
  one.final_lr_multiplier = options.final_lr_multiplier.at(k);
  one.lr_multipliers = options.lr_multipliers.at(k);
  return one;
}

/// Three blocks: 12 and 4 parameters of a layer, and 5 of the last.
ParameterLayout small_layout() {
  return {
      21, {{"layer0.weight", {3, 4}, 0}, {"layer0.bias", {4}, 12}, {"head.weight", {5}, 16}}, 16};
}

Tensor updated(const OptimizerOptions& options, const Tensor& start,
               const std::vector<Tensor>& gradients) {
  Tensor parameters = start.clone();
  Optimizer optimizer(options, start.size(0), small_layout());
  optimizer.begin_schedule(kUpdates);
  const Tensor active = at::ones({start.size(0)}, at::kBool);
  for (const Tensor& gradient : gradients) optimizer.step(parameters, gradient, active);
  return parameters;
}

std::vector<Tensor> some_gradients(std::int64_t replicas) {
  at::manual_seed(3);
  std::vector<Tensor> gradients;
  for (std::int64_t t = 0; t < kUpdates + 3; ++t) gradients.push_back(at::randn({replicas, 21}));
  return gradients;
}

std::vector<double> multipliers_of(const std::vector<engine::LrSegment>& segments) {
  std::vector<double> all;
  for (const engine::LrSegment& one : segments) {
    all.insert(all.end(), static_cast<std::size_t>(one.count), one.multiplier);
  }
  return all;
}

/// The factors of the three blocks.
std::vector<double> by_block(const LrMultipliers& multipliers) {
  const std::vector<double> all = multipliers_of(engine::lr_segments(multipliers, small_layout()));
  REQUIRE(all.size() == 21);
  return {all[0], all[12], all[16]};
}

}  // namespace

TEST_CASE("a schedule of ten updates has the factors that one computes by hand") {
  OptimizerOptions options;
  options.warmup_fraction = 0.2;
  options.final_lr_multiplier = 0.1;
  options.cooldown_fraction = 0.3;
  const auto factors = [&](const std::string& schedule) {
    options.schedule = schedule;
    const engine::LrSchedule one(options, 0);
    std::vector<double> all;
    for (const std::int64_t t : {0, 1, 2, 6, 8, 9, 10, 500}) all.push_back(one.multiplier(t, 10));
    return all;
  };
  const auto close = [](const std::vector<double>& a, const std::vector<double>& b) {
    for (std::size_t i = 0; i < b.size(); ++i) {
      CAPTURE(i);
      CHECK(a[i] == Approx(b[i]).epsilon(1e-12));
    }
  };
  close(factors("constant"), {0.5, 1, 1, 1, 1, 1, 1, 1});
  close(factors("linear"), {0.5, 1, 1, 0.55, 0.325, 0.2125, 0.1, 0.1});
  close(factors("cosine"), {0.5, 1, 1, 0.55, 0.1 + 0.45 * (1 - std::sqrt(0.5)),
                            0.1 + 0.45 * (1 - std::cos(M_PI / 8)), 0.1, 0.1});
  close(factors("cooldown"), {0.5, 1, 1, 1, 0.7, 0.4, 0.1, 0.1});
}

TEST_CASE("each replica follows its own schedule") {
  const OptimizerOptions options = all_schedules("sgd");
  Optimizer optimizer(options, 4, 21);
  optimizer.begin_schedule(kUpdates);
  Tensor parameters = at::zeros({4, 21});
  const Tensor active = at::ones({4}, at::kBool);
  for (std::int64_t t = 0; t < kUpdates + 3; ++t) {
    for (std::int64_t k = 0; k < 4; ++k) {
      CAPTURE(t, k);
      CHECK(optimizer.schedule_multiplier(k) ==
            Approx(expected(options, k, t, kUpdates)).margin(1e-14));
    }
    optimizer.step(parameters, at::zeros({4, 21}), active);
  }
}

TEST_CASE("without a schedule and factors an update is what it was") {
  const OptimizerOptions defaults;
  const engine::LrSchedule schedule(defaults, 0);
  CHECK(schedule.is_constant());
  const auto segments = engine::lr_segments({}, small_layout());
  REQUIRE(segments.size() == 1);
  CHECK((segments[0].offset == 0 && segments[0].count == 21 && segments[0].multiplier == 1.0));
  // Factors of 1 are no segments of their own.
  CHECK(engine::lr_segments({{"layer0", 1.0}}, small_layout()).size() == 1);
}

TEST_CASE("updates under schedules and factors are those of the formulas in float64") {
  const std::string name = GENERATE("sgd", "sgdw", "adam", "adamw");
  CAPTURE(name);
  OptimizerOptions options = all_schedules(name);
  options.lr_multipliers = PerReplica<LrMultipliers>(std::vector<LrMultipliers>{
      LrMultipliers{}, {{"last_layer", 3.0}}, {{"features", 0.0}}, {{"*.bias", 0.5}}});
  const std::vector<Tensor> gradients = some_gradients(4);
  const Tensor start = at::randn({4, 21});
  const Tensor ours = updated(options, start, gradients);
  const bool sgd = name == "sgd" || name == "sgdw";
  const bool decoupled = name == "sgdw" || name == "adamw";
  Tensor w = start.to(at::kDouble);
  Tensor first = at::zeros_like(w);
  Tensor second = at::zeros_like(w);
  for (std::int64_t k = 0; k < 4; ++k) {
    Tensor factors = at::ones({21}, at::kDouble);
    if (k == 1) factors.slice(0, 16).fill_(3.0);
    if (k == 2) factors.slice(0, 0, 16).fill_(0.0);
    if (k == 3) factors.slice(0, 12, 16).fill_(0.5);
    const double decay = options.weight_decay.at(k);
    for (std::size_t t = 0; t < gradients.size(); ++t) {
      const auto at = static_cast<std::int64_t>(t);
      const Tensor rate =
          factors * options.learning_rate.at(k) * expected(options, k, at, kUpdates);
      Tensor g = gradients[t][k].to(at::kDouble);
      if (decoupled) {
        w[k].mul_(1.0 - rate * decay);
      } else {
        g = g + decay * w[k];
      }
      if (sgd) {
        first[k].mul_(0.9).add_(g);
        w[k].sub_(rate * first[k]);
        continue;
      }
      first[k].mul_(0.9).add_(g, 0.1);
      second[k].mul_(0.999).add_(g * g, 0.001);
      const Tensor mean = first[k] / (1.0 - std::pow(0.9, at + 1));
      const Tensor square = second[k] / (1.0 - std::pow(0.999, at + 1));
      w[k].sub_(rate * mean / (square.sqrt() + 1e-8));
    }
  }
  CHECK((ours - w).abs().max().item<double>() < 2e-5);
  // A factor of 0 keeps a block, bit for bit.
  CHECK(at::equal(ours[2].slice(0, 0, 16), start[2].slice(0, 0, 16)));
  CHECK_FALSE(at::equal(ours[2].slice(0, 16), start[2].slice(0, 16)));
}

TEST_CASE("AdamW with a schedule and factors agrees with torch::optim::AdamW") {
  OptimizerOptions options = all_schedules("adamw");
  options.lr_multipliers = LrMultipliers{{"head", 4.0}, {"*weight", 0.5}};
  const std::vector<Tensor> gradients = some_gradients(4);
  const Tensor start = at::randn({4, 21});
  const Tensor ours = updated(options, start, gradients);
  const std::vector<std::pair<std::int64_t, double>> blocks = {{0, 0.5}, {12, 1.0}, {16, 2.0}};
  for (std::int64_t k = 0; k < 4; ++k) {
    std::vector<Tensor> leaves;
    std::vector<torch::optim::OptimizerParamGroup> groups;
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      const std::int64_t end = b + 1 < blocks.size() ? blocks[b + 1].first : 21;
      leaves.push_back(start[k].to(at::kDouble).slice(0, blocks[b].first, end).clone());
      leaves.back().requires_grad_(true);
      groups.emplace_back(std::vector<Tensor>{leaves.back()});
    }
    torch::optim::AdamW theirs(
        groups, torch::optim::AdamWOptions(1.0).weight_decay(options.weight_decay.at(k)));
    for (std::size_t t = 0; t < gradients.size(); ++t) {
      for (std::size_t b = 0; b < blocks.size(); ++b) {
        const std::int64_t end = b + 1 < blocks.size() ? blocks[b + 1].first : 21;
        leaves[b].mutable_grad() =
            gradients[t][k].to(at::kDouble).slice(0, blocks[b].first, end).clone();
        static_cast<torch::optim::AdamWOptions&>(theirs.param_groups()[b].options())
            .lr(options.learning_rate.at(k) * blocks[b].second *
                expected(options, k, static_cast<std::int64_t>(t), kUpdates));
      }
      theirs.step();
    }
    CAPTURE(k);
    // 1 - beta2 in float32 is off by a share of 4.7e-5, and the length of a step by half of that.
    const double moved = (ours[k] - start[k]).abs().max().item<double>();
    CHECK((ours[k] - at::cat(leaves).detach()).abs().max().item<double>() < 3e-5 * moved + 3e-6);
  }
}

TEST_CASE("a replica's schedule and factors are the same bits alone and among others") {
  const std::string name = GENERATE("sgd", "sgdw", "adam", "adamw");
  CAPTURE(name);
  OptimizerOptions options = all_schedules(name);
  options.lr_multipliers = PerReplica<LrMultipliers>(std::vector<LrMultipliers>{
      LrMultipliers{}, {{"last_layer", 3.0}}, {{"features", 0.0}}, {{"*.bias", 0.5}}});
  const std::vector<Tensor> gradients = some_gradients(4);
  const Tensor start = at::randn({4, 21});
  const Tensor together = updated(options, start, gradients);
  for (std::int64_t k = 0; k < 4; ++k) {
    CAPTURE(k);
    std::vector<Tensor> own;
    for (const Tensor& gradient : gradients)
      own.push_back(gradient.slice(0, k, k + 1).contiguous());
    const Tensor single = updated(alone(options, k), start.slice(0, k, k + 1).contiguous(), own);
    CHECK(at::equal(single[0], together[k]));
  }
}

TEST_CASE("an optimiser that is saved within a schedule goes on to the same bits") {
  const OptimizerOptions options = all_schedules(GENERATE("sgd", "adamw"));
  const std::vector<Tensor> gradients = some_gradients(4);
  const Tensor start = at::randn({4, 21});
  const Tensor whole = updated(options, start, gradients);
  for (const std::size_t stop : {std::size_t{3}, std::size_t{17}, std::size_t{38}}) {
    Tensor parameters = start.clone();
    const Tensor active = at::ones({4}, at::kBool);
    Archive archive;
    {
      Optimizer first(options, 4, small_layout());
      first.begin_schedule(kUpdates);
      for (std::size_t t = 0; t < stop; ++t) first.step(parameters, gradients[t], active);
      StateVisitor saver = StateVisitor::saver(archive);
      first.visit_state(saver);
    }
    Optimizer second(options, 4, small_layout());
    StateVisitor loader = StateVisitor::loader(archive);
    second.visit_state(loader);
    for (std::size_t t = stop; t < gradients.size(); ++t) {
      second.step(parameters, gradients[t], active);
    }
    CAPTURE(stop);
    CHECK(at::equal(parameters, whole));
  }
}

TEST_CASE("a schedule begins for chosen replicas, stands while they do, and outlives a reset") {
  OptimizerOptions options;
  options.schedule = std::string("linear");
  Optimizer optimizer(options, 2, 3);
  Tensor parameters = at::zeros({2, 3});
  Tensor active = at::ones({2}, at::kBool);
  CHECK_THROWS_AS(optimizer.step(parameters, at::ones({2, 3}), active), UsageError);
  optimizer.begin_schedule(4);
  optimizer.step(parameters, at::ones({2, 3}), active);
  active[1] = false;
  optimizer.step(parameters, at::ones({2, 3}), active);
  CHECK(optimizer.schedule_multiplier(0) == 0.5);
  CHECK(optimizer.schedule_multiplier(1) == 0.75);
  optimizer.reset(at::ones({2}, at::kBool));
  CHECK(optimizer.schedule_multiplier(0) == 0.5);
  optimizer.begin_schedule(2, active);
  CHECK(optimizer.schedule_multiplier(0) == 1.0);
  CHECK(optimizer.schedule_multiplier(1) == 0.75);
}

TEST_CASE("a block is named by its name, its layer, a pattern or a word; factors multiply") {
  CHECK(by_block({{"layer0.weight", 2.0}}) == std::vector<double>{2.0, 1.0, 1.0});
  CHECK(by_block({{"layer0", 2.0}}) == std::vector<double>{2.0, 2.0, 1.0});
  CHECK(by_block({{"*.weight", 2.0}}) == std::vector<double>{2.0, 1.0, 2.0});
  CHECK(by_block({{"*", 2.0}}) == std::vector<double>{2.0, 2.0, 2.0});
  CHECK(by_block({{"l*0*s", 2.0}}) == std::vector<double>{1.0, 2.0, 1.0});
  CHECK(by_block({{"last_layer", 2.0}}) == std::vector<double>{1.0, 1.0, 2.0});
  CHECK(by_block({{"features", 0.0}}) == std::vector<double>{0.0, 0.0, 1.0});
  CHECK(by_block({{"features", 0.5}, {"layer0", 3.0}, {"*.bias", 2.0}}) ==
        std::vector<double>{1.5, 3.0, 1.0});
}

TEST_CASE("a factor for a block that the model does not have is refused") {
  const auto refused = [](const LrMultipliers& multipliers) {
    (void)engine::lr_segments(multipliers, small_layout());
  };
  CHECK_THROWS_WITH(refused({{"layer1", 2.0}}),
                    Contains("lr_multipliers names 'layer1', but the model has no such block; did "
                             "you mean 'layer0'? Its blocks are layer0.weight, layer0.bias, "
                             "head.weight"));
  CHECK_THROWS_AS(refused({{"layer", 2.0}}), UsageError);
  CHECK_THROWS_AS(refused({{"*.gain", 2.0}}), UsageError);
  CHECK_THROWS_AS(refused({{"", 2.0}}), UsageError);
  OptimizerOptions options;
  options.lr_multipliers = LrMultipliers{{"last_layer", 2.0}};
  CHECK_THROWS_WITH(Optimizer(options, 1, 21), Contains("Its blocks are without names"));
}

TEST_CASE("with a factor of 0 for the features a model trains its last layer alone") {
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.models.at("mlp");
  Problems problems;
  const Value mlp =
      entry.schema.normalise(Value::Table{{"width", 9}, {"depth", 2}}, "mlp", problems);
  const auto model = entry.make({mlp}, ModelContext{{5}, 1});
  OptimizerOptions options;
  options.lr_multipliers = LrMultipliers{{"features", 0.0}};
  const Tensor start = model->initialise(tests::keys(2));
  ReplicaTrainer trainer(*model, start, options);
  for (int step = 0; step < 3; ++step) {
    trainer.step_from_losses(trainer.forward(at::ones({1, 4, 5})).logits.pow(2).flatten(1).mean(1));
  }
  const std::int64_t last = model->last_layer_offset();
  const Tensor now = trainer.parameters().detach();
  CHECK(at::equal(now.slice(1, 0, last), start.slice(1, 0, last)));
  CHECK(now.slice(1, last).ne(start.slice(1, last)).any(1).all().item<bool>());
}

TEST_CASE("own blocks follow the schedule of the model; a second model has its factors too") {
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.models.at("mlp");
  Problems problems;
  const auto model = entry.make(
      {entry.schema.normalise(Value::Table{{"width", 9}, {"depth", 2}}, "mlp", problems)},
      ModelContext{{5}, 1});
  OptimizerOptions options;
  options.name = "sgd";
  options.learning_rate = 0.1;
  options.schedule = std::string("linear");
  options.lr_multipliers = LrMultipliers{{"features", 0.0}};
  ReplicaTrainer trainer(*model, model->initialise(tests::keys(2)), options);
  trainer.optimizer().begin_schedule(4);
  MethodContext context;
  context.replicas = 2;
  context.keys = tests::keys(2);
  OwnBlock plain;
  plain.name = "plain";
  plain.initial = at::ones({2, 3});
  trainer.add_blocks({second_model("twin", *model, context), plain});
  const Tensor twin = trainer.own("twin").detach().clone();
  const Tensor x = at::ones({1, 4, 5});
  double expected_value = 1.0;
  for (const double factor : {1.0, 0.75, 0.5}) {
    for (int update = 0; update < 2; ++update) {
      trainer.step_own("plain", trainer.own("plain").pow(2).sum(1));
      expected_value *= 1.0 - 2.0 * 0.1 * factor;
    }
    trainer.step_own("twin",
                     trainer.forward_at(trainer.own("twin"), x).logits.pow(2).flatten(1).mean(1));
    trainer.step_from_losses(trainer.forward(x).logits.pow(2).flatten(1).mean(1));
  }
  CHECK(trainer.own("plain").sub(expected_value).abs().max().item<double>() < 1e-6);
  const std::int64_t last = model->last_layer_offset();
  const Tensor now = trainer.own("twin").detach();
  CHECK(at::equal(now.slice(1, 0, last), twin.slice(1, 0, last)));
  CHECK_FALSE(at::equal(now.slice(1, last), twin.slice(1, last)));
}
