#include "regimes/shared/row_source.hpp"
#include "regimes/shared/stream_source.hpp"

#include <ATen/ATen.h>

#include "catch.hpp"
#include "spurion/archive.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

using namespace spurion;
using namespace spurion::regimes;

namespace {

/// Replicas of a world, the linear unit tests' by default, with these data seeds and order keys.
RegimeContext context_of(const std::vector<std::uint64_t>& seeds,
                         const std::vector<std::uint64_t>& orders,
                         const char* name = "linear_unit_tests") {
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.environments.at(name);
  Problems problems;
  const Value options = entry.schema.normalise(Value::Table{}, "options", problems);
  problems.raise();
  std::map<std::uint64_t, std::shared_ptr<const Environment>> made;
  RegimeContext context;
  for (std::size_t k = 0; k < seeds.size(); ++k) {
    auto& environment = made[seeds[k]];
    if (!environment) environment = entry.make({options}, EnvironmentContext{seeds[k], nullptr});
    context.environments.push_back(environment);
    context.order_keys.emplace_back(orders[k]);
  }
  return context;
}

std::vector<Slot> train_slots(const Environment& environment) {
  std::vector<Slot> slots;
  for (const Domain& domain : environment.train_domains()) slots.push_back({domain, 0, {}});
  return slots;
}

}  // namespace

TEST_CASE("minibatches hold the rows a permutation names, whatever the order of asking") {
  constexpr std::int64_t kRows = 50;
  constexpr std::int64_t kBatch = 8;
  const RegimeContext context = context_of({1, 1, 2, 2}, {7, 7, 7, 8});
  RowSource source(context, train_slots, kRows);
  for (const std::int64_t step : {0, 1, 5, 6, 20, 3}) {
    const Batch batch = source.batch(step, kBatch);
    REQUIRE(batch.x.size(0) == 4);
    REQUIRE(batch.rows_per_domain == kBatch);
    for (std::size_t k = 0; k < 4; ++k) {
      const Environment& environment = *context.environments[k];
      std::int64_t slot = 0;
      for (const Domain& domain : environment.train_domains()) {
        const Sample all = environment.sample(domain, Split::train, {0, kRows});
        const auto order = permutation(context.order_keys[k]
                                           .child(static_cast<std::uint64_t>(slot))
                                           .child(static_cast<std::uint64_t>(step / 6)),
                                       kRows);
        for (std::int64_t i = 0; i < kBatch; ++i) {
          const std::int64_t row = order[static_cast<std::size_t>(step % 6 * kBatch + i)];
          const auto replica = static_cast<std::int64_t>(k);
          REQUIRE(at::equal(batch.x[replica][slot * kBatch + i], all.x[row]));
          REQUIRE(at::equal(batch.y[replica][slot][i], all.y[row]));
        }
        ++slot;
      }
    }
  }
}

TEST_CASE("replicas with the same rows in the same order share one batch") {
  const RegimeContext context = context_of({1, 1}, {7, 7});
  RowSource source(context, train_slots, 20);
  CHECK(source.batch(0, 5).x.size(0) == 1);
  CHECK(source.batch(0, 0).x.size(0) == 1);
  CHECK(source.batch(0, 0).rows_per_domain == 20);
}

TEST_CASE("group labels travel with their rows, where they are granted and there are any") {
  const RegimeContext context = context_of({1, 2}, {7, 8}, "two_bit");
  RowSource source(context, train_slots, 40, RowSource::Options{1, true});
  for (const std::int64_t rows : {0, 8}) {
    const Batch batch = source.batch(3, rows);
    REQUIRE(batch.group.sizes() == batch.y.sizes());
    // Of two_bit: 2 y + [x2 agrees with y].
    const Tensor x2 = batch.x.select(2, 1).reshape(batch.y.sizes());
    CHECK(at::equal(batch.group, 2 * batch.y + x2.gt(0).eq(batch.y.eq(1)).to(at::kLong)));
    CHECK_FALSE(RowSource(context, train_slots, 40).batch(3, rows).group.defined());
  }
  const RegimeContext without = context_of({1}, {7});
  CHECK_FALSE(
      RowSource(without, train_slots, 40, RowSource::Options{1, true}).batch(0, 8).group.defined());
}

