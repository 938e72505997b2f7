#include <ATen/ATen.h>

#include "catch.hpp"
#include "regimes/shared/row_source.hpp"
#include "spurion/archive.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

using namespace spurion;
using namespace spurion::regimes;

namespace {

constexpr std::int64_t kPassRows = 700;  // two parts of a pass

RegimeContext rows_of_two_bit(const std::vector<std::uint64_t>& seeds) {
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.environments.at("two_bit");
  Problems problems;
  const Value options = entry.schema.normalise(Value::Table{}, "options", problems);
  RegimeContext context;
  for (const std::uint64_t seed : seeds) {
    context.environments.push_back(entry.make({options}, EnvironmentContext{seed, nullptr}));
    context.order_keys.emplace_back(seed);
  }
  return context;
}

std::vector<Slot> pass_slots(const Environment& environment) {
  std::vector<Slot> slots;
  for (const Domain& domain : environment.train_domains()) slots.push_back({domain, 0, {}});
  return slots;
}

RowSource::Options asking_for(Sampling sampling = Sampling::shuffled) {
  RowSource::Options options;
  options.groups = true;
  options.request.training_set = true;
  options.request.sampling = sampling;
  return options;
}

/// All rows by number, [K, N, ...].
Tensor all_by_number(RowSource& source, Tensor Batch::*member) {
  Batch first = source.part(0);
  const std::int64_t replicas = first.x.size(0);
  Shape shape = (first.*member).sizes().vec();
  shape = member == &Batch::x ? Shape{replicas, source.size(), shape[2]}
                              : Shape{replicas, source.size()};
  Tensor all = at::full(shape, -1, (first.*member).options());
  for (std::int64_t part = 0; part < source.parts(); ++part) {
    const Batch rows = source.part(part);
    const Tensor values = member == &Batch::x ? rows.x : (rows.*member).flatten(1);
    all.index_copy_(1, rows.number.flatten(), values);
  }
  return all;
}

}  // namespace

TEST_CASE("a pass has each row once, and numbers mean the same rows in every minibatch") {
  const RegimeContext context = rows_of_two_bit({1, 2});
  RowSource source(context, pass_slots, kPassRows, asking_for());
  const Tensor x = all_by_number(source, &Batch::x);
  const Tensor y = all_by_number(source, &Batch::y);
  CHECK(source.parts() == 2);
  CHECK(y.ge(0).all().item<bool>());
  std::int64_t slot = 0;
  for (const Domain& domain : context.environments[1]->train_domains()) {
    const Sample rows = context.environments[1]->sample(domain, Split::train, {0, kPassRows});
    CHECK(at::equal(x[1].narrow(0, slot * kPassRows, kPassRows), rows.x));
    ++slot;
  }
  for (const std::int64_t batch : {std::int64_t{32}, std::int64_t{0}}) {
    const Batch rows = source.batch(5, batch);
    const Tensor number = rows.number.flatten(1).expand({2, -1});
    CHECK(at::equal(y.gather(1, number), rows.y.flatten(1)));
    CHECK(at::equal(x[0].index_select(0, number[0]), rows.x[0]));
  }
}

TEST_CASE("minibatches drawn by weights have the rows of their numbers") {
  const RegimeContext context = rows_of_two_bit({1, 2});
  RowSource source(context, pass_slots, kPassRows, asking_for());
  const Tensor y = all_by_number(source, &Batch::y);
  Tensor weights = at::zeros({2, source.size()}, at::kDouble);
  weights[0].narrow(0, 10, 3).fill_(1.0);
  weights[1][20] = 2.0;
  source.sample(weights);
  const Batch rows = source.batch(3, 16);
  CHECK(rows.domains == 1);
  CHECK(rows.rows_per_domain ==
        16 * static_cast<std::int64_t>(pass_slots(*context.environments[0]).size()));
  CHECK(at::equal(y.gather(1, rows.number.flatten(1)), rows.y.flatten(1)));
  CHECK(rows.number[0].ge(10).logical_and(rows.number[0].lt(13)).all().item<bool>());
  CHECK(rows.number[1].eq(20).all().item<bool>());
  CHECK(at::equal(source.batch(3, 16).number, rows.number));
  CHECK_FALSE(at::equal(source.batch(4, 16).number[0], rows.number[0]));

  const Batch whole = source.batch(0, 0);
  CHECK(whole.domains == 1);
  CHECK(whole.weight.mean({1, 2}).sub(1.0).abs().max().item<double>() < 1e-5);

  Archive archive;
  StateVisitor saver = StateVisitor::saver(archive);
  source.visit_state(saver);
  RowSource resumed(context, pass_slots, kPassRows, asking_for());
  StateVisitor loader = StateVisitor::loader(archive);
  resumed.visit_state(loader);
  CHECK(at::equal(resumed.batch(3, 16).x, rows.x));
}

