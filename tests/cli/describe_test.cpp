#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/shell.hpp"
#include "spurion/suite.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

TEST_CASE("a thing of every noun and every suite can be described, as text and as JSON") {
  Shell shell;
  std::vector<std::string> names = suite_names();
  names.insert(names.end(), {"chain_sem", "mlp", "erm", "online", "worst_group"});
  for (const std::string& name : names) {
    CAPTURE(name);
    const Finished text = shell.run({"describe", name});
    CHECK(text.code == 0);
    CHECK(text.err.empty());
    CHECK_THAT(text.out, Contains(" " + name));
    const Finished json = shell.run({"describe", name, "--format", "json"});
    CHECK(json.code == 0);
    CHECK(nlohmann::json::parse(json.out).at("name") == name);
  }
}

TEST_CASE("a method's description has its options and what it needs to see") {
  Shell shell;
  const Finished irm = shell.run({"describe", "irm_v1"});
  CHECK_THAT(irm.out, Contains("method irm_v1 (built-in)") && Contains("arXiv:1907.02893") &&
                          Contains("needs to see: domain labels"));
  CHECK_THAT(irm.out, Contains("penalty_weight*") && Contains("log-uniform in [100, 1000000]") &&
                          Contains("one of: scale, affine"));
  const auto json =
      nlohmann::json::parse(shell.run({"describe", "irm_v1", "--format", "json"}).out);
  CHECK(json.at("options").at(0).at("name") == "penalty_weight");
  CHECK(json.at("options").at(0).at("per_replica") == true);
}

TEST_CASE("an environment's description has mechanism, graph, dial, domains and ceilings") {
  Shell shell;
  const Finished text = shell.run({"describe", "two_bit"});
  CHECK_THAT(text.out, Contains("mechanism") && Contains("causal graph") && Contains("dial") &&
                           Contains("domains") && Contains("ceilings"));
  CHECK_THAT(text.out, Contains("label -> x1") && Contains("do(x2 := other)"));
  const auto json =
      nlohmann::json::parse(shell.run({"describe", "two_bit", "--format", "json"}).out);
  CHECK(json.at("ceilings").at(0).at("invariant").at("value") == Approx(0.9));
  CHECK(json.at("dial").at("mixture") == true);
}

TEST_CASE("an environment can be described with other options") {
  Shell shell;
  const auto json = nlohmann::json::parse(
      shell.run({"describe", "two_bit", "alpha=0.25", "betas=[0.1, 0.2, 0.3]", "--format", "json"})
          .out);
  CHECK(json.at("ceilings").at(0).at("invariant").at("value") == Approx(0.75));
  CHECK(json.at("domains").size() == 4);
  CHECK(shell.run({"describe", "linear_unit_tests", "example=3s"}).code == 0);
  const Finished unknown = shell.run({"describe", "two_bit", "alpah=0.2"});
  CHECK(unknown.code == 2);
  CHECK_THAT(unknown.err, Contains("unknown option 'alpah' of two_bit; did you mean 'alpha'?"));
  CHECK(shell.run({"describe", "two_bit", "alpha"}).err ==
        "spurion: 'alpha' is not of the form option=value\n");
}

TEST_CASE("without its images an environment is described as far as it goes") {
  Shell shell;
  const Finished text = shell.run({"describe", "coloured_images"});
  CHECK(text.code == 0);
  CHECK_THAT(text.out, Contains("datasets/install.sh fashion_mnist") && Contains("label_noise"));
  const auto json =
      nlohmann::json::parse(shell.run({"describe", "coloured_images", "--format", "json"}).out);
  CHECK(json.contains("unavailable"));
  const Finished glyphs = shell.run({"describe", "coloured_images", "source=glyphs"});
  CHECK_THAT(glyphs.out, Contains("0.7500"));
}

TEST_CASE("an unknown name is answered with the nearest") {
  Shell shell;
  const Finished finished = shell.run({"describe", "irmv1"});
  CHECK(finished.code == 2);
  CHECK_THAT(finished.err, Contains("unknown name 'irmv1'; did you mean 'irm_v1'? (there are: "));
}
