#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catch.hpp"
#include "cli/shell.hpp"

using namespace spurion::tests;
using Catch::Contains;

namespace {

/// Runs `spurion` with a terminal of 80 columns and gives back all it showed.
std::string on_a_terminal(const Shell& shell, std::vector<std::string> arguments, int& code) {
  winsize size{};
  size.ws_col = 80;
  size.ws_row = 24;
  arguments.insert(arguments.begin(), "spurion");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const std::string folder = shell.path("").string();
  int terminal = -1;
  const pid_t process = forkpty(&terminal, nullptr, nullptr, &size);
  INFO("a terminal needs /dev/pts");
  REQUIRE(process >= 0);
  if (process == 0) {
    if (chdir(folder.c_str()) != 0) _exit(126);
    execv(SPURION_CLI, argv.data());
    _exit(127);
  }
  std::string shown;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(terminal, buffer, sizeof(buffer))) > 0;) {
    shown.append(buffer, static_cast<std::size_t>(got));
  }
  int status = 0;
  waitpid(process, &status, 0);
  close(terminal);
  code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return shown;
}

}  // namespace

TEST_CASE("on a terminal one line is redrawn and tells how far the run is") {
  Shell shell(Start::program);
  shell.write("toy.toml", toy_suite(8, 2000));
  int code = -1;
  const std::string shown =
      on_a_terminal(shell, {"run", "toy.toml", "--max-replicas", "1", "--jobs", "1"}, code);
  CHECK(code == 0);
  CHECK_THAT(shown, Contains("\r\x1b[Ktoy [") && Contains("of 8 trials") && Contains("100 %"));
  CHECK_THAT(shown, Contains("8 of 8 trials"));
  CHECK_THAT(shown, Contains("8 trials in results/toy: 8 done"));
}

TEST_CASE("elsewhere a quick run shows no progress") {
  Shell shell(Start::program);
  shell.write("toy.toml", toy_suite(2, 5));
  CHECK(shell.run({"run", "toy.toml"}).err.empty());
}