TEST_CASE("balanced sampling gives each class or group the same share") {
  const RegimeContext context = rows_of_two_bit({3});
  for (const Sampling sampling : {Sampling::class_balanced, Sampling::group_balanced}) {
    RowSource source(context, pass_slots, kPassRows, asking_for(sampling));
    const Batch rows = source.batch(0, 600);
    const Tensor& labels = sampling == Sampling::class_balanced ? rows.y : rows.group;
    const auto kinds = static_cast<double>(labels.max().item<std::int64_t>() + 1);
    for (std::int64_t kind = 0; kind < static_cast<std::int64_t>(kinds); ++kind) {
      CHECK(labels.eq(kind).to(at::kDouble).mean().item<double>() ==
            Approx(1.0 / kinds).margin(0.06));
    }
    // All labels were used to balance.
    CHECK(source.reveal(0, 600).front() == source.size());
  }
}

TEST_CASE("balanced draws within domains keep the domains, and balance each") {
  const RegimeContext context = rows_of_two_bit({3, 4});
  for (const Sampling sampling : {Sampling::class_balanced, Sampling::group_balanced}) {
    RowSource::Options options = asking_for(sampling);
    options.request.within_domains = true;
    RowSource source(context, pass_slots, kPassRows, options);
    const bool classes = sampling == Sampling::class_balanced;
    const Tensor of_number = all_by_number(source, classes ? &Batch::y : &Batch::group);
    const auto slots = static_cast<std::int64_t>(pass_slots(*context.environments[0]).size());
    REQUIRE(slots > 1);
    const std::int64_t kinds = classes ? 2 : 4;
    const Batch rows = source.batch(0, 400);
    const Batch whole = source.batch(0, 0);
    REQUIRE(rows.domains == slots);
    REQUIRE(rows.rows_per_domain == 400);
    REQUIRE(whole.domains == slots);
    const Tensor& labels = classes ? rows.y : rows.group;
    const Tensor& all = classes ? whole.y : whole.group;
    CHECK(at::equal(of_number.gather(1, rows.number.flatten(1)), labels.flatten(1)));
    CHECK(at::equal(rows.number.div(kPassRows, "floor"),
                    at::arange(slots).reshape({1, slots, 1}).expand_as(rows.number)));
    for (std::int64_t kind = 0; kind < kinds; ++kind) {
      const double share = 1.0 / static_cast<double>(kinds);
      const Tensor drawn = labels.eq(kind).to(at::kDouble).mean(2);
      CHECK(drawn.sub(share).abs().max().item<double>() < 0.1);  // 4 standard deviations
      const Tensor weighed = all.eq(kind).to(at::kDouble).mul(whole.weight).mean(2);
      CHECK(weighed.sub(share).abs().max().item<double>() < 1e-5);
    }
    CHECK_FALSE(at::equal(rows.number[0], rows.number[1]));
    Archive archive;
    StateVisitor saver = StateVisitor::saver(archive);
    source.visit_state(saver);
    RowSource resumed(context, pass_slots, kPassRows, options);
    StateVisitor loader = StateVisitor::loader(archive);
    resumed.visit_state(loader);
    CHECK(at::equal(resumed.batch(1, 16).x, source.batch(1, 16).x));
  }
}

TEST_CASE("validation rows are held out, the same each time, and their labels count once") {
  RegimeContext context = rows_of_two_bit({1, 2});
  context.evaluation.rows = 100;
  RowSource source(context, pass_slots, kPassRows, asking_for());
  const Batch rows = source.validation(50);
  CHECK(rows.rows_per_domain == 50);
  const std::vector<Slot> slots = pass_slots(*context.environments[1]);
  CHECK(rows.domains == static_cast<std::int64_t>(slots.size()));
  CHECK(at::equal(rows.y[1][0],
                  context.environments[1]->sample(slots[0].domain, Split::validation, {0, 50}).y));
  CHECK(at::equal(source.validation(50).x, rows.x));
  const std::int64_t held_out = 50 * rows.domains;
  const std::int64_t minibatch = 8 * rows.domains;
  CHECK(source.reveal(0, 8) ==
        std::vector<std::int64_t>{minibatch + held_out, minibatch + held_out});
  CHECK(source.reveal(1, 8).front() == minibatch);
}
