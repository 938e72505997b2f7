// What a run does with the trials that its folder holds already.
#include <fmt/format.h>

#include <fstream>

#include "catch.hpp"
#include "harness/store/sqlite.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"
#include "spurion/version.hpp"
#include "temporary_folder.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

Suite suite_of(int steps, int seeds, int base_seed = 0) {
  return Suite::parse(fmt::format(R"toml(
name = "kept"
base_seed = {}
seeds = {}
[defaults]
environment = {{ name = "two_bit" }}
model = {{ name = "linear" }}
method = {{ name = "erm" }}
regime = {{ name = "offline" }}
training = {{ steps = {}, rows = 10, batch = 5 }}
evaluation = {{ rows = 4, training_rows = 0 }}
[[experiment]]
name = "one"
)toml",
                                  base_seed, seeds, steps),
                      "kept.toml");
}

class Folder {
 public:
  Progress run(const Suite& suite, Changed changed = Changed::refuse) {
    RunOptions options;
    options.out = out();
    options.jobs = 1;
    options.changed = changed;
    return run_suite(suite, catalog_, options);
  }
  [[nodiscard]] std::filesystem::path out() const { return folder_.path() / "out"; }
  [[nodiscard]] StoredResults read() const { return read_results(out()); }

  /// Writes the store anew as if something else had made its trials.
  void made_otherwise(const Suite& suite, const std::function<void(Provenance&)>& change) {
    const StoredResults held = read();
    std::filesystem::remove_all(out());
    Store store(out());
    std::vector<TrialResult> results = held.trials;
    Memberships memberships;
    for (TrialResult& trial : results) {
      Provenance other = *trial.made_by;
      change(other);
      trial.made_by = std::make_shared<const Provenance>(other);
      trial.measurements.set_value(0, 7.0);  // to know them by
      memberships.emplace_back(trial.spec.id(), trial.spec.experiment);
    }
    store.set_suite(suite.name, memberships, held.context);
    store.append(results);
  }
  /// How many trials are those of `made_otherwise`.
  [[nodiscard]] std::int64_t marked() const {
    std::int64_t count = 0;
    for (const TrialResult& trial : read().trials) {
      count += trial.measurements.front().value == 7.0 ? 1 : 0;
    }
    return count;
  }

 private:
  tests::TemporaryFolder folder_;
  Catalog catalog_ = builtin_catalog();
};

}  // namespace

TEST_CASE("only trials that the suite expands to are reported after it was edited") {
  Folder folder;
  folder.run(suite_of(2, 4));
  for (const Suite& edited : {suite_of(3, 4), suite_of(2, 2), suite_of(2, 4, 100)}) {
    const std::vector<TrialSpec> wanted = edited.trials(builtin_catalog());
    folder.run(edited);
    const StoredResults results = folder.read();
    REQUIRE(results.trials.size() == wanted.size());
    for (const TrialResult& trial : results.trials) {
      CHECK(trial.spec.training == wanted.front().training);
      CHECK(trial.spec.base_seed == wanted.front().base_seed);
    }
    CHECK(results.context.at("trials") == std::to_string(wanted.size()));
    REQUIRE(results.notes.size() == 1);
    CHECK_THAT(results.notes.front(), Contains("belong to no experiment of the suite"));
  }
  // What was there once is found again.
  CHECK(folder.run(suite_of(3, 4)).trials_found == 4);
}

TEST_CASE("trials that something else made are refused, made again, or kept and told") {
  struct Case {
    std::function<void(Provenance&)> change;
    std::string told;
    bool may_be_kept;
  };
  const std::vector<Case> cases = {
      {[](Provenance& p) { p.version = "0.0.9"; }, "spurion 0.0.9 there, " SPURION_VERSION " here",
       true},
      {[](Provenance& p) { p.code = "abcdef0123456789"; }, "code abcdef01 there", true},
      {[](Provenance& p) { p.libraries = "LibTorch 9"; }, "LibTorch 9 there", true},
      {[](Provenance& p) { p.processor = "abacus"; }, "instruction sets: abacus there", true},
      {[](Provenance& p) {
         p.plugins = {{"my_lab 1.0", "0011223344"}};
       },
       "plug-in my_lab 1.0 (file 00112233) there, no plug-in here", false},
      {[](Provenance& p) { p.device = "cuda"; }, "holds trials that ran on cuda", false}};
  for (const Case& one : cases) {
    INFO(one.told);
    Folder folder;
    folder.run(suite_of(2, 2));
    folder.made_otherwise(suite_of(2, 2), one.change);
    CHECK_THROWS_AS(folder.run(suite_of(2, 3)), UsageError);
    CHECK_THROWS_WITH(folder.run(suite_of(2, 3)), Contains(one.told) && Contains("another --out") &&
                                                      Contains("--rerun-changed"));
    CHECK(folder.marked() == 2);
    // Trials of the suite alone matter.
    CHECK(folder.run(suite_of(3, 2)).trials_found == 0);
    if (one.may_be_kept) {
      CHECK_THROWS_WITH(folder.run(suite_of(2, 3)), Contains("--allow-mixed"));
      CHECK(folder.run(suite_of(2, 3), Changed::allow).trials_found == 2);
      CHECK(folder.marked() == 2);
      CHECK_THAT(folder.read().notes.front(), Contains("belong") || Contains("made by different"));
      CHECK_THAT(folder.read().notes.back(), Contains("The trials were made by different"));
    } else {
      CHECK_THROWS_AS(folder.run(suite_of(2, 3), Changed::allow), UsageError);
    }
    const Progress again = folder.run(suite_of(2, 3), Changed::rerun);
    CHECK(again.trials_changed == 2);
    CHECK(again.trials_done == 3);
    CHECK(folder.marked() == 0);
    for (const std::string& note : folder.read().notes) {
      CHECK(note.find("made by different") == std::string::npos);
    }
    CHECK(folder.run(suite_of(2, 3)).trials_found == 3);
  }
}

