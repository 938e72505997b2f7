#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <set>

#include "catch.hpp"
#include "methods/shared/beta_draw.hpp"
#include "methods/shared/clusters.hpp"
#include "unit/methods/staged.hpp"

using namespace spurion;
using method_tests::Staged;

namespace {

Tensor gradient_of(const Tensor& loss, const Tensor& leaf) {
  return torch::autograd::grad({loss}, {leaf})[0];
}

/// Rows of a class in a minibatch, and the partner that each has.
Tensor partners(const RandomKey& key, const Tensor& label) {
  Tensor partner = at::empty_like(label);
  for (std::int64_t c = 0; c < 2; ++c) {
    const Tensor members = label.eq(c).nonzero().flatten();
    const auto order = permutation(key.child(static_cast<std::uint64_t>(c)), members.size(0));
    for (std::int64_t i = 0; i < members.size(0); ++i) {
      partner[members[i].item<std::int64_t>()] = members[order[static_cast<std::size_t>(i)]];
    }
  }
  return partner;
}

}  // namespace

TEST_CASE("self_reg pulls the logits of two other rows of a class") {
  Staged s("self_reg", Value::Table{{"concentration", 2.0}}, 4);
  const Tensor before = s.now();
  const Tensor own = s.trainer->own("projection").detach().clone();
  const Batch batch = s.step(0);
  const RandomKey key = RandomKey(31).child("pairs").child(std::uint64_t{0});
  const Tensor label = batch.y[0].flatten();
  const Tensor first = partners(key.child("first"), label);
  const Tensor second = partners(key.child("second"), label);
  const double share = methods::beta_draw(key.child("share"), 2.0);
  const Tensor w = before.clone().requires_grad_(true);
  const Tensor z = Staged::logits(w, batch);
  const Tensor j = z.index_select(0, first);
  const Tensor mixed = share * j + (1.0 - share) * z.index_select(0, second);
  const Tensor risk = Staged::losses(w, batch).mean();
  // The one logit counts as z / 2 and -z / 2.
  const Tensor term =
      (share * (z - j).pow(2).mean() + (1.0 - share) * (z - mixed).pow(2).mean()) / 4.0;
  // Of a linear model the features are the inputs: their term moves the projection only.
  const Tensor g = gradient_of(risk + std::min(risk.item<double>(), 1.0) * term, w);
  CHECK(at::allclose(before - s.now(), g, 1e-4, 1e-6));
  CHECK_FALSE(at::equal(own, s.trainer->own("projection").detach()));
}

TEST_CASE("erm_plus_plus evaluates the mean of the parameters from its start on") {
  Staged s("erm_plus_plus", Value::Table{{"probing_share", 0.2}, {"averaging_start", 0.5}}, 10);
  Tensor sum = at::zeros_like(s.now());
  for (std::int64_t step = 0; step < 10; ++step) {
    const Tensor before = s.now();
    const Batch batch = s.step(step);
    CHECK(at::allclose(before - s.now(), Staged::gradient(before, batch), 1e-4, 1e-6));
    if (step >= 5) sum = sum + s.now();
    const Tensor expected = step >= 5 ? sum / static_cast<double>(step - 4) : s.now();
    const Evaluated evaluated = s.method->evaluated(*s.trainer);
    REQUIRE(evaluated.members.size() == 1);
    CHECK(at::allclose(evaluated.members[0][0].to(at::kDouble), expected, 1e-4, 1e-6));
  }
}

TEST_CASE("irm_games: each player lowers the risk of its domain under the mean of the logits") {
  Staged s("irm_games", Value(), 4);
  const Tensor first = s.now();
  const Tensor second = s.trainer->own("player_1")[0].detach().to(at::kDouble);
  const Batch batch = s.step(0);
  const Tensor a = first.clone().requires_grad_(true);
  const Tensor b = second.clone().requires_grad_(true);
  const Tensor mean = (Staged::logits(a, batch) + Staged::logits(b, batch)) / 2.0;
  const Tensor losses =
      at::binary_cross_entropy_with_logits(mean, batch.y[0].flatten().to(at::kDouble), {}, {}, 0);
  const Tensor risks = losses.reshape({2, -1}).mean(1);
  CHECK(at::allclose(first - s.now(),
                     torch::autograd::grad({risks[0]}, {a}, {}, /*retain_graph=*/true)[0], 1e-4,
                     1e-6));
  CHECK(at::allclose(second - s.trainer->own("player_1")[0].detach().to(at::kDouble),
                     torch::autograd::grad({risks[1]}, {b})[0], 1e-4, 1e-6));
  const Evaluated evaluated = s.method->evaluated(*s.trainer);
  CHECK(evaluated.members.size() == 2);
  CHECK(evaluated.join == Evaluated::Join::logits);
}

TEST_CASE("masktune masks the inputs that were most salient after its first stage") {
  Staged s("masktune", Value::Table{{"first_share", 0.5}, {"deviations", 1.0}}, 2);
  const Tensor start = s.now();
  const Batch whole = s.step(0);
  CHECK(at::allclose(start - s.now(), Staged::gradient(start, whole), 1e-4, 1e-6));
  const Tensor w = s.now();
  Batch batch = s.step(1);
  const Tensor x = batch.x[0].to(at::kDouble);
  const Tensor saliency = (x * w.narrow(0, 0, x.size(1))).abs();
  const Tensor mean = saliency.mean(1, true);
  const Tensor deviation = (saliency - mean).pow(2).mean(1, true).sqrt();
  const Tensor masks = saliency.gt(mean + deviation);
  CHECK(masks.any().item<bool>());
  batch.x = x.masked_fill(masks, 0.0).unsqueeze(0);
  CHECK(at::allclose(w - s.now(), Staged::gradient(w, batch), 1e-4, 1e-6));
}

