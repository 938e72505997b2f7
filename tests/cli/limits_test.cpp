#include <fmt/format.h>
#include <sys/stat.h>

#include "catch.hpp"
#include "cli/shell.hpp"

using namespace spurion::tests;
using Catch::Contains;

namespace {

/// Runs a line of a shell, in which $SPURION is the program.
Finished in_shell(Shell& shell, const std::string& line) {
  shell.set("SPURION", SPURION_CLI);
  shell.use("/bin/sh");
  const Finished finished = shell.run({"-c", line});
  shell.use(SPURION_CLI);
  return finished;
}

std::string with_replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("absurd sizes are counted and refused, in a dry run too") {
  Shell shell;
  shell.write("seeds.toml", toy_suite(1000000000, 1));
  for (const char* dry : {"--dry-run", "--quiet"}) {
    const Finished seeds = shell.run({"run", "seeds.toml", dry, "--memory", "2G", "--out", "out"});
    CHECK(seeds.code == 2);
    CHECK_THAT(seeds.err,
               Contains("the suite has") && Contains("1000000000") && Contains("--memory"));
  }
  CHECK_FALSE(std::filesystem::exists(shell.path("out")));
}

TEST_CASE("a dry run refuses what a run refuses, in the same words") {
  Shell shell;
  shell.write("toy.toml", toy_suite(2, 1));
  shell.write("file", "");
  const std::vector<std::vector<std::string>> refused = {
      {"--jobs", "10000"},     {"--jobs", "4611686018427387904"},
      {"--memory", "20M"},     {"--out", "file/out"},
      {"--checkpoint", "nan"}, {"--checkpoint", "inf"},
      {"--memory", "inf"},     {"--device", "cuda:99"}};
  for (std::vector<std::string> arguments : refused) {
    CAPTURE(arguments);
    arguments.insert(arguments.begin(), {"run", "toy.toml"});
    const Finished run = shell.run(arguments);
    arguments.emplace_back("--dry-run");
    const Finished dry = shell.run(arguments);
    CHECK((run.code == 2 || run.code == 6));
    CHECK(dry.code == run.code);
    CHECK(dry.err == run.err);
  }
  CHECK_FALSE(std::filesystem::exists(shell.path("results")));
}

TEST_CASE("a suite that is no plain file is refused at once") {
  Shell shell;
  REQUIRE(::mkfifo(shell.path("pipe.toml").c_str(), 0600) == 0);
  std::filesystem::create_directory(shell.path("folder.toml"));
  std::filesystem::create_symlink(shell.path("loop.toml"), shell.path("loop.toml"));
  const auto told = [&](const std::string& suite, const std::string& why) {
    CAPTURE(suite);
    const Finished finished = shell.run({"run", suite, "--dry-run"});
    CHECK(finished.code == 2);
    CHECK_THAT(finished.err, Contains(why));
  };
  told("pipe.toml", "cannot read 'pipe.toml': it is not a plain file");
  told("folder.toml", "cannot read 'folder.toml': it is a folder");
  told("loop.toml", "cannot read 'loop.toml': Too many levels of symbolic links");
  told(std::string(300, 'x'), "File name too long");
  std::string dotted = "a";
  for (int i = 0; i < 30000; ++i) dotted += ".a";
  shell.write("deep.toml", dotted + " = 1\n");
  told("deep.toml", "deep.toml:1:202: tables and lists nest more than 100 deep here");
}

TEST_CASE("what a file system refuses is told by name and is no bug of spurion") {
  Shell shell;
  shell.write("toy.toml", toy_suite(2, 1));
  std::filesystem::create_symlink(shell.path("loop"), shell.path("loop"));
  const std::string long_name(300, 'x');
  for (const std::string& out : {std::string("loop"), std::string("loop/inside"), long_name}) {
    CAPTURE(out);
    const Finished run = shell.run({"run", "toy.toml", "--out", out});
    CHECK(run.code == 6);
    CHECK_THAT(run.err, Contains("output folder '" + out + "' cannot be used: '") &&
                            Contains(out == long_name ? "File name too long"
                                                      : "Too many levels of symbolic links"));
    const Finished report = shell.run({"report", out});
    CHECK(report.code == 6);
    CHECK_THAT(report.err, !Contains("bug in spurion"));
  }
  const Finished plugin = shell.run({"list", "--plugin", "loop/libx.so"});
  CHECK(plugin.code == 4);
}

TEST_CASE("too few threads are told, and what runs is stopped in order") {
  Shell shell;
  shell.write("toy.toml", with_replaced(toy_suite(40, 200), "\n", "\n# forty packs\n"));
  // Stacks of 4 GiB fill the address space after a few threads, whoever the user is. Arenas of
  // malloc for each thread would leave too little of it to those that run.
  const Finished finished =
      in_shell(shell,
               "ulimit -S -s 4194304 && ulimit -S -v 33554432 && MALLOC_ARENA_MAX=1 "
               "OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 \"$SPURION\" run toy.toml --jobs 40 "
               "--max-replicas 1 "
               "--quiet");
  CHECK(finished.code == 6);
  CHECK_THAT(finished.err, Contains("the system gives no more threads after ") &&
                               Contains("of 40 workers") && Contains("--jobs"));
  CHECK(shell.run({"run", "toy.toml", "--quiet"}).code == 0);
}

TEST_CASE("too little memory is told, and is no bug of spurion") {
  Shell shell;
  // Rows for which the limit on address space leaves no room; far less than half of any memory.
  const Finished finished = in_shell(
      shell,
      "ulimit -S -v 1200000 && OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 \"$SPURION\" export "
      "two_bit --domain test --rows 8000000 --out rows.npz");
  CHECK(finished.code == 6);
  CHECK_THAT(finished.err, Contains("there is not enough memory"));
}
