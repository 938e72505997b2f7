// Ids of stored trials are those that the store has, and are not worked out again.
#include "harness/store/identified_results.hpp"

#include <algorithm>

#include "catch.hpp"
#include "harness/store/stored_facts.hpp"
#include "temporary_folder.hpp"

using namespace spurion;

namespace {

TrialResult one_result(std::int64_t seed, Status status) {
  TrialResult result;
  result.spec.environment = {"e", Value()};
  result.spec.model = {"m", Value::Table{{"width", 8 + seed % 2}}};
  result.spec.method = {"f", Value()};
  result.spec.regime = {"r", Value()};
  result.spec.seed = seed;
  result.status = status;
  result.message = status == Status::done ? "" : "nan";
  result.measurements = {{0, 5, "test", 0.9, "accuracy", 0.5}};
  return result;
}

}  // namespace

TEST_CASE("results come with the ids of their trials, each counted once") {
  const tests::TemporaryFolder folder;
  std::vector<harness::TrialId> wanted;
  {
    Store store(folder.path());
    std::vector<TrialResult> all;
    Memberships memberships;
    for (std::int64_t seed = 0; seed < 6; ++seed) {
      all.push_back(one_result(seed, seed == 4 ? Status::diverged : Status::done));
      const std::string id = all.back().spec.id();
      memberships.emplace_back(id, "a");
      if (seed > 3) memberships.emplace_back(id, "b");
      if (seed > 0) wanted.push_back(harness::trial_id(all.back().spec));
    }
    store.append(all);
    store.set_memberships(memberships);
  }
  std::sort(wanted.begin(), wanted.end());
  const harness::IdentifiedResults found = harness::read_identified(folder.path());
  REQUIRE(found.results.trials.size() == 8);
  REQUIRE(found.ids.size() == 8);
  std::int64_t distinct = 0;
  const std::vector<bool> first = harness::first_times(found.ids);
  for (std::size_t i = 0; i < found.ids.size(); ++i) {
    CHECK(found.ids[i].text() == found.results.trials[i].spec.id());
    distinct += first[i] ? 1 : 0;
    CHECK(first[i] == (found.results.trials[i].spec.experiment == "a"));
  }
  CHECK(distinct == 6);
  const harness::Outcomes outcomes = harness::outcomes_of(found, wanted);
  CHECK(outcomes.done == 4);
  CHECK(outcomes.diverged == 1);
  CHECK(outcomes.failed == 0);
  REQUIRE(outcomes.messages.size() == 1);
  CHECK(outcomes.messages.begin()->second == 1);
}
