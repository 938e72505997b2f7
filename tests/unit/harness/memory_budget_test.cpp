#include "harness/plan/memory_budget.hpp"

#include <malloc.h>

#include <string>

#include "catch.hpp"
#include "harness/plan/expansion.hpp"
#include "spurion/error.hpp"
#include "unit/harness/test_suites.hpp"

using namespace spurion;

TEST_CASE("shares of the memory add up to what was asked for") {
  const double held = harness::resident_memory();
  CHECK(held > 0.0);
  CHECK(harness::peak_memory() >= 0.5 * held);
  for (const double total : {held + 400e6, 8e9}) {
    const harness::MemoryBudget budget = harness::split_memory(total, 2);
    CHECK(budget.total == total);
    CHECK(budget.process > held);
    CHECK(budget.cache > 0.0);
    CHECK(budget.packs > budget.cache);
    CHECK(budget.process + budget.cache + budget.packs <= total * (1 + 1e-12));
  }
  CHECK(harness::split_memory(8e9, 4).packs < harness::split_memory(8e9, 1).packs);
  CHECK(harness::split_memory(0.0, 1).total > 0.0);
}

TEST_CASE("the cache gets what the packs that run at once leave") {
  std::vector<Pack> packs(3);
  packs[0].memory_bytes = 100e6;
  packs[1].memory_bytes = 300e6;
  packs[2].memory_bytes = 200e6;
  harness::MemoryBudget budget;
  budget.cache = 250e6;
  budget.packs = 750e6;
  harness::MemoryBudget two = budget;
  harness::lend_to_cache(two, packs, 2);
  CHECK(two.packs == 500e6);
  CHECK(two.cache == 500e6);
  harness::MemoryBudget many = budget;
  harness::lend_to_cache(many, packs, 8);
  CHECK(many.packs == 600e6);
  // Packs that cannot all run at once leave nothing, and none is asked to take less.
  budget.packs = 400e6;
  harness::lend_to_cache(budget, packs, 2);
  CHECK(budget.packs == 400e6);
  CHECK(budget.cache == 250e6);
  // Beyond some size a cache hardly helps.
  budget.packs = 64e9;
  harness::lend_to_cache(budget, packs, 1);
  CHECK(budget.cache == 2e9);
  CHECK(budget.packs == 64e9 - (2e9 - 250e6));
}

TEST_CASE("too little memory is refused with what is needed") {
  CHECK_THROWS_WITH(harness::split_memory(50e6, 2), Catch::Contains("--memory 50M is too little") &&
                                                        Catch::Contains("needs about"));
}

TEST_CASE("starts that hold nearly the same memory are told the same need, and it is enough") {
  CHECK(harness::told_memory(172e6, 2) == harness::told_memory(175e6, 2));
  CHECK(harness::told_memory(173e6, 2) == 310e6);
  CHECK(harness::told_memory(173e6, 10000) == 210e9);
  for (const std::int64_t jobs : {1, 2, 64, 10000}) {
    CAPTURE(jobs);
    // 5 MB more than now: what the process may grow by before it is asked.
    CHECK_NOTHROW(
        harness::split_memory(harness::told_memory(harness::resident_memory() + 5e6, jobs), jobs));
    for (const double held : {1e6, 63e6, 173e6, 400e6, 5e9}) {
      CHECK(harness::told_memory(held, jobs) > held);
      CHECK(harness::told_memory(held, jobs) <=
            1.1 * (held + 64e6 + harness::told_memory(0.0, jobs)));
    }
  }
}

TEST_CASE("what planning is said to take is what trials take, and room to make packs of them") {
#if defined(__GLIBC__)
  const auto swapped = [](std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
  };
  const std::string grid =
      swapped(tests::tiny_suite(), "optimizer.learning_rate", "optimizer.weight_decay");
  const std::string search =
      "[experiment.search]\nconfigurations = 300\nfields = [\"optimizer.learning_rate\", "
      "\"method.penalty_weight\"]\n";
  for (const std::string& text : {swapped(grid, "seeds = 3", "seeds = 1000"),
                                  swapped(grid, "[[question]]", search + "[[question]]")}) {
    const Suite suite = Suite::parse(text, "s.toml");
    const Catalog catalog = builtin_catalog();
    (void)harness::expand(suite, catalog, 0.0);  // what is made once is there
    const auto in_use = [] {
      const auto info = mallinfo2();
      return static_cast<double>(info.uordblks) + static_cast<double>(info.hblkhd);
    };
    const double before = in_use();
    const harness::Expansion expansion = harness::expand(suite, catalog, 0.0);
    const double taken = in_use() - before;
    if (taken <= 0.0) continue;  // another allocator, such as that of a sanitizer
    const double said = harness::planning_bytes(suite.experiments.front());
    CAPTURE(text, taken, said, expansion.trials.size());
    CHECK(said > taken);
    CHECK(said < 2.5 * taken);
  }
#endif
}
