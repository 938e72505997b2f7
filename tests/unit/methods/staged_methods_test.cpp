#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "spurion/stages.hpp"
#include "unit/methods/staged.hpp"

using namespace spurion;
using method_tests::Staged;

TEST_CASE("sam descends the gradient at the perturbed parameters") {
  Staged s("sam", Value::Table{{"radius", 0.3}}, 4);
  const Tensor before = s.now();
  const Batch batch = s.step(0);
  const Tensor g = Staged::gradient(before, batch);
  const Tensor there = before + 0.3 * g / g.norm();
  CHECK(at::allclose(before - s.now(), Staged::gradient(there, batch), 1e-4, 1e-6));
  CHECK_FALSE(at::allclose(before - s.now(), g, 1e-3, 1e-4));
}

TEST_CASE("lff weighs rows by the losses of its biased copy, smoothed and relative to the class") {
  Staged s("lff", Value(), 12);
  constexpr double kQ = 0.7;
  constexpr double kSmoothing = 0.7;
  Tensor biased_table = at::zeros({66}, at::kDouble);
  Tensor table = at::zeros({66}, at::kDouble);
  Tensor label = at::full({66}, -1, at::kLong);
  for (std::int64_t step = 0; step < 6; ++step) {
    const Tensor w = s.now();
    const Tensor b = s.trainer->own("biased")[0].detach().to(at::kDouble);
    const Batch batch = s.step(step);
    const Tensor number = batch.number.flatten();
    const Tensor y = batch.y.flatten();
    const auto smooth = [&](Tensor& all, const Tensor& losses) {
      for (std::int64_t i = 0; i < number.numel(); ++i) {
        const std::int64_t row = number[i].item<std::int64_t>();
        const bool seen = label[row].item<std::int64_t>() >= 0;
        all[row] = seen ? kSmoothing * all[row] + (1.0 - kSmoothing) * losses[i] : losses[i];
      }
    };
    smooth(biased_table, Staged::losses(b, batch));
    smooth(table, Staged::losses(w, batch));
    label.index_copy_(0, number, y);
    const auto relative = [&](const Tensor& all) {
      Tensor out = all.index_select(0, number);
      for (std::int64_t c = 0; c < 2; ++c) {
        const Tensor most = all.masked_select(label.eq(c)).max();
        out = at::where(y.eq(c), out / most, out);
      }
      return out;
    };
    const Tensor fail = relative(biased_table);
    const Tensor weight = fail / (fail + relative(table) + 1e-8);
    CHECK(at::allclose(w - s.now(), Staged::gradient(w, batch, weight), 1e-4, 1e-6));
    const Tensor gce = kQ * at::exp(-kQ * Staged::losses(b, batch));
    CHECK(at::allclose(b - s.trainer->own("biased")[0].detach().to(at::kDouble),
                       Staged::gradient(b, batch, gce), 1e-4, 1e-6));
  }
}

TEST_CASE("jtt draws the errors of its first stage more often, and starts afresh") {
  Staged s("jtt", Value::Table{{"identification_share", 0.25}, {"upsampling", 1000.0}}, 12);
  for (std::int64_t step = 0; step < 3; ++step) {
    const Tensor before = s.now();
    const Batch batch = s.step(step);
    CHECK(batch.domains == 2);
    if (step < 2)
      CHECK(at::allclose(before - s.now(), Staged::gradient(before, batch), 1e-4, 1e-6));
  }
  // The first stage ended with the third step. Its parameters are gone; its errors are not.
  Staged first("jtt", Value::Table{{"identification_share", 1.0}}, 12);
  for (std::int64_t step = 0; step < 3; ++step) first.step(step);
  const Tensor w = first.now();
  CHECK_FALSE(at::allclose(w, s.now()));
  Tensor wrong = at::zeros({66}, at::kBool);
  for (std::int64_t part = 0; part < 3; ++part) {
    const Batch rows = s.rows->part(part);
    wrong.index_copy_(0, rows.number.flatten(),
                      Staged::logits(w, rows).gt(0).ne(rows.y[0].flatten().to(at::kBool)));
  }
  const auto errors = wrong.sum().item<double>();
  REQUIRE(errors > 0.0);
  REQUIRE(errors < 60.0);
  const double expected = 1000.0 * errors / (1000.0 * errors + 66.0 - errors);
  double share = 0.0;
  for (std::int64_t step = 3; step < 12; ++step) {
    const Batch batch = s.step(step);
    CHECK(batch.domains == 1);
    share += wrong.index_select(0, batch.number.flatten()).to(at::kDouble).mean().item<double>();
  }
  CHECK(share / 9.0 == Approx(expected).margin(0.05));
}

