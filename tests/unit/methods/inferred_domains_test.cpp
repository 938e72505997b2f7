// Methods of several stages that infer domains, or choose rows, from what a first stage learned;
// worked out again in float64.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"
#include "unit/methods/staged.hpp"

using namespace spurion;
using method_tests::Staged;

namespace {

constexpr std::int64_t kToyRows = 66;  // of the toy training set

bool agree(const Tensor& a, const Tensor& b) { return at::allclose(a, b, 1e-4, 1e-6); }

/// Something of each training row, int64 [66], from its minibatch.
template <class Each>
Tensor over_rows(const Staged& s, const Each& each) {
  Tensor out = at::zeros({kToyRows}, at::kLong);
  for (std::int64_t part = 0; part < 3; ++part) {
    const Batch rows = s.rows->part(part);
    out.index_copy_(0, rows.number.flatten(), each(rows).to(at::kLong));
  }
  return out;
}

Tensor wrong(const Tensor& w, const Batch& rows) {
  return Staged::logits(w, rows).gt(0).ne(rows.y.flatten().to(at::kBool));
}

/// The parameters that a first stage of `steps` steps ends with.
Tensor first_stage(const std::string& method, const Value::Table& options, std::int64_t steps) {
  Staged s(method, options, 12);
  for (std::int64_t step = 0; step < steps; ++step) s.step(step);
  return s.now();
}

/// The gradient of `objective(w)` at w.
template <class Objective>
Tensor slope(const Tensor& w, const Objective& objective) {
  const Tensor leaf = w.clone().requires_grad_(true);
  return torch::autograd::grad({objective(leaf)}, {leaf})[0];
}

}  // namespace

TEST_CASE("eiil trains on the rows that its reference predicts wrongly, and on the others") {
  Staged s("eiil",
           Value::Table{{"reference_share", 0.25},
                        {"penalty_weight", 3.0},
                        {"anneal_steps", std::int64_t{1}},
                        {"rescale", false}},
           12);
  for (std::int64_t step = 0; step < 3; ++step) s.step(step);
  const Tensor reference = first_stage("eiil", {{"reference_share", 1.0}}, 3);
  const Tensor domain = over_rows(s, [&](const Batch& rows) { return wrong(reference, rows); });
  REQUIRE(domain.sum().item<std::int64_t>() > 2);
  CHECK_FALSE(agree(s.now(), reference));  // fresh parameters
  double share = 0.0;
  for (std::int64_t step = 3; step < 12; ++step) {
    const Tensor before = s.now();
    const Batch batch = s.step(step);
    const Tensor of_row = domain.index_select(0, batch.number.flatten());
    share += of_row.to(at::kDouble).mean().item<double>() / 9.0;
    const double weight = step == 3 ? 1.0 : 3.0;
    const Tensor expected = slope(before, [&](const Tensor& w) {
      const Tensor z = Staged::logits(w, batch);
      const Tensor y = batch.y.flatten().to(at::kDouble);
      const Tensor losses = Staged::losses(w, batch);
      const Tensor slopes = (at::sigmoid(z) - y) * z;
      Tensor sum = at::zeros({}, at::kDouble);
      double present = 0.0;
      for (std::int64_t e = 0; e < 2; ++e) {
        const Tensor in = of_row.eq(e);
        if (!in.any().item<bool>()) continue;
        sum =
            sum + losses.masked_select(in).mean() + weight * slopes.masked_select(in).mean().pow(2);
        present += 1.0;
      }
      return sum / present;
    });
    CHECK(agree(before - s.now(), expected));
  }
  CHECK(share == Approx(0.5).margin(0.15));
}

TEST_CASE("eiil's group DRO raises the weight of the domain of the higher risk") {
  Staged s("eiil",
           Value::Table{{"reference_share", 0.25}, {"objective", "group_dro"}, {"step_size", 0.5}},
           12);
  for (std::int64_t step = 0; step < 3; ++step) s.step(step);
  const Tensor reference = first_stage("eiil", {{"reference_share", 1.0}}, 3);
  const Tensor domain = over_rows(s, [&](const Batch& rows) { return wrong(reference, rows); });
  std::vector<double> q = {0.5, 0.5};
  for (std::int64_t step = 3; step < 6; ++step) {
    const Tensor before = s.now();
    const Batch batch = s.step(step);
    const Tensor of_row = domain.index_select(0, batch.number.flatten());
    Tensor weights = at::zeros({22}, at::kDouble);
    for (std::size_t e = 0; e < 2; ++e) {
      const Tensor in = of_row.eq(static_cast<std::int64_t>(e)).to(at::kDouble);
      const double count = in.sum().item<double>();
      if (count == 0.0) continue;
      const double risk = (Staged::losses(before, batch) * in).sum().item<double>() / count;
      q[e] *= std::exp(0.5 * risk);
      weights = weights + q[e] / count * in;
    }
    const double total = q[0] + q[1];
    for (double& one : q) one /= total;
    CHECK(agree(before - s.now(), Staged::gradient(before, batch, 22.0 * weights / total)));
  }
}

