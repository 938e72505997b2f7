#include "catch.hpp"
#include "cli/shell.hpp"
#include "spurion/plugin.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

TEST_CASE("help is everywhere, with examples, and succeeds") {
  Shell shell;
  const std::vector<std::vector<std::string>> commands = {{},
                                                          {"run"},
                                                          {"verify"},
                                                          {"report"},
                                                          {"list"},
                                                          {"describe"},
                                                          {"data"},
                                                          {"data", "status"},
                                                          {"export"},
                                                          {"score"},
                                                          {"selftest"},
                                                          {"prune"},
                                                          {"compare"},
                                                          {"check-width"},
                                                          {"power"},
                                                          {"doctor"},
                                                          {"completion"},
                                                          {"man"},
                                                          {"check"},
                                                          {"repair"},
                                                          {"plan"},
                                                          {"merge"},
                                                          {"status"},
                                                          {"submit"}};
  for (std::vector<std::string> command : commands) {
    command.emplace_back("--help");
    CAPTURE(command);
    const Finished help = shell.run(command);
    CHECK(help.code == 0);
    CHECK(help.err.empty());
    CHECK_THAT(help.out, Contains("Usage") && Contains("Examples:"));
    CHECK_THAT(help.out, Contains("--help") && Contains("spurion"));
  }
}

TEST_CASE("without a command the help goes to standard error, with exit code 2") {
  Shell shell;
  const Finished none = shell.run({});
  CHECK(none.code == 2);
  CHECK(none.out.empty());
  CHECK_THAT(none.err, Contains("Examples:"));
}

TEST_CASE("the version names the libraries that matter") {
  Shell shell;
  const Finished version = shell.run({"--version"});
  CHECK(version.code == 0);
  CHECK_THAT(version.out, Contains("spurion " SPURION_VERSION) &&
                              Contains("LibTorch " TORCH_VERSION) && Contains("oneDNN"));
}

TEST_CASE("a mistyped command line is answered with the nearest name, once, with exit code 2") {
  Shell shell;
  const auto complaint = [&](const std::vector<std::string>& arguments) {
    const Finished finished = shell.run(arguments);
    CHECK(finished.code == 2);
    CHECK(finished.out.empty());
    return finished.err;
  };
  CHECK(complaint({"rnu", "first_look"}) ==
        "spurion: unknown command 'rnu'; did you mean 'run'? (there are: run, plan, submit, "
        "status, merge, verify, report, compare, power, check-width, list, describe, "
        "data, export, score, selftest, check, repair, prune, doctor, completion, "
        "man); see spurion --help\n");
  CHECK(
      complaint({"help"}) ==
      "spurion: there is no command 'help'; write 'spurion --help', or 'spurion COMMAND --help'\n");
  CHECK(complaint({"help", "run"}) == complaint({"help"}));
  CHECK(complaint({"data", "stauts"}) ==
        "spurion: unknown command 'stauts'; did you mean 'status'? (there are: status, checksums); "
        "see "
        "spurion data --help\n");
  CHECK(complaint({"data"}) ==
        "spurion: spurion data needs a command: status, checksums; see spurion data --help\n");
  CHECK(complaint({"run", "first_look", "--dryrun"}) ==
        "spurion: unknown option '--dryrun'; did you mean '--dry-run'?; see spurion run --help\n");
  CHECK(complaint({"run", "--job=2"}) ==
        "spurion: unknown option '--job'; did you mean '--jobs'?; see spurion run --help\n");
  CHECK(complaint({"--plugins", "x.so", "list"}) ==
        "spurion: unknown option '--plugins'; did you mean '--plugin'?; see spurion list --help\n");
  CHECK(complaint({"run"}) == "spurion: SUITE is required; see spurion run --help\n");
  CHECK(complaint({"report"}) == "spurion: DIR is required; see spurion report --help\n");
  CHECK(complaint({"run", "a", "b"}) ==
        "spurion: unexpected argument 'b'; see spurion run --help\n");
}

TEST_CASE("an option's value is checked before anything runs") {
  Shell shell;
  const auto complaint = [&](const std::vector<std::string>& arguments) {
    const Finished finished = shell.run(arguments);
    CHECK(finished.code == 2);
    return finished.err;
  };
  CHECK(complaint({"run", "first_look", "--jobs", "many"}) ==
        "spurion: --jobs: expects an integer >= 1, got 'many'; see spurion run --help\n");
  CHECK(complaint({"run", "first_look", "--max-replicas", "0"}) ==
        "spurion: --max-replicas: expects an integer >= 1, got '0'; see spurion run --help\n");
  CHECK(complaint({"run", "first_look", "--memory", "8 apples"}) ==
        "spurion: --memory: expects a size such as 512M or 8G, got '8 apples'; see spurion run "
        "--help\n");
  CHECK(complaint({"list", "--format", "xml"}) ==
        "spurion: --format: expects text or json, got 'xml'; see spurion list --help\n");
  CHECK(complaint({"list", "method"}) ==
        "spurion: there is no list 'method'; write 'spurion list methods' (lists: environments, "
        "models, methods, regimes, metrics, probes, questions, selectors, image_sources, suites, "
        "columns, terms)\n");
}
