#include "spurion/optimizer.hpp"

#include <ATen/ATen.h>

#include "catch.hpp"
#include "device/fake_device.hpp"

using namespace spurion;
using spurion::test::fake_device;

namespace {

struct Trace {
  Tensor parameters;
  Archive state;
};

/// A few updates, with a replica that pauses and another that is reset.
Trace updated(const OptimizerOptions& options, Device device, const WidthScale& width) {
  constexpr std::int64_t kOptimised = 3;
  at::manual_seed(1);
  Tensor parameters = at::randn({kOptimised, 37}).to(device);
  const ParameterLayout layout = {
      37, {{"a.weight", {30}, 0, BlockRole::weights, width}, {"b.weight", {7}, 30}}, 30};
  Optimizer optimizer(options, kOptimised, layout, device);
  optimizer.begin_schedule(8);
  for (int step = 0; step < 6; ++step) {
    Tensor active = at::ones({kOptimised}, at::kBool);
    if (step == 2 || step == 3) active[1] = false;
    if (step == 4) {
      Tensor mask = at::zeros({kOptimised}, at::kBool);
      mask[2] = true;
      optimizer.reset(mask);
    }
    const Tensor gradient = at::randn({kOptimised, 37});
    optimizer.step(parameters, gradient.to(device), active);
  }
  Trace trace;
  trace.parameters = parameters.to(at::kCPU);
  StateVisitor saver = StateVisitor::saver(trace.state);
  optimizer.visit_state(saver);
  return trace;
}

}  // namespace

TEST_CASE("an optimiser's updates are the same on a device") {
  OptimizerOptions options;
  options.name = GENERATE("sgd", "sgdw", "adam", "adamw");
  options.learning_rate = PerReplica<double>(std::vector<double>{0.1, 0.01, 0.003});
  options.momentum = PerReplica<double>(std::vector<double>{0.9, 0.0, 0.5});
  options.weight_decay = GENERATE(0.0, 0.05);
  // Norms are about 6: the first replica is clipped always, the second never, the third not at all.
  options.clip_norm = PerReplica<double>(std::vector<double>{1.0, 100.0, 0.0});
  if (GENERATE(false, true)) {
    options.schedule =
        PerReplica<std::string>(std::vector<std::string>{"constant", "cosine", "linear"});
    options.warmup_fraction = PerReplica<double>({0.5, 0.0, 0.25});
    options.lr_multipliers = PerReplica<LrMultipliers>(
        std::vector<LrMultipliers>{LrMultipliers{}, {{"last_layer", 3.0}}, {{"a", 0.0}}});
  }
  const WidthScale width{
      GENERATE(WidthRole::fixed, WidthRole::input, WidthRole::hidden, WidthRole::output), 4.0};
  CAPTURE(options.name, static_cast<int>(width.role), options.weight_decay.value(),
          options.schedule.values().size());
  Trace here = updated(options, at::kCPU, width);
  Trace there = updated(options, fake_device, width);
  CHECK(at::allclose(here.parameters, there.parameters, 1e-6, 1e-7));
  CHECK(at::allclose(here.state.get("first"), there.state.get("first"), 1e-6, 1e-7));
  CHECK(at::equal(here.state.get("steps"), there.state.get("steps")));
  if (options.name != "sgd" && options.name != "sgdw") {
    CHECK(at::allclose(here.state.get("second"), there.state.get("second"), 1e-6, 1e-7));
  }
}
