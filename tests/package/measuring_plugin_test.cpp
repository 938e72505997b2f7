#include "catch.hpp"
#include "cli/shell.hpp"
#include "spurion/store.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

constexpr const char* kMeasuringSuite = R"toml(
name = "measuring"
seeds = 3
[defaults]
environment = { name = "two_bit" }
model = { name = "linear" }
method = { name = "erm" }
regime = { name = "offline" }
evaluation = { rows = 200, training_rows = 0 }
[[experiment]]
name = "sizes"
[experiment.grid]
training = [{ steps = 5, rows = 100, batch = 20 }, { steps = 60, rows = 100, batch = 20 }]
[[question]]
text = "Do models get surer?"
kind = "trend"
experiment = "sizes"
axis = "training.steps"
metric = "sure_share"
claim = "rises"
)toml";

std::vector<std::string> with_measuring(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--plugin", SPURION_MEASURING_PLUGIN});
  return arguments;
}

}  // namespace

TEST_CASE("a metric of a plug-in is seen everywhere, in reports without the plug-in too") {
  Shell shell;
  shell.write("s.toml", kMeasuringSuite);
  const Finished run = shell.run(with_measuring({"run", "s.toml", "--out", "out"}));
  CHECK(run.err.empty());
  REQUIRE(run.code == 0);

  const StoredResults results = read_results(shell.path("out"));
  REQUIRE(results.trials.size() == 6);
  for (const TrialResult& trial : results.trials) {
    CHECK(trial.measurements.last("test", "sure_share"));
    CHECK(trial.measurements.last("in_distribution", "logit_size"));
  }

  const Finished report = shell.run({"report", "out"});
  CHECK(report.code == 0);
  const std::string csv = read_file(shell.path("out/csv/results.csv"));
  const std::string head = csv.substr(0, csv.find('\n'));
  CHECK_THAT(head, Contains("in_distribution.sure_share") && Contains("test.logit_size"));
  CHECK_THAT(read_file(shell.path("out/csv/dictionary.csv")),
             Contains("share of rows whose logit is above 1 in size") &&
                 Contains("mean of the absolute logit") && Contains("\"[0, 1000]\"") &&
                 Contains("logits"));
  CHECK_THAT(read_file(shell.path("out/report.html")),
             Contains("share of rows whose logit is above 1 in size"));
  CHECK_THAT(shell.run({"report", "out", "--text"}).out, Contains("sure share"));
}

TEST_CASE("list, describe and selftest know the metric and the image source of a plug-in") {
  Shell shell;
  const Finished metrics = shell.run(with_measuring({"list", "metrics"}));
  CHECK_THAT(metrics.out, Contains("sureness") && Contains("logit_size, sure_share"));
  const Finished metric = shell.run(with_measuring({"describe", "sureness"}));
  CHECK_THAT(metric.out, Contains("sure_share") && Contains("[0, 1]") &&
                             Contains("share of rows whose logit is above 1 in size"));
  CHECK_THAT(shell.run(with_measuring({"describe", "sure_share"})).out,
             Contains("metric sureness") && Contains("share of rows"));
  CHECK_THAT(shell.run(with_measuring({"list", "image_sources"})).out,
             Contains("stripes") && Contains("[measuring 1.0]"));
  CHECK_THAT(shell.run(with_measuring({"describe", "stripes"})).out,
             Contains("6,000 + 1,000 images, 28 x 28, 10 classes"));
  CHECK_THAT(shell.run(with_measuring({"data", "status"})).out, Contains("stripes"));
  const Finished selftest = shell.run(with_measuring({"selftest"}));
  CHECK(selftest.code == 0);
  CHECK_THAT(selftest.out, Contains("metric sureness") && Contains("image source stripes"));
}

TEST_CASE("environments show the images of a plug-in's source") {
  Shell shell;
  const std::vector<std::string> coloured = {"describe", "coloured_images", "source=stripes"};
  const Finished described = shell.run(with_measuring(coloured));
  CHECK(described.code == 0);
  CHECK_THAT(described.out, Contains("Coloured Stripes") && Contains("stripes"));
  const Finished refused = shell.run(coloured);
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err,
             Contains("must be one of: fashion_mnist, glyphs, mnist") && Contains("got 'stripes'"));
  const Finished near = shell.run({"describe", "coloured_images", "source=glyph"});
  CHECK_THAT(near.err, Contains("did you mean 'glyphs'?"));
}

TEST_CASE("score shows the columns of a plug-in's metric") {
  Shell shell;
  REQUIRE(shell
              .run({"export", "two_bit", "--split", "test", "--domain", "test", "--rows", "50",
                    "--out", "rows.npz"})
              .code == 0);
  std::string logits = "logit\n";
  for (int row = 0; row < 50; ++row) logits += row % 2 == 0 ? "3\n" : "-0.5\n";
  shell.write("logits.csv", logits);
  const Finished scored =
      shell.run(with_measuring({"score", "logits.csv", "--environment", "two_bit", "--domain",
                                "test", "--rows", "50", "--out", "out"}));
  CHECK(scored.code == 0);
  CHECK_THAT(scored.out, Contains("sure_share") && Contains("0.5000"));
}
