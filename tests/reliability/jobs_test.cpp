#include "catch.hpp"
#include "cli/shell.hpp"

using namespace spurion::tests;
using Catch::Contains;

TEST_CASE("neither workers nor batches of replicas change a bit") {
  Shell shell;
  shell.write("toy.toml", toy_suite(12, 60));
  const auto content = [&](const std::string& out, const std::string& jobs,
                           const std::string& replicas) {
    CHECK(shell.run({"run", "toy.toml", "--out", out, "--jobs", jobs, "--max-replicas", replicas})
              .code == 0);
    return store_content(shell.path(out));
  };
  const std::string one = content("one", "1", "32");
  CHECK(content("two", "2", "32") == one);
  CHECK(content("alone", "2", "1") == one);
  CHECK(content("odd", "3", "5") == one);
  CHECK(content("again", "1", "32") == one);
}

TEST_CASE("two processes on one store: one runs, the other is told") {
  Shell shell(Start::program);
  shell.write("toy.toml", toy_suite(16, 2500));
  const std::vector<std::string> command = {"run", "toy.toml",       "--out",
                                            "out", "--max-replicas", "1"};
  Background first = shell.start(command);
  Background second = shell.start(command);
  const Finished a = first.wait();
  const Finished b = second.wait();
  CHECK((a.code == 0 ? b : a).code == 6);
  CHECK((a.code == 0 ? a : b).code == 0);
  CHECK_THAT((a.code == 0 ? b : a).err, Contains("in use by another spurion process"));
}