TEST_CASE("self trains the last layer on held-out rows where an early copy predicts otherwise") {
  Staged s("self",
           Value::Table{{"training_share", 0.5}, {"early_share", 0.5}, {"rows", std::int64_t{6}}},
           4);
  s.step(0);
  const Tensor early = s.now();
  s.step(1);
  const Tensor w = s.now();
  s.step(2);
  const Batch& held_out = s.run.validation;
  const Tensor p = at::sigmoid(Staged::logits(early, held_out));
  const Tensor q = at::sigmoid(Staged::logits(w, held_out));
  const Tensor divergence = p * (p / q).log() + (1.0 - p) * ((1.0 - p) / (1.0 - q)).log();
  const Tensor chosen = std::get<1>(divergence.topk(6));
  const Tensor label = held_out.y[0].flatten().index_select(0, chosen);
  const double ones = label.sum().item<double>();
  REQUIRE((ones > 0.0 && ones < 6.0));
  const Tensor of_class = at::where(label.eq(1), at::full({6}, ones, at::kDouble),
                                    at::full({6}, 6.0 - ones, at::kDouble));
  const Tensor leaf = w.clone().requires_grad_(true);
  const Tensor losses = Staged::losses(leaf, held_out).index_select(0, chosen);
  const Tensor g = gradient_of((losses / of_class).sum() / 2.0, leaf);
  CHECK(at::allclose(w - s.now(), g, 1e-4, 1e-6));
}

TEST_CASE("clusters: the centres are the means, and the silhouette is the worked-out one") {
  const methods::Points points{1, {0.0, 1.0, 10.0, 11.0}};
  const methods::Points centres = methods::k_means(points, 2, RandomKey(5));
  REQUIRE(centres.count() == 2);
  CHECK(std::set<double>(centres.values.begin(), centres.values.end()) ==
        std::set<double>{0.5, 10.5});
  const auto cluster = methods::nearest_centres(points, centres);
  CHECK(cluster[0] == cluster[1]);
  CHECK(cluster[2] == cluster[3]);
  // Within 1; to the other cluster 10.5 from the outer points and 9.5 from the inner ones.
  const double expected = ((10.5 - 1.0) / 10.5 + (9.5 - 1.0) / 9.5) / 2.0;
  CHECK(methods::silhouette(points, cluster) == Approx(expected));
  const methods::Points alike{2, {3.0, 4.0, 3.0, 4.0, 3.0, 4.0}};
  CHECK(methods::k_means(alike, 2, RandomKey(5)).count() == 1);
  CHECK(methods::silhouette(alike, {0, 0, 0}) == 0.0);
}

TEST_CASE("spare draws classes alike, and rows of a small cluster more often") {
  Staged s("spare",
           Value::Table{{"identification_share", 0.1},
                        {"most_clusters", std::int64_t{2}},
                        {"silhouette_threshold", 1.0},
                        {"high_power", 2.0}},
           40);
  for (std::int64_t step = 0; step < 3; ++step) s.step(step);
  // The fourth step ends the first stage: its parameters are gone after it.
  const Tensor w = s.now() - Staged::gradient(s.now(), s.rows->batch(3));
  s.step(3);
  CHECK_FALSE(at::allclose(w, s.now(), 1e-3, 1e-4));
  Tensor logit = at::zeros({66}, at::kDouble);
  Tensor label = at::zeros({66}, at::kLong);
  for (std::int64_t part = 0; part < 3; ++part) {
    const Batch rows = s.rows->part(part);
    logit.index_copy_(0, rows.number.flatten(), Staged::logits(w, rows));
    label.index_copy_(0, rows.number.flatten(), rows.y[0].flatten());
  }
  // The cluster of each row: of class 0 it is 0 or 1, of class 1 it is 2 or 3.
  Tensor cluster = at::zeros({66}, at::kLong);
  for (std::int64_t c = 0; c < 2; ++c) {
    const Tensor members = label.eq(c).nonzero().flatten();
    methods::Points points{1};
    for (std::int64_t i = 0; i < members.size(0); ++i) {
      points.values.push_back(logit[members[i].item<std::int64_t>()].item<double>());
    }
    const auto found = methods::nearest_centres(points, methods::k_means(points, 2, RandomKey(8)));
    for (std::size_t i = 0; i < found.size(); ++i) {
      cluster[members[static_cast<std::int64_t>(i)].item<std::int64_t>()] = 2 * c + found[i];
    }
  }
  Tensor drawn = at::zeros({4}, at::kDouble);
  for (std::int64_t step = 4; step < 40; ++step) {
    const Batch batch = s.step(step);
    CHECK(batch.domains == 1);
    const Tensor of_rows = cluster.index_select(0, batch.number.flatten());
    for (std::int64_t c = 0; c < 4; ++c) drawn[c] += of_rows.eq(c).sum().item<double>();
  }
  drawn = drawn / drawn.sum();
  // n rows with weights n^-2: a cluster has a share proportional to 1 / n of its class.
  for (std::int64_t c = 0; c < 2; ++c) {
    const double a = cluster.eq(2 * c).sum().item<double>();
    const double b = cluster.eq(2 * c + 1).sum().item<double>();
    CAPTURE(c, a, b);
    CHECK(drawn[2 * c].item<double>() == Approx(0.5 * b / (a + b)).margin(0.06));
    CHECK(drawn[2 * c + 1].item<double>() == Approx(0.5 * a / (a + b)).margin(0.06));
  }
}
