#include "spurion/store.hpp"

#include <cmath>
#include <fstream>

#include "catch.hpp"
#include "spurion/error.hpp"
#include "temporary_folder.hpp"

using namespace spurion;

namespace {

TrialResult result_of(std::int64_t seed) {
  TrialResult result;
  result.spec.environment = {"e", Value()};
  result.spec.model = {"m", Value()};
  result.spec.method = {"f", Value()};
  result.spec.regime = {"r", Value()};
  result.spec.seed = seed;
  result.measurements = {{0, 5, "test", 0.9, "accuracy", 0.1 + 0.2},
                         {1, 6, "dial=0.1", 0.1, "loss", std::nan("")}};
  result.cost.flops = 1e18 / 3;
  return result;
}

}  // namespace

TEST_CASE("what is stored reads back bit for bit") {
  const tests::TemporaryFolder folder;
  {
    Store store(folder.path());
    store.append({result_of(1), result_of(0)});
    store.set_memberships({{result_of(0).spec.id(), "x"},
                           {result_of(1).spec.id(), "x"},
                           {result_of(0).spec.id(), "y"}});
    store.set_context({{"suite", "text"}});
    CHECK(store.finished().size() == 2);
  }
  const StoredResults results = read_results(folder.path());
  REQUIRE(results.trials.size() == 3);
  CHECK(results.context.at("suite") == "text");
  CHECK(results.trials.back().spec.experiment == "y");
  const TrialResult& trial = results.trials.front();
  REQUIRE(trial.measurements.size() == 2);
  CHECK(trial.measurements[0].value == 0.1 + 0.2);
  CHECK(std::isnan(trial.measurements[1].value));
  CHECK(trial.cost.flops == 1e18 / 3);
}

TEST_CASE("a trial already there is left as it is") {
  const tests::TemporaryFolder folder;
  Store store(folder.path());
  store.append({result_of(0)});
  TrialResult again = result_of(0);
  again.measurements.clear();
  store.append({again});
  store.set_memberships({{again.spec.id(), "x"}});
  CHECK(read_results(folder.path()).trials.front().measurements.size() == 2);
}

TEST_CASE("a second writer is refused") {
  const tests::TemporaryFolder folder;
  const Store store(folder.path());
  CHECK_THROWS_WITH(Store(folder.path()), Catch::Contains("in use by another spurion process"));
}

TEST_CASE("damaged, foreign and missing stores are one clear error") {
  const tests::TemporaryFolder folder;
  CHECK_THROWS_WITH(read_results(folder.path()), Catch::Contains("holds no store"));
  CHECK_THROWS_WITH(read_results(folder.path() / "none"), Catch::Contains("is not a folder"));
  std::ofstream(folder.path() / "store.sqlite") << std::string(5000, 'x');
  CHECK_THROWS_AS(read_results(folder.path()), StoreError);
  CHECK_THROWS_WITH(Store(folder.path()), Catch::Contains("damaged or not a spurion store"));
}

TEST_CASE("a folder that cannot be made is a store error") {
  CHECK_THROWS_WITH(Store("/proc/nowhere/x"), Catch::Contains("cannot create output folder"));
}
