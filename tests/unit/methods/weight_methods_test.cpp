// Methods that evaluate other weights than the trained ones, or decide themselves where a step
// leads, worked out again in float64.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"
#include "unit/methods/staged.hpp"

using namespace spurion;
using method_tests::Staged;

namespace {

/// What is evaluated, [P] in float64; it has one member.
Tensor evaluated(const Staged& s) {
  const Evaluated found = s.method->evaluated(*s.trainer);
  REQUIRE(found.members.size() == 1);
  return found.members[0][0].to(at::kDouble);
}

bool near(const Tensor& a, const Tensor& b) { return at::allclose(a, b, 1e-4, 1e-6); }

/// How often member `member` of a soup draws each of 22 rows.
Tensor draws(std::uint64_t member, std::int64_t step) {
  const RandomStream stream(RandomKey(31).child("rows").child(member));
  Tensor counts = at::zeros({22}, at::kDouble);
  for (std::int64_t i = 0; i < 22; ++i) counts[stream.below(22, step, i)] += 1.0;
  return counts;
}

double accuracy(const Tensor& w, const Batch& rows) {
  return Staged::logits(w, rows)
      .gt(0)
      .eq(rows.y.flatten().to(at::kBool))
      .to(at::kDouble)
      .mean()
      .item<double>();
}

/// The alpha-quantile of the kernel density of some risks, by bisection.
double quantile(const std::vector<double>& risks, double alpha) {
  const double count = static_cast<double>(risks.size());
  const double mean = std::accumulate(risks.begin(), risks.end(), 0.0) / count;
  double squares = 0.0;
  for (const double risk : risks) squares += (risk - mean) * (risk - mean);
  const double width = 1.06 * std::sqrt(squares / (count - 1.0)) * std::pow(count, -0.2);
  double low = mean - 100.0 * width;
  double high = mean + 100.0 * width;
  while (high - low > 1e-14) {
    const double middle = (low + high) / 2.0;
    double below = 0.0;
    for (const double risk : risks) {
      below += (1.0 + std::erf((middle - risk) / width / std::sqrt(2.0))) / 2.0 / count;
    }
    (below < alpha ? low : high) = middle;
    if (middle == low && middle == high) break;
  }
  return (low + high) / 2.0;
}

}  // namespace

TEST_CASE("ema evaluates an average that begins as the mean of all updates") {
  Staged s("ema", Value::Table{{"decay", 0.6}}, 8);
  CHECK(s.method->evaluated(*s.trainer).plain());
  Tensor mean;
  for (std::int64_t t = 1; t <= 6; ++t) {
    const Tensor before = s.now();
    const Batch batch = s.step(t - 1);
    CHECK(near(before - s.now(), Staged::gradient(before, batch)));
    const double newest = std::max(0.4, 1.0 / static_cast<double>(t));
    mean = mean.defined() ? mean + newest * (s.now() - mean) : s.now();
    CHECK(near(evaluated(s), mean));
  }
}

TEST_CASE("wise_ft evaluates weights between its anchor and the trained ones") {
  Staged s("wise_ft", Value::Table{{"interpolation", 0.3}, {"anchor_share", 0.5}}, 4);
  s.step(0);
  s.step(1);
  CHECK(s.method->evaluated(*s.trainer).plain());
  const Tensor anchor = s.now();
  const Batch batch = s.step(2);
  CHECK(near(anchor - s.now(), Staged::gradient(anchor, batch)));
  s.step(3);
  CHECK(near(evaluated(s), 0.7 * anchor + 0.3 * s.now()));
  CHECK_FALSE(near(evaluated(s), s.now()));
  // A later phase has the weights before it as its anchor.
  s.method->begin_phase(*s.trainer, 1);
  CHECK(near(evaluated(s), s.now()));
}

TEST_CASE("members of a soup part from one start, with rows and rates of their own") {
  Staged s("soup", Value::Table{{"members", std::int64_t{3}}, {"shared_share", 0.25}}, 4);
  const Tensor first = s.now();
  const Batch shared = s.step(0);
  CHECK(near(first - s.now(), Staged::gradient(first, shared)));
  CHECK(s.method->evaluated(*s.trainer).plain());
  std::vector<Tensor> members = {s.now(), s.now(), s.now()};
  for (std::int64_t step = 1; step < 4; ++step) {
    const Batch batch = s.step(step);
    const double rates[] = {1.0, 0.6, 0.2};
    Tensor mean = at::zeros_like(first);
    for (std::size_t i = 0; i < 3; ++i) {
      members[i] = members[i] - rates[i] * Staged::gradient(members[i], batch, draws(i, step));
      mean = mean + members[i] / 3.0;
    }
    CHECK(near(s.now(), members[0]));
    CHECK(near(s.trainer->own("member_1")[0].detach().to(at::kDouble), members[1]));
    CHECK(near(s.trainer->own("member_2")[0].detach().to(at::kDouble), members[2]));
    CHECK(near(evaluated(s), mean));
  }
}

