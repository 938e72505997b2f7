#include "catch.hpp"
#include "cli/shell.hpp"

using namespace spurion::tests;
using Catch::Contains;

namespace {

/// A shell in which the program finds its libraries, but for those that need LibTorch.
void hide_training(Shell& shell) {
  const std::filesystem::path folder = shell.path("libraries");
  std::filesystem::create_directory(folder);
  for (const std::filesystem::path library : {SPURION_RESULTS_LIBRARY, SPURION_COMMANDS_LIBRARY}) {
    std::filesystem::copy(library, folder / library.filename());
  }
  shell.set("LD_LIBRARY_PATH", folder.string());
}

}  // namespace

TEST_CASE("what only reads results works where LibTorch cannot be loaded") {
  Shell shell(Start::program);
  shell.write("toy.toml", toy_suite(2, 1));
  REQUIRE(shell.run({"run", "toy.toml", "--out", "store", "--quiet"}).code == 0);
  const Finished before = shell.run({"report", "store", "--text"});
  hide_training(shell);
  const Finished after = shell.run({"report", "store", "--text"});
  CHECK(after.code == 0);
  CHECK(after.out == before.out);
  const std::vector<std::vector<std::string>> commands = {
      {"--version"},           {"--help"},
      {"run", "--help"},       {"score", "--help"},
      {"data", "status"},      {"report", "store"},
      {"prune", "store"},      {"check", "store"},
      {"repair", "store"},     {"describe", "--help"},
      {"power", "first_look"}, {"compare", "store", "store"},
      {"completion", "bash"},  {"man"}};
  for (const std::vector<std::string>& command : commands) {
    CAPTURE(command);
    const Finished finished = shell.run(command);
    CHECK(finished.code == 0);
    CHECK(finished.err.empty());
    CHECK_FALSE(finished.out.empty());
  }
  // PDFs need a library that is hidden, too.
  const Finished pdf = shell.run({"report", "store", "--pdf"});
  CHECK(pdf.code == 6);
  CHECK_THAT(pdf.err, Contains("PDFs need librsvg") && Contains("SVG"));
}

TEST_CASE("a command that trains says that LibTorch cannot be loaded") {
  Shell shell(Start::program);
  hide_training(shell);
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"list", "methods"}, {"--plugin", "libmine.so", "data", "status"}}) {
    CAPTURE(command);
    const Finished finished = shell.run(command);
    CHECK(finished.code == 6);
    CHECK(finished.out.empty());
    CHECK_THAT(finished.err, Contains("this command needs LibTorch") &&
                                 Contains("libspurion_cli.so") && Contains("report"));
  }
}

TEST_CASE("two sides that cannot be compared are refused in one sentence") {
  Shell shell;
  const Finished folders = shell.run({"compare", "erm", "irm_v1"});
  CHECK(folders.code == 2);
  CHECK(folders.err ==
        "spurion: 'erm' is no folder of results; two methods are compared by 'spurion compare A B "
        "DIR'\n");
  shell.write("toy.toml", toy_suite(2, 1));
  REQUIRE(shell.run({"run", "toy.toml", "--out", "store", "--quiet"}).code == 0);
  const Finished unknown = shell.run({"compare", "erm", "nosuch", "store"});
  CHECK(unknown.code == 2);
  CHECK(unknown.out.empty());
  CHECK_THAT(unknown.err, Contains("unknown method of the results 'nosuch'"));
  const Finished same = shell.run({"compare", "store", "store"});
  CHECK(same.code == 0);
  CHECK_THAT(same.out, Contains("both have the same scores out of distribution"));
  for (const auto& [format, begins] : {std::pair("csv", "environment,under,number,first,first_low"),
                                       std::pair("markdown", "| environment | under |"),
                                       std::pair("latex", "% In the preamble")}) {
    const Finished table = shell.run({"compare", "store", "store", "--format", format});
    CHECK(table.code == 0);
    CHECK(table.out.find(begins) == 0);
  }
}
