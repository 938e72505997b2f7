#include "harness/data/data_cache.hpp"

#include <ATen/ATen.h>

#include <thread>

#include "catch.hpp"

using namespace spurion;

namespace {

Component two_bit(const Catalog& catalog) {
  Problems problems;
  const auto& entry = catalog.environments.at("two_bit");
  Component component{"two_bit", entry.schema.normalise(Value::Table{}, "options", problems)};
  problems.raise();
  return component;
}

bool same(const Sample& a, const Sample& b) {
  return at::equal(a.x, b.x) && at::equal(a.y, b.y) && at::equal(a.causal, b.causal) &&
         at::equal(a.spurious, b.spurious) && at::equal(a.group, b.group);
}

}  // namespace

TEST_CASE("rows from the cache are the environment's, in any order of asking") {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const Component component = two_bit(catalog);
  harness::EnvironmentPool pool(catalog, sources);
  harness::DataCache cache(1e9);
  const auto cached = cache.environment(component, 5, pool);
  const auto plain = catalog.environments.at("two_bit").make({component.options}, {5, sources});
  const Domain test = plain->test_domain();
  for (const RowRange rows : {RowRange{0, 10}, RowRange{0, 100}, RowRange{0, 30}, RowRange{7, 50},
                              RowRange{0, 0}, RowRange{1000, 3}}) {
    for (const Split split : {Split::train, Split::test}) {
      CHECK(same(cached->sample(test, split, rows), plain->sample(test, split, rows)));
    }
    const Intervention flip = Intervention::flip(plain->info().cue);
    CHECK(same(cached->sample(test, Split::test, rows, flip),
               plain->sample(test, Split::test, rows, flip)));
  }
  CHECK(same(cached->sample(cached->at(0.25), Split::test, {0, 20}),
             plain->sample(plain->at(0.25), Split::test, {0, 20})));
  CHECK(cached->ceilings(test).bayes.value == plain->ceilings(test).bayes.value);
  CHECK_THROWS_AS(cached->sample(test, Split::test, {-1, 2}), UsageError);
}

TEST_CASE("one environment for each data seed, and rows made once") {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const Component component = two_bit(catalog);
  harness::EnvironmentPool pool(catalog, sources);
  harness::DataCache cache(1e9);
  const auto first = cache.environment(component, 5, pool);
  CHECK(first == cache.environment(component, 5, pool));
  CHECK(first != cache.environment(component, 6, pool));
  const Domain test = first->test_domain();
  const Sample rows = first->sample(test, Split::test, {0, 100});
  CHECK(first->sample(test, Split::test, {0, 40}).x.data_ptr() == rows.x.data_ptr());
}

TEST_CASE("the cache keeps to its limit and lets go of what was not asked for longest") {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const Component component = two_bit(catalog);
  constexpr double kLimit = 100e3;
  harness::EnvironmentPool pool(catalog, sources);
  harness::DataCache cache(kLimit);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto environment = cache.environment(component, seed, pool);
    const Sample rows = environment->sample(environment->test_domain(), Split::test, {0, 1000});
    CHECK(cache.bytes() <= kLimit);
    CHECK(cache.bytes() > 0.0);
    // Rows in use stay whole, whatever the cache lets go of.
    CHECK(rows.x.size(0) == 1000);
  }
  const auto environment = cache.environment(component, 19, pool);
  const Domain test = environment->test_domain();
  const Sample kept = environment->sample(test, Split::test, {0, 1000});
  CHECK(environment->sample(test, Split::test, {0, 1000}).x.data_ptr() == kept.x.data_ptr());
}

TEST_CASE("a few rows count with the memory that their tensors and names take besides") {
  const Catalog catalog = builtin_catalog();
  const Component component = two_bit(catalog);
  harness::EnvironmentPool pool(catalog, std::make_shared<const DataSources>());
  constexpr double kLimit = 50e3;
  harness::DataCache cache(kLimit);
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto environment = cache.environment(component, seed, pool);
    static_cast<void>(environment->sample(environment->test_domain(), Split::test, {0, 1}));
    CHECK(cache.bytes() <= kLimit);
    if (seed == 0) CHECK(cache.bytes() > 1000.0);
  }
}

TEST_CASE("rows go after the last pack that uses them, and only those") {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const Component component = two_bit(catalog);
  harness::EnvironmentPool pool(catalog, sources);
  harness::DataCache cache(1e9);
  const auto fill = [&](std::uint64_t seed) {
    const auto environment = cache.environment(component, seed, pool);
    static_cast<void>(environment->sample(environment->test_domain(), Split::test, {0, 100}));
    return cache.bytes();
  };
  const std::string first = harness::EnvironmentPool::key(component, 1);
  cache.expect(first);
  cache.expect(first);
  cache.expect(harness::EnvironmentPool::key(component, 2));
  const double one = fill(1);
  CHECK(fill(2) == 2 * one);
  cache.done(first);
  CHECK(cache.bytes() == 2 * one);
  cache.done(first);
  CHECK(cache.bytes() == one);
  cache.done(harness::EnvironmentPool::key(component, 2));
  CHECK(cache.bytes() == 0.0);
}

TEST_CASE("threads that ask for the same rows get the same rows") {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  const Component component = two_bit(catalog);
  harness::EnvironmentPool pool(catalog, sources);
  harness::DataCache cache(50e3);
  const auto plain = catalog.environments.at("two_bit").make({component.options}, {5, sources});
  const Sample expected = plain->sample(plain->test_domain(), Split::test, {0, 1200});
  std::vector<char> right(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([&, t] {
      bool all = true;
      for (std::int64_t i = 0; i < 200; ++i) {
        const auto environment = cache.environment(component, 5, pool);
        const std::int64_t count = 100 + (i * 37 + static_cast<std::int64_t>(t) * 11) % 1100;
        const Sample rows =
            environment->sample(environment->test_domain(), Split::test, {0, count});
        all = all && at::equal(rows.x, expected.x.narrow(0, 0, count));
      }
      right[t] = all ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == std::vector<char>(4, 1));
}
