// What is there for people beside the study: completion, the manual page, the doctor.
#include <array>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/shell.hpp"

using namespace spurion::tests;
using Catch::Contains;

namespace {

/// What a shell prints.
std::string said_by(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 4096> part{};
  while (std::fgets(part.data(), static_cast<int>(part.size()), pipe) != nullptr) {
    text += part.data();
  }
  CHECK(::pclose(pipe) == 0);
  return text;
}

}  // namespace

TEST_CASE("the completion for bash offers commands, their options and suites") {
  Shell shell;
  const Finished made = shell.run({"completion", "bash"});
  REQUIRE(made.code == 0);
  shell.write("script", made.out);
  const std::string script = shell.path("script").string();
  // Each line: the words that are there, and in the end the one that is begun.
  const auto offered = [&](const std::string& words, int index) {
    return said_by("bash -c 'source " + script + "; COMP_WORDS=(" + words + "); COMP_CWORD=" +
                   std::to_string(index) + "; _spurion; echo \" ${COMPREPLY[*]} \"'");
  };
  CHECK_THAT(offered("spurion re", 1), Contains(" report ") && Contains(" repair "));
  CHECK_THAT(offered("spurion run --ma", 2), Contains(" --max-replicas "));
  CHECK_THAT(offered("spurion run first", 2), Contains(" first_look "));
  CHECK_THAT(offered("spurion data st", 2), Contains(" status "));
  CHECK_THAT(offered("spurion data status --he", 3), Contains(" --help "));
  CHECK(offered("spurion report --ma", 2) == "  \n");
  const Finished zsh = shell.run({"completion", "zsh"});
  CHECK(zsh.out.rfind("#compdef spurion", 0) == 0);
  CHECK_THAT(zsh.out, Contains("bashcompinit"));
  CHECK(shell.run({"completion", "fish"}).code == 2);
}

TEST_CASE("the manual page has every command and option") {
  Shell shell;
  const Finished page = shell.run({"man"});
  CHECK(page.code == 0);
  CHECK(page.out.rfind(".\\\" Made by", 0) == 0);
  CHECK_THAT(page.out, Contains(".TH SPURION 1"));
  for (const char* words : {".SS run SUITE", ".SS data status", "\\fB\\-\\-max\\-replicas\\fR",
                            "spurion run first_look", "Exit codes:"}) {
    CHECK_THAT(page.out, Contains(words));
  }
}

TEST_CASE("the doctor looks at versions, data, disk and speed") {
  using Json = nlohmann::json;
  Shell shell;
  const Finished quick = shell.run({"doctor", "--no-speed", "--format", "json"});
  REQUIRE(quick.code == 0);
  std::map<std::string, std::string> states;
  for (const Json& one : Json::parse(quick.out)) {
    states[one.at("what")] = one.at("state");
    CHECK_FALSE(one.at("text").get<std::string>().empty());
  }
  CHECK(states.at("spurion") == "ok");
  CHECK(states.at("data glyphs") == "ok");
  CHECK(states.at("data mnist") == "note");  // shells of tests have no data
  CHECK(states.count("kernels") == 1);
  CHECK(states.count("speed") == 0);
  const Finished missing = shell.run({"doctor", "no/such/folder", "--no-speed"});
  CHECK_THAT(missing.out, Contains("no/such/folder") && Contains("free"));
  const Finished unwritable = shell.run({"doctor", "/proc", "--no-speed"});
  CHECK_THAT(unwritable.out, Contains("mend") && Contains("cannot be written"));
  CHECK_THAT(shell.run({"doctor"}).out, Contains("FLOP a second on one core"));
}
