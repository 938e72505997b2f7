#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "catch.hpp"
#include "cli/shell.hpp"
#include "spurion/catalog.hpp"
#include "spurion/suite.hpp"

using namespace spurion;
using namespace spurion::tests;
using Catch::Contains;

TEST_CASE("list shows every registered thing and every suite") {
  Shell shell;
  const Finished all = shell.run({"list"});
  CHECK(all.code == 0);
  CHECK(all.err.empty());
  const Catalog catalog = builtin_catalog();
  for (const auto& names :
       {catalog.environments.names(), catalog.models.names(), catalog.methods.names(),
        catalog.regimes.names(), catalog.metrics.names(), catalog.probes.names(),
        catalog.questions.names(), catalog.questions.selectors.names(), suite_names()}) {
    for (const std::string& name : names) CHECK_THAT(all.out, Contains("\n  " + name + " "));
  }
  const Finished methods = shell.run({"list", "methods"});
  CHECK_THAT(methods.out, Contains("irm_v1") && !Contains("two_bit"));
  const Finished questions = shell.run({"list", "questions"});
  CHECK_THAT(questions.out, Contains("gap_against_scale") && !Contains("irm_v1"));
  const Finished wrong = shell.run({"list", "question"});
  CHECK(wrong.code == 2);
  CHECK_THAT(wrong.err, Contains("write 'spurion list questions'"));
}

TEST_CASE("list as JSON") {
  Shell shell;
  const Finished listed = shell.run({"list", "--format", "json"});
  CHECK(listed.code == 0);
  const auto json = nlohmann::json::parse(listed.out);
  CHECK(json.at("methods").size() == builtin_catalog().methods.names().size());
  CHECK(json.at("methods").at(0).at("origin") == "built-in");
  const auto method = [&](const std::string& name) {
    for (const auto& entry : json.at("methods")) {
      if (entry.at("name") == name) return entry;
    }
    return nlohmann::json();
  };
  CHECK(method("erm").at("needs").empty());
  CHECK(method("erm").at("path") == "risks");
  CHECK(method("swad").at("needs").at(0) == "validation rows");
  CHECK(method("iga").at("path") == "second derivatives");
  CHECK(json.at("suites").size() == suite_names().size());
}

TEST_CASE("the installer checks the files that the registered image sources name") {
  Shell shell;
  const Finished printed = shell.run({"data", "checksums"});
  CHECK(printed.code == 0);
  std::ifstream file(std::filesystem::path(SPURION_SOURCE_DIR) / "datasets" / "checksums.sha256");
  std::stringstream installed;
  installed << file.rdbuf();
  CHECK(printed.out == installed.str());
}

TEST_CASE("data status says what is missing and how to install it") {
  Shell shell;
  const Finished status = shell.run({"data", "status"});
  CHECK(status.code == 0);
  CHECK_THAT(status.out, Contains("data directory: " + shell.path("no_data").string()));
  CHECK_THAT(status.out, Contains("fashion_mnist") && Contains("missing"));
  CHECK_THAT(status.out, Contains("datasets/install.sh fashion_mnist"));
  CHECK_THAT(status.out, Contains("glyphs") && Contains("built in"));
}