TEST_CASE("xrm's twins learn halves of the rows and copy each other's confident guesses") {
  Staged s("xrm", Value::Table{{"twin_share", 0.5}}, 12);
  const RandomStream halves(RandomKey(31).child("halves"));
  const RandomStream flips(RandomKey(31).child("flips"));
  Tensor label = over_rows(s, [](const Batch& rows) { return rows.y.flatten(); });
  const Tensor truth = label.clone();
  Tensor model;
  Tensor twin;
  std::int64_t flipped = 0;
  for (std::int64_t step = 0; step < 6; ++step) {
    model = s.now();
    twin = s.trainer->own("twin")[0].detach().to(at::kDouble);
    const Batch given = s.rows->batch(step);
    s.method->step(*s.trainer, given);
    const Tensor number = given.number.flatten();
    Batch learnt = given;
    learnt.y = label.index_select(0, number).reshape({1, 2, 11});
    Tensor of_model = at::zeros({22}, at::kDouble);
    Tensor weights = at::zeros({22}, at::kDouble);
    for (std::int64_t i = 0; i < 22; ++i) {
      of_model[i] = halves.uniform(number[i].item<std::int64_t>(), 0) < 0.5 ? 1.0 : 0.0;
      weights[i] = 22.0 / learnt.y.eq(learnt.y.flatten()[i]).sum().item<double>();
    }
    const Tensor moved = model - Staged::gradient(model, learnt, weights * of_model);
    const Tensor twin_moved = twin - Staged::gradient(twin, learnt, weights * (1.0 - of_model));
    CHECK(agree(s.trainer->own("twin")[0].detach().to(at::kDouble), twin_moved));
    if (step < 5) CHECK(agree(s.now(), moved));  // afterwards the parameters are fresh
    const Tensor p = at::sigmoid(
        at::where(of_model.gt(0.5), Staged::logits(twin, given), Staged::logits(model, given)));
    for (std::int64_t i = 0; i < 22; ++i) {
      const std::int64_t row = number[i].item<std::int64_t>();
      const double one = p[i].item<double>();
      const std::int64_t guess = one > 0.5 ? 1 : 0;
      if (flips.uniform(row, step) >= 2.0 * std::max(one, 1.0 - one) - 1.0) continue;
      if (label[row].item<std::int64_t>() != guess) ++flipped;
      label[row] = guess;
    }
    model = moved;
    twin = twin_moved;
  }
  CHECK(flipped > 0);
  CHECK_FALSE(at::equal(label, truth));
  // Stage 2: group DRO over the label and whether a twin was wrong.
  const Tensor group = over_rows(s, [&](const Batch& rows) {
    return 2 * rows.y.flatten() + wrong(model, rows).logical_or(wrong(twin, rows)).to(at::kLong);
  });
  std::map<std::int64_t, double> q;
  for (std::int64_t g = 0; g < 4; ++g) q[g] = 0.25;
  for (std::int64_t step = 6; step < 9; ++step) {
    const Tensor before = s.now();
    const Batch batch = s.step(step);
    const Tensor of_row = group.index_select(0, batch.number.flatten());
    Tensor weights = at::zeros({22}, at::kDouble);
    double total = 0.0;
    for (auto& [g, share] : q) {
      const Tensor in = of_row.eq(g).to(at::kDouble);
      const double count = in.sum().item<double>();
      if (count > 0.0) {
        share *= std::exp(0.01 * (Staged::losses(before, batch) * in).sum().item<double>() / count);
        weights = weights + share / count * in;
      }
      total += share;
    }
    for (auto& [g, share] : q) share /= total;
    CHECK(agree(before - s.now(), Staged::gradient(before, batch, 22.0 * weights / total)));
  }
}