TEST_CASE("a stream's batches are consecutive rows of each slot") {
  constexpr std::int64_t kBatch = 300;
  constexpr std::int64_t kSteps = 20;
  const RegimeContext context = context_of({1, 2}, {7, 7});
  const SlotFunction slots = [](const Environment& environment) {
    return std::vector<Slot>{{environment.test_domain(), 100, {}},
                             {environment.test_domain(), 100 + kBatch * kSteps, {}}};
  };
  StreamSource stream(context, slots, kBatch * kSteps);
  for (std::int64_t step = 0; step < kSteps; ++step) {
    const Batch batch = stream.batch(step * kBatch, kBatch);
    for (std::int64_t k = 0; k < 2; ++k) {
      const Environment& environment = *context.environments[static_cast<std::size_t>(k)];
      for (std::int64_t slot = 0; slot < 2; ++slot) {
        const Sample rows = environment.sample(
            environment.test_domain(), Split::train,
            {100 + slot * kBatch * kSteps + step * kBatch, kBatch}, Intervention::none());
        REQUIRE(at::equal(batch.x[k].narrow(0, slot * kBatch, kBatch), rows.x));
        REQUIRE(at::equal(batch.y[k][slot], rows.y));
      }
    }
  }
}

namespace {

/// Two slots of the table's shift, `rows` each from `first` on.
SlotFunction shifted_slots(std::int64_t first, std::int64_t rows, double shift = 0.9) {
  return [=](const Environment& environment) {
    return std::vector<Slot>{{environment.at(shift), first, {}},
                             {environment.at(shift), first + rows, {}}};
  };
}

std::int64_t pool_size(const RegimeContext& context) {
  const Environment& environment = *context.environments.front();
  return environment.row_limit(environment.at(0.9), Split::train);
}

std::int64_t labels_of_epoch(RowSource& source, std::int64_t rows, std::int64_t batch) {
  std::int64_t labels = 0;
  for (std::int64_t step = 0; step < rows / batch; ++step) {
    labels += source.reveal(step, batch).front();
  }
  return labels;
}

}  // namespace

TEST_CASE("the label of a row of a finite pool counts once, in whichever slot and phase it comes") {
  const RegimeContext context = context_of({1}, {7}, "table");
  const std::int64_t limit = pool_size(context);
  const std::int64_t rows = limit / 10 * 7;  // two slots are more than the pool has
  RowSource first(context, shifted_slots(0, rows), rows);
  CHECK(labels_of_epoch(first, rows, 7) == limit);
  CHECK(labels_of_epoch(first, rows, 7) == 0);
  // The next set begins where the first ended, in the middle of the pool.
  const std::int64_t few = 100;
  RowSource anew(context, shifted_slots(2 * rows, few), few);
  RowSource next(context, shifted_slots(2 * rows, few), few);
  next.inherit(first.revealed());
  CHECK(labels_of_epoch(anew, few, 10) == 2 * few);
  CHECK(labels_of_epoch(next, few, 10) == 0);
  // Rows of another domain are others; the shift's are remembered meanwhile.
  RowSource other(context, train_slots, 20);
  other.inherit(next.revealed());
  CHECK(labels_of_epoch(other, 20, 10) == 40);
  RowSource again(context, shifted_slots(0, few, 0.1), few);
  again.inherit(other.revealed());
  CHECK(labels_of_epoch(again, few, 10) == 0);
}

TEST_CASE("which labels were revealed is part of what a stopped run goes on from") {
  const RegimeContext context = context_of({1, 2}, {7, 8}, "table");
  RowSource first(context, shifted_slots(0, 60), 60);
  CHECK(first.reveal(0, 20) == std::vector<std::int64_t>{40, 40});
  RowSource next(context, train_slots, 40);
  next.inherit(first.revealed());
  CHECK(next.reveal(0, 20) == std::vector<std::int64_t>{40, 40});
  Archive archive;
  StateVisitor saver = StateVisitor::saver(archive);
  next.visit_state(saver);
  RowSource resumed(context, train_slots, 40);
  StateVisitor loader = StateVisitor::loader(archive);
  resumed.visit_state(loader);
  for (RowSource* source : {&next, &resumed}) {
    CHECK(source->reveal(0, 20) == std::vector<std::int64_t>{0, 0});
    CHECK(source->reveal(1, 20) == std::vector<std::int64_t>{40, 40});
    RowSource later(context, shifted_slots(0, 60), 60);
    later.inherit(source->revealed());
    CHECK(labels_of_epoch(later, 60, 20) == 80);
  }
}

TEST_CASE("a stream does not begin a finite pool anew") {
  const RegimeContext context = context_of({1}, {7}, "table");
  const std::int64_t limit = pool_size(context);
  const SlotFunction slots = [](const Environment& environment) {
    return std::vector<Slot>{{environment.at(0.9), 0, {}}};
  };
  CHECK(StreamSource(context, slots, limit).batch(limit - 10, 10).y.numel() == 10);
  CHECK_THROWS_AS(StreamSource(context, slots, limit + 1).batch(limit - 9, 10), UsageError);
}
