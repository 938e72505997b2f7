#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/shell.hpp"
#include "data/npz.hpp"
#include "spurion/suite.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

TEST_CASE("a thing of every noun and every suite can be described, as text and as JSON") {
  Shell shell;
  std::vector<std::string> names = suite_names();
  names.insert(names.end(), {"chain_sem", "mlp", "erm", "online", "worst_group", "trend", "suite"});
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

TEST_CASE("kinds of questions, probes and a suite file are described") {
  Shell shell;
  const Finished published = shell.run({"describe", "published"});
  CHECK_THAT(published.out, Contains("question kind published (built-in)") &&
                                Contains("rows    list of tables  (required)") &&
                                Contains("each table of 'rows'") && Contains("rounding") &&
                                Contains("keys of every question") && Contains("where"));
  const Finished suite = shell.run({"describe", "suite"});
  CHECK_THAT(suite.out, Contains("[[experiment]]") && Contains("[[question]]") &&
                            Contains("base_seed") && Contains("spurion list questions"));
  CHECK_THAT(shell.run({"describe", "linear_probe"}).out,
             Contains("sees: activations, labels, cue labels") && Contains("blind to whether"));
  // Patches need the cue of each row, which a minibatch does not tell.
  CHECK_THAT(shell.run({"describe", "activation_patching"}).out,
             Contains("cannot be a penalty in a loss"));
  CHECK_THAT(shell.run({"describe", "occlusion"}).out,
             Contains("can be a penalty in a loss (probe_penalty)"));
  CHECK_THAT(shell.run({"describe", "probe_penalty"}).out, Contains("smooth_grad"));
  CHECK_THAT(shell.run({"describe", "oracle"}).out,
             Contains("selector oracle (built-in)") &&
                 Contains("reads: validation rows of the test domain (leak)"));
}

TEST_CASE("an environment's description has mechanism, graph, shift, domains and ceilings") {
  Shell shell;
  const Finished text = shell.run({"describe", "two_bit"});
  CHECK_THAT(text.out, Contains("1 of 2 inputs carry the cue 'x2'."));
  CHECK_THAT(text.out, Contains("mechanism") && Contains("causal graph") && Contains("shift") &&
                           Contains("domains") && Contains("ceilings"));
  CHECK_THAT(text.out, Contains("label -> x1") && Contains("do(x2 := other)"));
  const auto json =
      nlohmann::json::parse(shell.run({"describe", "two_bit", "--format", "json"}).out);
  CHECK(json.at("ceilings").at(0).at("invariant").at("value") == Approx(0.9));
  CHECK(json.at("shift").at("mixture") == true);
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
  CHECK_THAT(finished.err,
             Contains("nothing is called 'irmv1'; the nearest: 'irm_v1'. 'spurion list' "));
  // Not the list of all names.
  CHECK(finished.err.size() < 300);
  CHECK_THAT(shell.run({"describe", "shapes"}).err, Contains("'textured_shapes'"));
}

TEST_CASE("what is described is the world that a default export writes") {
  Shell shell;
  const auto json = nlohmann::json::parse(shell.run({"describe", "table", "--format", "json"}).out);
  CHECK(json.at("depends_on_seed") == true);
  CHECK(json.at("seed") == 0);
  CHECK(json.at("base_seed") == 0);
  REQUIRE(shell.run({"export", "table", "--out", "rows.npz"}).code == 0);
  const auto rows = data::read_npz(shell.path("rows.npz"));
  std::int64_t first = 0;
  for (std::int64_t row = 0; row < rows.at("domain").count(); ++row) {
    first += rows.at("domain").number(row) == 0.0 ? 1 : 0;
  }
  CHECK(json.at("domains").at(0).at("train_rows") == first);
  CHECK_THAT(shell.run({"describe", "table"}).out,
             Contains("These numbers hold for seed 0 and base seed 0"));
  const Finished fixed = shell.run({"describe", "two_bit"});
  CHECK(fixed.out.find("These numbers hold for") == std::string::npos);
}

TEST_CASE("the text says how every ceiling was computed and how far off it may be") {
  Shell shell;
  const Finished mixed = shell.run({"describe", "linear_unit_tests"});
  CHECK_THAT(mixed.out, Contains("Bayes: closed form (train_0, train_1, train_2, test, shift 1), "
                                 "empirical within "));
  CHECK_THAT(mixed.out, Contains("(shift 0 to") && Contains(" \u00b1"));
  const Finished exact = shell.run({"describe", "two_bit"});
  CHECK(exact.out.find("\u00b1") == std::string::npos);
  CHECK_THAT(exact.out, !Contains("within"));
}

TEST_CASE("a word that looks like a number is a word where the option is one") {
  Shell shell;
  for (const char* example : {"example=2", "example=\"2\""}) {
    const Finished two = shell.run({"describe", "linear_unit_tests", example});
    CHECK(two.err.empty());
    CHECK_THAT(two.out, Contains("Linear unit test 2"));
  }
  const Finished five = shell.run({"describe", "linear_unit_tests", "example=5"});
  CHECK(five.code == 2);
  CHECK_THAT(five.err, Contains("must be one of: 1, 2, 3, 1s, 2s, 3s, got '5'"));
  CHECK_THAT(shell.run({"describe", "linear_unit_tests", "example=[2]"}).err,
             Contains("expects a string, one of: 1, 2, 3, 1s, 2s, 3s, got list"));
  const Finished unused = shell.run({"describe", "mlp", "width=3"});
  CHECK(unused.code == 2);
  CHECK_THAT(unused.err, Contains("only environments, methods, regimes, probes do"));
}

TEST_CASE("data that were asked for and are no data are an error, not a description") {
  Shell shell;
  shell.write("bad.csv", "v,label\n1,0\n2\n");
  shell.write("bad.npy", "garbage");
  shell.write("bad.npz", "garbage");
  const std::vector<std::vector<std::string>> all = {{"table", "file=none.csv"},
                                                     {"table", "file=bad.csv"},
                                                     {"table", "file=bad.npy"},
                                                     {"table", "file=bad.npz"},
                                                     {"table", "label=lable"},
                                                     {"images", "images=bad.npy"},
                                                     {"images", "labels=bad.csv"},
                                                     {"coloured_images", "source=mnist"},
                                                     {"coloured_images", "source=fashion_mnist"}};
  for (const auto& world : all) {
    CAPTURE(world.front(), world.back());
    const Finished described = shell.run({"describe", world.front(), world.back()});
    const Finished exported = shell.run({"export", world.front(), world.back(), "--out", "x.npz"});
    CHECK(described.code == 3);
    CHECK(described.out.empty());
    CHECK(described.err == exported.err);
    CHECK(exported.code == 3);
  }
  CHECK(shell.run({"describe", "table"}).code == 0);
  // The usual images are missing, and nobody asked for them.
  CHECK(shell.run({"describe", "coloured_images", "label_noise=0.1"}).code == 0);
}

TEST_CASE("every cue of a world has its interventions, its dial and its test domain") {
  Shell shell;
  const auto json =
      nlohmann::json::parse(shell.run({"describe", "two_shortcuts", "--format", "json"}).out);
  const auto has = [&](const char* intervention) {
    for (const auto& one : json.at("interventions")) {
      if (one == intervention) return true;
    }
    return false;
  };
  CHECK(has("do(background := other)"));
  CHECK(has("do(companion := independent draw)"));
  CHECK(has("do(all cues := independent draw)"));
  CHECK(has("do(object := other)"));
  CHECK(json.at("cues").size() == 2);
  REQUIRE(json.at("domains").size() == 5);
  const auto& companion = json.at("domains").at(4);
  CHECK(companion.at("name") == "test_companion");
  CHECK(companion.at("shifts").at(0).get<double>() == Approx(0.075));
  CHECK(companion.at("shifts").at(1).get<double>() == Approx(0.95));
  const Finished text = shell.run({"describe", "two_shortcuts"});
  CHECK_THAT(text.out, Contains("background, companion, all cues") &&
                           Contains("companion in [0.0, 1.0]: P(companion disagrees") &&
                           Contains("test_companion   0.075       0.95"));
}