TEST_CASE("dann's model goes against the gradient of its adversary, which goes with it") {
  Staged s("dann", Value::Table{{"penalty_weight", 0.5}, {"adversary_depth", std::int64_t{0}}}, 4);
  // Features of a linear model are its inputs: the adversary cannot move it, only learn.
  const Tensor before = s.now();
  const Tensor own = s.trainer->own("adversary").detach().clone();
  const Batch batch = s.step(0);
  CHECK(at::allclose(before - s.now(), Staged::gradient(before, batch), 1e-4, 1e-6));
  const Tensor moved = s.trainer->own("adversary").detach() - own;
  const Tensor leaf = own[0].to(at::kDouble).requires_grad_(true);
  const Tensor guess = batch.x[0].to(at::kDouble).matmul(leaf.narrow(0, 0, 10).reshape({5, 2})) +
                       leaf.narrow(0, 10, 2);
  const Tensor domain = at::arange(2).repeat_interleave(11);
  const Tensor loss = at::nll_loss(at::log_softmax(guess, 1), domain);
  const Tensor g = torch::autograd::grad({loss}, {leaf})[0];
  // The first step of Adam is its rate against the sign of the gradient.
  CHECK(at::allclose(moved[0].to(at::kDouble), -1e-3 * g / (g.abs() + 1e-8), 1e-3, 1e-7));
}

TEST_CASE("swad averages the steps from the least validation loss on") {
  Staged s("swad",
           Value::Table{{"segments", std::int64_t{8}},
                        {"optimum_patience", std::int64_t{2}},
                        {"overfit_patience", std::int64_t{2}},
                        {"tolerance", 1.3}},
           16);
  // The test moves the parameters along a line, so that it decides how the loss falls and rises;
  // the updates themselves are small.
  const std::vector<double> places = {-2.0, -1.0, 0.0, 1.0, 0.8, 0.9, -3.0, -4.0};
  const Tensor direction =
      -Staged::gradient(at::zeros_like(s.now()), s.rows->batch(0)).unsqueeze(0);
  s.trainer->limit_updates({1e-3, {}});
  std::vector<Tensor> segments;
  std::vector<double> losses;
  std::int64_t start = -1;
  std::int64_t end = -1;
  double limit = 0.0;
  for (std::int64_t step = 0; step < 16; ++step) {
    const double place = places[static_cast<std::size_t>(step / 2)];
    s.trainer->set_parameters((place * direction).to(at::kFloat));
    s.step(step);
    if (step % 2 == 0) {
      segments.push_back(s.now());
      continue;
    }
    segments.back() = (segments.back() + s.now()) / 2.0;
    losses.push_back(Staged::losses(s.now(), s.run.validation).mean().item<double>());
    const auto i = static_cast<std::int64_t>(losses.size()) - 1;
    if (start < 0) {
      if (i >= 1 && losses[static_cast<std::size_t>(i - 1)] <= losses.back()) {
        start = i - 1;
        limit = 1.3 * (losses[static_cast<std::size_t>(i - 1)] + losses.back()) / 2.0;
      }
    } else if (end < 0 && losses.back() > limit &&
               losses[static_cast<std::size_t>(i - 1)] > limit) {
      end = i - 2;
    }
    const Evaluated evaluated = s.method->evaluated(*s.trainer);
    REQUIRE(evaluated.members.size() == 1);
    Tensor expected = s.now();
    if (start >= 0) {
      expected = at::zeros_like(expected);
      const std::int64_t last = end < 0 ? i : end;
      for (std::int64_t j = start; j <= last; ++j) {
        expected += segments[static_cast<std::size_t>(j)] / static_cast<double>(last - start + 1);
      }
    }
    CAPTURE(step, start, end);
    CHECK(at::allclose(evaluated.members[0][0].to(at::kDouble), expected, 1e-4, 1e-5));
  }
  CHECK(start == 3);
  CHECK(end == 5);
}