TEST_CASE("trials of which it is not recorded what made them are not gone on with") {
  Folder folder;
  {
    Store store(folder.out());
    TrialResult result;
    result.spec = suite_of(2, 2).trials(builtin_catalog()).front();
    store.append({result});
  }
  CHECK_THROWS_WITH(folder.run(suite_of(2, 2)), Contains("what made them is not recorded"));
  CHECK(folder.run(suite_of(2, 2), Changed::rerun).trials_changed == 1);
  CHECK(folder.run(suite_of(2, 2)).trials_found == 2);
}

TEST_CASE("what a run stores says what made it") {
  Folder folder;
  folder.run(suite_of(2, 1));
  const auto made_by = folder.read().trials.front().made_by;
  REQUIRE(made_by != nullptr);
  CHECK(made_by->version == SPURION_VERSION);
  CHECK(made_by->code.size() == 32);
  CHECK_THAT(made_by->libraries, Contains("LibTorch ") && Contains("oneDNN "));
  CHECK_THAT(made_by->processor, Contains("floats wide") && Contains("oneDNN ") && !Contains("0x"));
  CHECK(made_by->device == "cpu");
  CHECK(made_by->plugins.empty());
  CHECK(differences(*made_by, Provenance::parse(made_by->facts())).empty());
}

TEST_CASE("a damaged trial is made again, and the run says so") {
  Folder folder;
  folder.run(suite_of(2, 3));
  const StoredResults before = folder.read();
  harness::sqlite::Database(folder.out() / "store.sqlite", harness::sqlite::Access::write)
      .execute("UPDATE trial SET numbers = json_remove(numbers, '$[1]') WHERE number = 2");
  CHECK(folder.read().trials.size() == 2);
  const Progress again = folder.run(suite_of(2, 3));
  CHECK(again.trials_found == 2);
  REQUIRE(again.notes.size() == 1);
  CHECK_THAT(again.notes.front(), Contains("was damaged: trial ") && Contains("run again"));
  const StoredResults after = folder.read();
  REQUIRE(after.trials.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(after.trials[i].measurements.size() == before.trials[i].measurements.size());
  }
}

TEST_CASE("states that cannot be kept do not end a run, and unfinished ones go away") {
  Folder folder;
  std::filesystem::create_directories(folder.out());
  std::ofstream(folder.out() / "checkpoints") << "a file where the folder should be";
  const Catalog catalog = builtin_catalog();
  RunOptions options;
  options.out = folder.out();
  options.jobs = 1;
  options.checkpoint_seconds = 0.0;
  std::string suite_text = suite_of(3, 2).text;
  suite_text.replace(suite_text.find("offline"), 7, "online");
  const Suite streams = Suite::parse(suite_text, "kept.toml");
  const Progress run = run_suite(streams, catalog, options);
  CHECK(run.trials_done == 2);
  REQUIRE(run.notes.size() == 1);
  CHECK_THAT(run.notes.front(), Contains("state of the trials in training could not be saved in"));
  CHECK(std::filesystem::is_regular_file(folder.out() / "checkpoints"));

  std::filesystem::remove(folder.out() / "checkpoints");
  std::filesystem::create_directories(folder.out() / "checkpoints");
  const auto unfinished = folder.out() / "checkpoints" / "0123456789abcdef.state.partial";
  std::ofstream(unfinished) << "half";
  CHECK(run_suite(streams, catalog, options).notes.empty());
  CHECK_FALSE(std::filesystem::exists(unfinished));
}