TEST_CASE("a greedy soup keeps the members that help on validation rows") {
  Staged s("soup",
           Value::Table{{"members", std::int64_t{4}},
                        {"shared_share", 0.25},
                        {"recipe", "greedy"},
                        {"choices", std::int64_t{1}}},
           8);
  CHECK(s.method->needs().validation_rows);
  for (std::int64_t step = 0; step < 7; ++step) s.step(step);
  CHECK(s.method->evaluated(*s.trainer).plain());
  s.step(7);
  std::vector<Tensor> members = {s.now()};
  for (const char* name : {"member_1", "member_2", "member_3"}) {
    members.push_back(s.trainer->own(name)[0].detach().to(at::kDouble));
  }
  std::stable_sort(members.begin(), members.end(), [&](const Tensor& a, const Tensor& b) {
    return accuracy(a, s.run.validation) > accuracy(b, s.run.validation);
  });
  Tensor sum = members[0];
  double count = 1.0;
  for (std::size_t i = 1; i < 4; ++i) {
    const Tensor with = sum + members[i];
    const double now = accuracy(sum / count, s.run.validation);
    if (accuracy(with / (count + 1.0), s.run.validation) < now) continue;
    sum = with;
    count += 1.0;
  }
  CHECK(near(evaluated(s), sum / count));
}

TEST_CASE("eqrm descends the quantile of the domains' risks, at a rate of its own") {
  constexpr double kRate = 0.25;
  Staged s(
      "eqrm",
      Value::Table{{"quantile", 0.8}, {"burn_in_share", 0.5}, {"quantile_learning_rate", kRate}},
      4);
  for (std::int64_t step = 0; step < 2; ++step) {
    const Tensor before = s.now();
    const Batch batch = s.step(step);
    CHECK(near(before - s.now(), Staged::gradient(before, batch)));
  }
  for (std::int64_t step = 2; step < 4; ++step) {
    const Tensor before = s.now();
    const Batch batch = s.step(step);
    const auto objective = [&](const Tensor& w) {
      const Tensor risks = Staged::losses(w, batch).reshape({2, 11}).mean(1);
      return quantile({risks[0].item<double>(), risks[1].item<double>()}, 0.8);
    };
    CHECK(s.trainer->last_losses()[0].item<double>() == Approx(objective(before)).epsilon(1e-5));
    Tensor slope = at::zeros_like(before);
    for (std::int64_t p = 0; p < 6; ++p) {
      Tensor up = before.clone();
      Tensor down = before.clone();
      up[p] += 1e-5;
      down[p] -= 1e-5;
      slope[p] = (objective(up) - objective(down)) / 2e-5;
    }
    CHECK(at::allclose(before - s.now(), kRate * slope, 1e-3, 1e-6));
  }
}

TEST_CASE("eqrm with equal risks is the mean risk") {
  Staged s("eqrm", Value::Table{{"burn_in_share", 0.0}, {"quantile_learning_rate", 1.0}}, 4);
  Batch batch = s.rows->batch(0);
  batch.x = batch.x.narrow(1, 0, 11).repeat({1, 2, 1});
  batch.y = batch.y.narrow(1, 0, 1).repeat({1, 2, 1});
  const Tensor before = s.now();
  s.method->step(*s.trainer, batch);
  CHECK(near(before - s.now(), Staged::gradient(before, batch)));
}

TEST_CASE("sand_mask scales the mean gradient by how far the domains agree") {
  Staged s("sand_mask", Value::Table{{"agreement", 0.4}, {"steepness", 0.001}}, 4);
  const Tensor before = s.now();
  const Batch batch = s.step(0);
  const Tensor a = Staged::gradient(before, domain_rows(batch, 0));
  const Tensor b = Staged::gradient(before, domain_rows(batch, 1));
  const Tensor mean = (a + b) / 2.0;
  const Tensor variance = (a - mean).pow(2) + (b - mean).pow(2);
  const Tensor agreeing = ((a.sign() + b.sign()) / 2.0).abs();
  const Tensor mask = at::tanh(0.001 * (agreeing - 0.4) / variance).clamp_min(0.0);
  CHECK(mask.gt(0.0).any().item<bool>());
  Tensor expected = mask * mean;
  expected.narrow(0, 0, 5) /= mask.narrow(0, 0, 5).mean() + 1e-10;
  expected.narrow(0, 5, 1) /= mask.narrow(0, 5, 1).mean() + 1e-10;
  CHECK(near(before - s.now(), expected));
}

