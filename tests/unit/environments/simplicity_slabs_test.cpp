#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "environments/simplicity_slabs/slabs.hpp"
#include "unit/environments/splits.hpp"
#include "unit/environments/synthetic_worlds.hpp"

namespace spurion {
namespace {

using environments::Slabs;
using tests::kTest;
using tests::synthetic_world;

/// Which class the slab that holds `x` is of; 0 in a gap. By the definition, not by `Slabs`: slabs
/// of equal width with gaps of 2 margin, classes alternating from -1 in the middle (or, of two, -1
/// on the left).
int class_of(double x, std::int64_t count, double margin) {
  const double width =
      (2.0 - 2.0 * margin * static_cast<double>(count - 1)) / static_cast<double>(count);
  for (std::int64_t slab = 0; slab < count; ++slab) {
    const double left = -1.0 + static_cast<double>(slab) * (width + 2.0 * margin);
    if (x < left - 1e-6 || x > left + width + 1e-6) continue;
    if (count == 2) return slab == 0 ? -1 : 1;
    return (slab - count / 2) % 2 == 0 ? -1 : 1;
  }
  return 0;
}

TEST_CASE("slabs: every point lies in a slab of its class, or in a gap where asked") {
  for (const std::int64_t count : {2, 3, 5, 7}) {
    const Slabs slabs(count, 0.05);
    CAPTURE(count);
    double mean = 0.0;
    for (int i = 0; i < 64; ++i) {
      for (const double where : {0.0, 0.4, 0.999}) {
        const double which = (i + 0.5) / 64;
        CHECK(class_of(slabs.place(1, which, where), count, 0.05) == 1);
        CHECK(class_of(slabs.place(-1, which, where), count, 0.05) == -1);
        CHECK(class_of(slabs.gap(which, 0.1 + 0.8 * where), count, 0.05) == 0);
        CHECK(std::abs(slabs.place(1, which, where)) <= 1.0);
        CHECK(std::abs(slabs.gap(which, where)) < 1.0);
      }
      mean += slabs.place(1, (i + 0.5) / 64, 0.5) / 64;
    }
    // No threshold on an odd number of slabs: they are symmetric.
    if (count != 2) CHECK(mean == Approx(0.0).margin(1e-12));
  }
  CHECK_FALSE(Slabs::possible(4));
  CHECK(Slabs(3, 0.1).slab_width() == Approx((2.0 - 0.4) / 3));
}

TEST_CASE("slabs: the best threshold on one coordinate errs as the source's slabs say") {
  // Right of the middle slab lies half of +1 and, of -1, all but the middle's share and half of the
  // rest: (1/2 + 1) / 2, (1/2 + 7/8) / 2, (1/2 + 3/4) / 2.
  const auto best_threshold = [](std::int64_t count) {
    const Slabs slabs(count, 0.05);
    double best = 0.0;
    for (int cut = -40; cut <= 40; ++cut) {
      double right = 0.0;
      constexpr int kDraws = 160;
      for (int i = 0; i < kDraws; ++i) {
        const double which = (i + 0.5) / kDraws;
        right += (slabs.place(1, which, 0.5) > cut / 40.0 ? 0.5 : 0.0) / kDraws;
        right += (slabs.place(-1, which, 0.5) <= cut / 40.0 ? 0.5 : 0.0) / kDraws;
      }
      best = std::max(best, right);
    }
    return best;
  };
  CHECK(best_threshold(2) == Approx(1.0));
  CHECK(best_threshold(3) == Approx(0.75));
  CHECK(best_threshold(5) == Approx(11.0 / 16).margin(0.01));
  CHECK(best_threshold(7) == Approx(5.0 / 8).margin(0.01));
}

TEST_CASE("simplicity_slabs: coordinates show the cue and the cause") {
  CHECK(tests::rows_are_addressable("simplicity_slabs", {}));
  CHECK(tests::rows_are_addressable("simplicity_slabs", {{"rotated", true}, {"label_noise", 0.2}}));
  for (const std::int64_t slabs : {3, 5, 7}) {
    const auto world = synthetic_world(
        "simplicity_slabs",
        {{"slabs", slabs}, {"cue_noise", 0.25}, {"label_noise", 0.1}, {"slab_margin", 0.05}});
    const Sample rows = world->sample(world->at(0.3), kTest, {0, 2000});
    const auto x = rows.x.accessor<float, 2>();
    int hidden = 0;
    for (std::int64_t i = 0; i < rows.x.size(0); ++i) {
      const auto cue = static_cast<int>(rows.spurious[i][0].item<float>());
      const auto cause = static_cast<int>(rows.causal[i][0].item<float>());
      const int shown = class_of(x[i][0], 2, 0.1);
      if (shown == 0) ++hidden;
      if (shown != 0 && shown != cue) FAIL("the cue is not where it should be");
      for (std::int64_t j = 1; j <= 4; ++j) {
        if (class_of(x[i][j], slabs, 0.05) != cause) FAIL("a slab is not where it should be");
      }
    }
    // 2000 rows: standard error below .01.
    CHECK(hidden / 2000.0 == Approx(0.25).margin(0.04));
    const Tensor y = rows.y.to(at::kFloat) * 2 - 1;
    CHECK(rows.spurious.select(1, 0).ne(y).to(at::kDouble).mean().item<double>() ==
          Approx(0.3).margin(0.041));
    CHECK(rows.causal.select(1, 0).ne(y).to(at::kDouble).mean().item<double>() ==
          Approx(0.1).margin(0.027));
  }
}

TEST_CASE("simplicity_slabs: a rotation hides the axes and nothing else") {
  const auto plain = synthetic_world("simplicity_slabs");
  const auto turned = synthetic_world("simplicity_slabs", {{"rotated", true}});
  const Sample a = plain->sample(plain->test_domain(), kTest, {0, 100});
  const Sample b = turned->sample(turned->test_domain(), kTest, {0, 100});
  CHECK(at::equal(a.y, b.y));
  CHECK(at::equal(a.causal, b.causal));
  CHECK_FALSE(at::equal(a.x, b.x));
  CHECK(at::allclose(at::matmul(a.x, a.x.t()), at::matmul(b.x, b.x.t()), 1e-4, 1e-5));
}

TEST_CASE("simplicity_slabs: changing the cause moves the slabs and leaves the cue") {
  const auto world = synthetic_world("simplicity_slabs");
  const Domain domain = world->train_domains().front();
  const Sample own = world->sample(domain, kTest, {0, 200});
  const Sample twin = world->sample(domain, kTest, {0, 200}, Intervention::flip("slab"));
  CHECK(at::equal(own.y, twin.y));
  CHECK(at::equal(own.spurious, twin.spurious));
  CHECK(at::equal(own.causal, -twin.causal));
  CHECK(at::equal(own.x.narrow(1, 0, 1), twin.x.narrow(1, 0, 1)));
  CHECK(at::equal(own.x.narrow(1, 5, 5), twin.x.narrow(1, 5, 5)));
  CHECK(own.x.narrow(1, 1, 4).ne(twin.x.narrow(1, 1, 4)).all().item<bool>());
}

TEST_CASE("simplicity_slabs: exact ceilings at the ends") {
  const auto world = synthetic_world("simplicity_slabs", {{"cue_noise", 0.2}});
  const Ceilings same = world->ceilings(world->at(0.0));
  CHECK(same.bayes.value == Approx(1.0));
  CHECK(same.invariant.value == Approx(1.0));
  CHECK(same.spurious_only.value == Approx(0.8 + 0.1));
  const Ceilings shifted = world->ceilings(world->at(1.0));
  CHECK(shifted.spurious_only.value == Approx(0.1));
  // Training never shows a cue at odds with the slabs, so nothing says what ERM makes of it.
  CHECK(same.population_erm.has_value());
  CHECK_FALSE(shifted.population_erm.has_value());

  const auto noisy = synthetic_world("simplicity_slabs",
                                     {{"label_noise", 0.1}, {"train_shifts", Value::List{0.02}}});
  const Ceilings far = noisy->ceilings(noisy->at(1.0));
  CHECK(far.bayes.value == Approx(1.0));
  CHECK(far.invariant.value == Approx(0.9));
  CHECK(far.spurious_only.value == Approx(0.0));
  // The cue errs less than the slabs, so the best of training follows it.
  CHECK(far.population_erm->value == Approx(0.0));
}

TEST_CASE("simplicity_slabs: options that leave no slabs are refused") {
  CHECK_THROWS_AS(synthetic_world("simplicity_slabs", {{"slabs", 4}}), UsageError);
  CHECK_THROWS_AS(synthetic_world("simplicity_slabs", {{"slabs", 7}, {"slab_margin", 0.2}}),
                  UsageError);
  CHECK_THROWS_AS(synthetic_world("simplicity_slabs", {{"cue_slabs", 6}}), UsageError);
  CHECK_THROWS_AS(synthetic_world("simplicity_slabs", {{"train_shifts", Value::List{}}}),
                  UsageError);
  const auto world = synthetic_world("simplicity_slabs");
  CHECK_THROWS_AS(world->at(1.5), UsageError);
  CHECK(world->info().misleads_erm == true);
  CHECK_FALSE(synthetic_world("simplicity_slabs", {{"cue_slabs", 7}})->info().misleads_erm);
}

}  // namespace
}  // namespace spurion
