#include <filesystem>
#include <sstream>

#include "catch.hpp"
#include "cli/shell.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

/// A suite of a moment whose accuracy is said to be published as `value`.
std::string claiming(const std::string& value) {
  return R"(name = "claims"
seeds = 3
[quick]
seeds = 2
[defaults]
environment = { name = "two_bit" }
model = { name = "linear" }
method = { name = "erm" }
regime = { name = "offline" }
training = { steps = 20, rows = 200, batch = 0 }
evaluation = { rows = 500, training_rows = 0 }
optimizer = { name = "adam", learning_rate = 0.1 }
[[experiment]]
name = "one"
[[question]]
text = "As published?"
kind = "published"
experiment = "one"
rows = [{ label = "accuracy", domain = "in_distribution", metric = "accuracy", value = )" +
         value + R"(, spread = 0.01, runs = 10 }]
)";
}

constexpr const char* kNeedsMnist = R"(name = "digits"
[defaults]
environment = { name = "coloured_images", source = "mnist" }
model = { name = "mlp", width = 4 }
method = { name = "erm" }
regime = { name = "offline" }
training = { steps = 1, rows = 10 }
[[experiment]]
name = "one"
[[question]]
text = "As published?"
kind = "published"
experiment = "one"
rows = [{ label = "accuracy", domain = "test", metric = "accuracy", value = 0.2, runs = 10 }]
)";

/// The words of a text, which may be broken into lines anywhere.
std::string words_of(const std::string& text) {
  std::istringstream words(text);
  std::string out;
  for (std::string word; words >> word;) out += (out.empty() ? "" : " ") + word;
  return out;
}

}  // namespace

TEST_CASE("verify agrees with exit code 0, keeps its trials, and both sizes share them") {
  Shell shell;
  shell.write("claims.toml", claiming("0.9"));
  const Finished quick = shell.run({"verify", "claims.toml", "--quiet"});
  CAPTURE(quick.out, quick.err);
  CHECK(quick.code == 0);
  CHECK(quick.err.empty());
  CHECK_THAT(quick.out, Contains("agree: 1, differ: 0") && Contains("claims.toml") &&
                            Contains("0.9000 ± 0.0100"));
  CHECK(std::filesystem::exists(shell.path("results/claims/store.sqlite")));
  const Finished full = shell.run({"verify", "claims.toml", "--size", "full"});
  CHECK(full.code == 0);
  const Finished found = shell.run({"run", "claims.toml", "--dry-run"});
  CHECK_THAT(found.out, Contains("3 found in results/claims, 0 to run"));
}

TEST_CASE("verify ends with exit code 1 where a number differs") {
  Shell shell;
  shell.write("claims.toml", claiming("0.2"));
  const Finished differs =
      shell.run({"verify", "claims.toml", "--quiet", "--format", "csv", "--out", "checks"});
  CHECK(differs.code == 1);
  CHECK_THAT(differs.out, Contains("suite,number,published,ours,difference_in_standard_errors") &&
                              Contains(",differ\n"));
  CHECK(std::filesystem::exists(shell.path("checks/claims/store.sqlite")));
}

TEST_CASE("verify says what it does not run, and why") {
  Shell shell;
  shell.write("claims.toml", claiming("0.9"));
  shell.write("digits.toml", kNeedsMnist);
  std::string longer = claiming("0.9");
  longer.replace(longer.find("seeds = 2"), 9, "left_out = true");
  shell.write("longer.toml", longer);
  const Finished several =
      shell.run({"verify", "claims.toml", "digits.toml", "longer.toml", "--quiet"});
  CAPTURE(several.out, several.err);
  CHECK(several.code == 0);
  const std::string said = words_of(several.out);
  CHECK_THAT(said, Contains("digits.toml is not run: image source 'mnist' is not installed") &&
                       Contains("longer.toml is not run: it takes long: add --size full."));
  CHECK_THAT(said, Contains("install.sh mnist"));
  CHECK(shell.run({"verify", "longer.toml", "--quiet"}).code == 1);  // compared nothing
  const Finished alone = shell.run({"verify", "digits.toml"});
  CHECK(alone.code == 3);
  CHECK_THAT(alone.err, Contains("datasets/install.sh mnist"));
}

TEST_CASE("verify refuses what it cannot verify") {
  Shell shell;
  const Finished unknown = shell.run({"verify", "linear_unit_tets"});
  CHECK(unknown.code == 2);
  CHECK_THAT(unknown.err, Contains("did you mean") && Contains("'published/linear_unit_tests'"));
  const Finished nothing = shell.run({"verify", "first_look"});
  CHECK(nothing.code == 2);
  CHECK_THAT(nothing.err, Contains("suite 'first_look' has no published numbers or claims"));
  const Finished size = shell.run({"verify", "--size", "small"});
  CHECK(size.code == 2);
  CHECK_THAT(size.err, Contains("expects quick or full, got 'small'"));
}