TEST_CASE("methods that need classes say so for a regression") {
  const Catalog catalog = builtin_catalog();
  for (const char* name : {"lff", "jtt", "logit_adjustment", "focal", "ldam", "class_balanced",
                           "rrr", "self_reg", "self", "spare"}) {
    CHECK_THROWS_AS(
        catalog.methods.at(name).make({Value()}, MethodContext{Task::regression, 1, 2, 0}),
        UsageError);
  }
}

TEST_CASE("each stage of a replica has its own schedule of the learning rate") {
  const Staged s("erm", Value(), 12);
  MethodContext context{Task::binary, 2, 2, 0};
  context.steps = 12;
  const Stages stages({PerReplica<double>(std::vector<double>{0.25, 0.5})}, context);
  CHECK(stages.steps(0, 0) == 3);
  CHECK(stages.steps(1, 0) == 9);
  CHECK(stages.steps(1, 1) == 6);
  OptimizerOptions sgd;
  sgd.name = "sgd";
  sgd.schedule = std::string("linear");
  ReplicaTrainer trainer(*s.model, spurion::conformance::toy_parameters(*s.model, 2), sgd);
  const auto rate = [&](std::int64_t step, std::int64_t steps) {
    return 1.0 - static_cast<double>(step) / static_cast<double>(steps);
  };
  const Tensor still = at::zeros_like(trainer.parameters());
  for (std::int64_t step = 0; step < 12; ++step) {
    stages.begin_schedules(trainer);
    CAPTURE(step);
    CHECK(trainer.optimizer().schedule_multiplier(0) ==
          Approx(step < 3 ? rate(step, 3) : rate(step - 3, 9)));
    CHECK(trainer.optimizer().schedule_multiplier(1) ==
          Approx(step < 6 ? rate(step, 6) : rate(step - 6, 6)));
    trainer.step_from_gradients(at::zeros({2}), still);
  }
}

TEST_CASE("rrr penalises the gradient of all log-probabilities by the inputs of the cue") {
  Staged s("rrr", Value::Table{{"penalty_weight", 2.0}}, 4);
  const Tensor before = s.now();
  const Batch batch = s.step(0);
  const Tensor w = before.clone().requires_grad_(true);
  // Of a linear model and one logit z: d/dx (log p + log (1 - p)) = (1 - 2 p) w.
  const Tensor cue = spurion::conformance::toy_context(s.shape, 1).cue_inputs[0].nonzero();
  const Tensor slope = 1.0 - 2.0 * at::sigmoid(Staged::logits(w, batch));
  const Tensor penalty = (slope * w[cue.item<std::int64_t>()]).pow(2).mean();
  const Tensor loss = Staged::losses(w, batch).mean() + 2.0 * penalty;
  const Tensor g = torch::autograd::grad({loss}, {w})[0];
  CHECK(at::allclose(before - s.now(), g, 1e-4, 1e-6));
}

TEST_CASE("rrr refuses an environment whose cue changes every input") {
  const Catalog catalog = builtin_catalog();
  MethodContext context{Task::binary, 1, 2, 0};
  context.cue_inputs = at::ones({1, 3}, at::kBool);
  CHECK_THROWS_AS(catalog.methods.at("rrr").make({Value()}, context), UsageError);
}
