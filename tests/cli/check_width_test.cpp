// spurion check-width: what it prints, writes and refuses.
#include <filesystem>

#include "catch.hpp"
#include "cli/shell.hpp"

using namespace spurion::tests;
using Catch::Contains;

TEST_CASE("check-width tells mup and the standard parametrisation apart, and draws both") {
  Shell shell;
  const Finished done = shell.run({"check-width", "mlp", "--environment", "two_shortcuts",
                                   "--widths", "16,64,128", "--steps", "3", "--train-steps", "4",
                                   "--seeds", "2", "--rows", "64", "--out", "width", "--pdf"});
  CHECK(done.err.empty());
  CHECK(done.code == 0);
  CHECK_THAT(done.out, Contains("standard: mean |activation| after 3 updates of adam") &&
                           Contains("Not flat: ") && Contains("mup: mean |activation|") &&
                           Contains("Flat: no layer depends on the width.") &&
                           Contains("training loss after 4 updates"));
  for (const char* name :
       {"coordinate_check_standard", "coordinate_check_mup", "training_loss_by_width"}) {
    INFO(name);
    CHECK_THAT(read_file(shell.path(std::string("width/") + name + ".svg")), Contains("<svg"));
    CHECK_THAT(read_file(shell.path(std::string("width/") + name + ".csv")), Contains("width"));
    CHECK_THAT(read_file(shell.path(std::string("width/") + name + ".tex")), Contains("\\toprule"));
    CHECK(read_file(shell.path(std::string("width/") + name + ".pdf")).rfind("%PDF", 0) == 0);
  }
}

TEST_CASE("check-width says what is wrong with what it is given") {
  Shell shell;
  const auto complaint = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "check-width");
    arguments.insert(arguments.end(), {"--environment", "two_bit"});
    const Finished finished = shell.run(arguments);
    CHECK(finished.code == 2);
    CHECK(finished.out.empty());
    return finished.err;
  };
  CHECK_THAT(complaint({"linear"}), Contains("model 'linear' has no option 'parametrisation'"));
  CHECK_THAT(complaint({"mpl"}), Contains("did you mean 'mlp'?"));
  CHECK_THAT(complaint({"mlp", "width=3"}), Contains("'width' is set by --widths"));
  CHECK_THAT(complaint({"mlp", "--widths", "64"}), Contains("needs two widths or more"));
  CHECK_THAT(complaint({"mlp", "--widths", "64,x"}), Contains("expects an integer >= 1, got 'x'"));
  CHECK_THAT(complaint({"mlp", "--learning-rate", "0"}), Contains("expects a number > 0"));
  CHECK_THAT(complaint({"mlp", "--optimizer", "sdg"}), Contains("sgd, sgdw, adam or adamw"));
}
