// What is printed reaches its reader, or the exit code says that it did not.
#include "catch.hpp"
#include "cli/shell.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

namespace {

/// Runs `spurion` with the arguments as a shell line, redirections included.
Finished redirected(Shell& shell, const std::string& arguments) {
  const std::filesystem::path program = shell.program();
  shell.use("/bin/sh");
  Finished finished = shell.run({"-c", "'" + program.string() + "' " + arguments});
  shell.use(program);
  return finished;
}

}  // namespace

TEST_CASE("output that is lost ends in an error") {
  Shell shell;
  for (const char* to : {">/dev/full", ">&-"}) {
    for (const char* command : {"list", "--help", "describe erm --format json"}) {
      CAPTURE(command, to);
      const Finished finished = redirected(shell, std::string(command) + " " + to);
      CHECK(finished.code == 6);
      CHECK_THAT(finished.err, Contains("spurion: the output is not complete: the standard "
                                        "output cannot be written"));
    }
  }
  // An error of its own comes first, and no exception is thrown where it cannot be told.
  CHECK(redirected(shell, "describe nosuch >/dev/full").code == 2);
  CHECK(redirected(shell, "describe nosuch 2>/dev/full").code == 2);
  CHECK(redirected(shell, "describe nosuch 2>&-").code == 2);
}

TEST_CASE("with a closed output no file of ours takes its place") {
  Shell shell;
  shell.write("toy.toml", toy_suite(2, 2));
  CHECK(redirected(shell, "run toy.toml --out out --jobs 1 <&- >&- 2>&-").code == 6);
  const Finished again = shell.run({"run", "toy.toml", "--out", "out", "--jobs", "1"});
  CHECK(again.code == 0);
  CHECK_THAT(again.out, Contains("all were found in the store"));
  CHECK(redirected(shell, "report out --text >/dev/full").code == 6);
}

TEST_CASE("a terminal does not obey what a name or a title holds") {
  Shell shell;
  const Finished unknown = shell.run({"describe", "\x1b[31mred\x07"});
  CHECK(unknown.code == 2);
  CHECK(unknown.err.find('\x1b') == std::string::npos);
  CHECK(unknown.err.find('\x07') == std::string::npos);
  CHECK_THAT(unknown.err, Contains("␛[31mred␇"));
  std::string suite = toy_suite(2, 2);
  suite.insert(suite.find('\n') + 1, "title = \"T\\u001b]0;owned\\u0007\"\n");
  shell.write("toy.toml", suite);
  const Finished planned = shell.run({"run", "toy.toml", "--dry-run"});
  CAPTURE(planned.err);
  CHECK(planned.code == 0);
  CHECK(planned.out.find('\x1b') == std::string::npos);
  CHECK_THAT(planned.out, Contains("T␛]0;owned␇"));
}