TEST_CASE("cnc contrasts rows of one label that its first stage tells apart") {
  constexpr double kWeight = 0.6;
  constexpr double kTemperature = 0.2;
  Staged s("cnc",
           Value::Table{{"reference_share", 0.25},
                        {"contrastive_weight", kWeight},
                        {"temperature", kTemperature}},
           12);
  for (std::int64_t step = 0; step < 3; ++step) s.step(step);
  const Tensor reference = first_stage("cnc", {{"reference_share", 1.0}}, 3);
  const Tensor guess =
      over_rows(s, [&](const Batch& rows) { return Staged::logits(reference, rows).gt(0); });
  bool contrasted = false;
  for (std::int64_t step = 3; step < 12; ++step) {
    const Tensor before = s.now();
    const Batch batch = s.step(step);
    const Tensor x = batch.x[0].to(at::kDouble);
    const Tensor y = batch.y.flatten();
    const Tensor of_row = guess.index_select(0, batch.number.flatten());
    const auto same = [](const Tensor& values, std::int64_t i, std::int64_t j) {
      return values[i].item<std::int64_t>() == values[j].item<std::int64_t>();
    };
    double sum = 0.0;
    double anchors = 0.0;
    for (std::int64_t i = 0; i < 22; ++i) {
      double positives = 0.0;
      double pulled = 0.0;
      double negatives = 0.0;
      double powers = 0.0;
      for (std::int64_t j = 0; j < 22; ++j) {
        const bool positive = same(y, i, j) && !same(of_row, i, j);
        const bool negative = !same(y, i, j) && same(of_row, i, j);
        if (!positive && !negative) continue;
        const double similar =
            (x[i].dot(x[j]) / (x[i].norm() * x[j].norm())).item<double>() / kTemperature;
        powers += std::exp(similar);
        if (positive) pulled += similar;
        (positive ? positives : negatives) += 1.0;
      }
      if (positives == 0.0 || negatives == 0.0) continue;
      sum += std::log(powers) - pulled / positives;
      anchors += 1.0;
    }
    contrasted = contrasted || anchors > 0.0;
    const double expected = (1.0 - kWeight) * Staged::losses(before, batch).mean().item<double>() +
                            kWeight * (anchors > 0.0 ? sum / anchors : 0.0);
    CHECK(s.trainer->last_losses()[0].item<double>() == Approx(expected).epsilon(1e-4));
    // Features of a linear model are its inputs: the contrast cannot move it.
    CHECK(agree(before - s.now(), (1.0 - kWeight) * Staged::gradient(before, batch)));
  }
  CHECK(contrasted);
}

TEST_CASE("pde warms up on as many rows of each group, then adds rows") {
  method_tests::ToyShape shape;
  shape.groups = true;
  Staged s(
      "pde",
      Value::Table{
          {"warm_up_share", 0.5}, {"expansions", std::int64_t{3}}, {"added_rows", std::int64_t{5}}},
      12, shape);
  const Tensor group = over_rows(s, [](const Batch& rows) { return rows.group.flatten(); });
  std::vector<std::int64_t> counts(4, 0);
  for (std::int64_t i = 0; i < kToyRows; ++i)
    ++counts.at(static_cast<std::size_t>(group[i].item<std::int64_t>()));
  const std::int64_t least = *std::min_element(counts.begin(), counts.end());
  REQUIRE(least > 0);
  const auto order = permutation(RandomKey(31).child("order"), kToyRows);
  std::set<std::int64_t> part;
  std::vector<std::int64_t> taken(4, 0);
  for (const std::int64_t row : order) {
    if (taken.at(static_cast<std::size_t>(group[row].item<std::int64_t>()))++ < least)
      part.insert(row);
  }
  REQUIRE(part.size() == static_cast<std::size_t>(4 * least));
  s.method->begin_phase(*s.trainer, 0);
  std::set<std::int64_t> seen;
  for (std::int64_t step = 0; step < 12; ++step) {
    // Steps 6, 8 and 10 each begin with five more rows.
    if (step >= 6 && step % 2 == 0) {
      std::size_t added = 0;
      for (const std::int64_t row : order) {
        if (added < 5 && part.insert(row).second) ++added;
      }
    }
    const Tensor before = s.now();
    const Batch batch = s.step(step);
    CHECK(agree(before - s.now(), Staged::gradient(before, batch)));
    for (std::int64_t i = 0; i < 22; ++i) {
      const std::int64_t row = batch.number.flatten()[i].item<std::int64_t>();
      CHECK(part.count(row) == 1);
      seen.insert(row);
    }
  }
  CHECK(seen.size() > static_cast<std::size_t>(4 * least));
}

TEST_CASE("methods that look for wrong rows need classes, and pde needs groups") {
  const Catalog catalog = builtin_catalog();
  for (const char* name : {"xrm", "cnc", "rsc"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(
        catalog.methods.at(name).make({Value()}, MethodContext{Task::regression, 1, 2, 0}),
        UsageError);
  }
  CHECK_THROWS_WITH(catalog.methods.at("pde").make({Value()}, MethodContext{Task::binary, 1, 2, 0}),
                    Catch::Contains("pde needs an environment with groups"));
}
