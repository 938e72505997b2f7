// Ids of stored trials are those that the store has, and are not worked out again.
#include "harness/store/identified_results.hpp"

#include <algorithm>
#include <functional>

#include "catch.hpp"
#include "harness/store/kept_results.hpp"
#include "harness/store/measurement_layout.hpp"
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

/// Makes a store of six trials, of which two are in two experiments.
struct SixTrials {
  std::vector<TrialSpec> specs;  ///< each as often as it is in an experiment
  std::vector<harness::TrialId> ids;
  Memberships memberships;

  [[nodiscard]] std::function<TrialSpec(std::size_t)> spec_at() const {
    return [this](std::size_t place) { return specs.at(place); };
  }

  explicit SixTrials(const std::filesystem::path& folder) {
    std::vector<TrialResult> all;
    for (std::int64_t seed = 0; seed < 6; ++seed) {
      all.push_back(one_result(seed, seed == 4 ? Status::diverged : Status::done));
      all.back().made_by =
          std::make_shared<const Provenance>(Provenance{"0.1", "c", "l", "p", "cpu", {}, {}});
      for (const char* experiment : {"a", "b"}) {
        if (seed < 4 && *experiment == 'b') continue;
        specs.push_back(all.back().spec);
        ids.push_back(harness::trial_id(specs.back()));
        memberships.emplace_back(ids.back().text(), experiment);
      }
    }
    Store store(folder);
    store.append(all);
    store.set_suite("s", memberships, {{"suite_name", "s"}, {"seconds", "1"}});
  }
};

/// Whatever a reader sees.
std::vector<std::string> all_of(const harness::IdentifiedResults& found) {
  std::vector<std::string> lines = found.results.notes;
  for (const auto& [key, value] : found.results.context) lines.push_back(key + "=" + value);
  for (std::size_t i = 0; i < found.ids.size(); ++i) {
    const TrialResult& trial = found.results.trials[i];
    lines.push_back(
        found.ids[i].text() + trial.spec.experiment + trial.spec.canonical().canonical_json() +
        status_name(trial.status) + trial.message + (trial.made_by ? trial.made_by->facts() : "") +
        harness::packed(trial.measurements).rows + harness::packed(trial.measurements).values);
  }
  return lines;
}

}  // namespace

TEST_CASE("a run that finds all of its trials reads their results once") {
  const tests::TemporaryFolder folder;
  SixTrials six(folder.path());
  std::shared_ptr<harness::StoreContent> kept;
  {
    Store store(folder.path(), 6);
    const harness::StoredFacts facts = store.facts();
    REQUIRE(facts.kept);
    CHECK(store.take_content() == nullptr);  // nobody has said what the trials are
  }
  {
    Store store(folder.path(), 6);
    CHECK(harness::give_specs(*store.facts().kept, six.spec_at(), six.ids));
    six.memberships.erase(six.memberships.begin());  // the trial of seed 0 belongs to none now
    store.set_suite("s", six.memberships, {{"suite_name", "s"}, {"seconds", "2"}});
    kept = store.take_content();
    REQUIRE(kept);
    CHECK(store.take_content() == nullptr);
  }
  const harness::IdentifiedResults read = harness::read_identified(folder.path());
  CHECK(read.results.trials.size() == 7);
  CHECK(read.results.notes.size() == 1);  // of the one that was left out
  CHECK(read.results.context.at("seconds") == "2");
  CHECK(all_of(harness::read_identified(folder.path(), {}, kept)) == all_of(read));
}

TEST_CASE("results are not kept where a run has other trials than the store, or adds some") {
  const tests::TemporaryFolder folder;
  SixTrials six(folder.path());
  {
    Store store(folder.path(), 7);  // one is left to run
    CHECK(store.facts().kept == nullptr);
  }
  {
    Store store(folder.path(), 5);  // the store has one of another suite
    six.specs.erase(six.specs.begin());
    six.ids.erase(six.ids.begin());
    CHECK_FALSE(harness::give_specs(*store.facts().kept, six.spec_at(), six.ids));
    CHECK(store.take_content() == nullptr);
  }
  SixTrials again(folder.path());
  {
    Store store(folder.path(), 6);
    CHECK(harness::give_specs(*store.facts().kept, again.spec_at(), again.ids));
    store.append({one_result(6, Status::done)});
    CHECK(store.take_content() == nullptr);
  }
}

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