TEST_CASE("fish moves towards a copy that took a step on each domain") {
  Staged s("fish", Value::Table{{"meta_step", 0.5}}, 4);
  for (std::int64_t step = 0; step < 2; ++step) {
    const Tensor before = s.now();
    const Batch batch = s.step(step);
    Tensor copy = before.clone();
    for (std::int64_t e = 0; e < 2; ++e) {
      copy = copy - Staged::gradient(copy, domain_rows(batch, e));
    }
    CHECK(near(s.now(), before + 0.5 * (copy - before)));
    CHECK(s.trainer->step() == step + 1);
  }
}

TEST_CASE("mldg adds the gradient on another domain after a step") {
  Staged s("mldg", Value::Table{{"meta_weight", 0.7}}, 4);
  for (std::int64_t step = 0; step < 3; ++step) {
    const Tensor before = s.now();
    const Batch batch = s.step(step);
    const auto order =
        permutation(RandomKey(31).child("order").child(static_cast<std::uint64_t>(step)), 2);
    const Tensor own = Staged::gradient(before, domain_rows(batch, order[0]));
    const Tensor other = Staged::gradient(before - own, domain_rows(batch, order[1]));
    CHECK(near(before - s.now(), (own + 0.7 * other) / 2.0));
  }
}

TEST_CASE("mldg refuses as many meta-test domains as there are domains") {
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.methods.at("mldg");
  Problems problems;
  const Value options =
      entry.schema.normalise(Value::Table{{"meta_test", std::int64_t{2}}}, "mldg", problems);
  CHECK_THROWS_WITH(entry.make({options}, MethodContext{Task::binary, 1, 2, 0}),
                    Catch::Contains("fewer meta-test domains than domains"));
  CHECK_NOTHROW(entry.make({options}, MethodContext{Task::binary, 1, 3, 0}));
}

TEST_CASE("rsc mutes the features that speak for the label, where that hurts most") {
  Staged s("rsc", Value::Table{{"feature_share", 0.3}, {"row_share", 0.4}}, 4);
  const Tensor before = s.now();
  const Batch batch = s.step(0);
  const auto at_quantile = [](std::vector<double> values, double q) {
    std::sort(values.begin(), values.end());
    const double place = q * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(place);
    const std::size_t high = std::min(low + 1, values.size() - 1);
    return values[low] + (values[high] - values[low]) * (place - static_cast<double>(low));
  };
  const Tensor x = batch.x[0].to(at::kDouble);
  const Tensor y = batch.y.flatten();
  Tensor kept = at::ones_like(x);
  std::vector<double> falls;
  for (std::int64_t i = 0; i < 22; ++i) {
    const double sign = y[i].item<std::int64_t>() == 1 ? 1.0 : -1.0;
    std::vector<double> slopes;
    for (std::int64_t f = 0; f < 5; ++f) slopes.push_back(sign * before[f].item<double>());
    const double limit = at_quantile(slopes, 0.7);
    double whole = before[5].item<double>();
    double muted = whole;
    for (std::int64_t f = 0; f < 5; ++f) {
      const double term = x[i][f].item<double>() * before[f].item<double>();
      const bool stays = slopes[static_cast<std::size_t>(f)] < limit;
      whole += term;
      if (stays) muted += term;
      if (!stays) kept[i][f] = 0.0;
    }
    falls.push_back(1.0 / (1.0 + std::exp(-sign * whole)) - 1.0 / (1.0 + std::exp(-sign * muted)));
  }
  const double limit = at_quantile(falls, 0.6);
  std::int64_t hard = 0;
  for (std::int64_t i = 0; i < 22; ++i) {
    if (falls[static_cast<std::size_t>(i)] < limit) {
      kept[i].fill_(1.0);
    } else {
      ++hard;
    }
  }
  CHECK(hard == 9);
  Batch muted = batch;
  muted.x = (x * kept).to(at::kFloat).unsqueeze(0);
  CHECK(near(before - s.now(), Staged::gradient(before, muted)));
}

TEST_CASE("rsc refuses models without an affine last layer") {
  const Catalog catalog = builtin_catalog();
  Problems problems;
  const auto& entry = catalog.methods.at("rsc");
  MethodContext context{Task::binary, 1, 2, 0};
  context.input_shape = {3};
  const auto method = entry.make({entry.schema.normalise(Value(), "rsc", problems)}, context);
  for (const char* name : {"linear", "mlp", "random_features"}) {
    CAPTURE(name);
    const auto& model = catalog.models.at(name);
    CHECK_NOTHROW(method->check(
        *model.make({model.schema.normalise(Value(), name, problems)}, ModelContext{{3}, 1})));
  }
  const auto& other = catalog.models.at("linear_representation");
  CHECK_THROWS_WITH(method->check(*other.make({other.schema.normalise(Value(), "m", problems)},
                                              ModelContext{{3}, 1})),
                    Catch::Contains("rsc needs a model whose last layer is affine"));
}
