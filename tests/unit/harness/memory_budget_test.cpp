#include "harness/memory_budget.hpp"

#include "catch.hpp"
#include "spurion/error.hpp"

using namespace spurion;

TEST_CASE("shares of the memory add up to what was asked for") {
  const double held = resident_memory();
  CHECK(held > 0.0);
  CHECK(peak_memory() >= 0.5 * held);
  for (const double total : {held + 400e6, 8e9}) {
    const MemoryBudget budget = split_memory(total, 2);
    CHECK(budget.total == total);
    CHECK(budget.process > held);
    CHECK(budget.cache > 0.0);
    CHECK(budget.packs > budget.cache);
    CHECK(budget.process + budget.cache + budget.packs <= total * (1 + 1e-12));
  }
  CHECK(split_memory(8e9, 4).packs < split_memory(8e9, 1).packs);
  CHECK(split_memory(0.0, 1).total > 0.0);
}

TEST_CASE("too little memory is refused with what is needed") {
  CHECK_THROWS_WITH(split_memory(50e6, 2), Catch::Contains("--memory 50M is too little") &&
                                               Catch::Contains("needs about"));
}
