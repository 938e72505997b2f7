// README and the cards in datasets/ name exactly what there is.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>

#include "catch.hpp"
#include "cli/shell.hpp"
#include "spurion/analysis/glossary.hpp"

using namespace spurion::tests;
using Json = nlohmann::json;
using Names = std::set<std::string>;

namespace {

const std::filesystem::path kSource = SPURION_SOURCE_DIR;

/// The part of README from one text to another.
std::string part_of(const std::string& text, const std::string& begin, const std::string& end) {
  const auto from = text.find(begin);
  INFO("README has no '" << begin << "'");
  REQUIRE(from != std::string::npos);
  const auto to = text.find(end, from + begin.size());
  return text.substr(from + begin.size(), to - from - begin.size());
}

/// Words between backquotes that may be names of registered things.
Names names_in(const std::string& text) {
  static const std::regex name("`([a-z][a-z0-9_/]*)`");
  Names names;
  for (std::sregex_iterator it(text.begin(), text.end(), name), end; it != end; ++it) {
    names.insert((*it)[1]);
  }
  return names;
}

/// Those of the first column of a Markdown table.
Names first_column(const std::string& text) {
  static const std::regex line("\n\\|([^|]*)\\|");
  Names names;
  for (std::sregex_iterator it(text.begin(), text.end(), line), end; it != end; ++it) {
    names.merge(names_in((*it)[1]));
  }
  return names;
}

Names names_of(const Json& list) {
  Names names;
  for (const Json& one : list) names.insert(one.at("name").get<std::string>());
  return names;
}

}  // namespace

TEST_CASE("README and the cards name exactly what there is") {
  Shell shell;
  const Json all = Json::parse(shell.run({"list", "--format", "json"}).out);
  const std::string readme = read_file(kSource / "README.md");
  const std::string inside = part_of(readme, "## What is in it", "\n## ");
  CHECK(first_column(part_of(inside, "| environments |", "**Models**")) ==
        names_of(all.at("environments")));
  for (const auto& [title, kind] :
       {std::pair("**Models**", "models"), std::pair("**Methods**", "methods"),
        std::pair("**Metrics**", "metrics"), std::pair("**Probes**", "probes"),
        std::pair("**Regimes**", "regimes"), std::pair("**Image sources**", "image_sources")}) {
    INFO(kind);
    CHECK(names_in(part_of(inside, title, "\n\n")) == names_of(all.at(kind)));
  }
  CHECK(first_column(part_of(inside, "**Suites**", "**Speed")) == names_of(all.at("suites")));
  CHECK(first_column(part_of(readme, "## Ask a question of your own", "\n## ")) ==
        names_of(all.at("questions")));
  CHECK(first_column(part_of(readme, "## Search and selection", "\n## ")) ==
        names_of(all.at("selectors")));
  const std::string data = part_of(readme, "\n## Data\n", "\n## ");
  for (const std::string& source : names_of(all.at("image_sources"))) {
    INFO(source);
    CHECK(data.find(source) != std::string::npos);
  }

  Names cards;
  for (const auto& entry : std::filesystem::directory_iterator(kSource / "datasets")) {
    if (entry.path().extension() == ".md") cards.insert(entry.path().stem().string());
  }
  CHECK(cards == names_of(all.at("environments")));
}

TEST_CASE("README explains every verdict and every trajectory") {
  const std::string readme = read_file(kSource / "README.md");
  for (const spurion::analysis::Term& term : spurion::analysis::glossary()) {
    if (term.kind != spurion::analysis::TermKind::verdict) continue;
    const std::string name(term.name);
    INFO(name);
    CHECK(std::regex_search(readme, std::regex("(\\| |, |\\*)" + name + "(,| \\||\\*)")));
  }
  Shell shell;
  const Json regime = Json::parse(shell.run({"describe", "continual", "--format", "json"}).out);
  std::string allowed;
  for (const Json& option : regime.at("options")) {
    if (option.at("name") == "trajectory") allowed = option.at("allowed").get<std::string>();
  }
  static const std::regex word("[a-z_]+");
  Names trajectories;
  const std::string values = allowed.substr(allowed.find(':') + 1);
  for (std::sregex_iterator it(values.begin(), values.end(), word), end; it != end; ++it) {
    trajectories.insert(it->str());
  }
  CHECK(trajectories.size() > 5);
  CHECK(first_column(part_of(readme, "| trajectory |", "\n\n")) == trajectories);
}

TEST_CASE("the generated part of every card is what describe writes today") {
  Shell shell;
  shell.set("SPURION_DATA", "");  // cards are written where the images are installed
  int cards = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kSource / "datasets")) {
    if (entry.path().extension() != ".md") continue;
    const std::string name = entry.path().stem().string();
    INFO("datasets/" << name << ".md; if it differs, run datasets/update_cards.sh " << name);
    const Finished described = shell.run({"describe", name, "--format", "card"});
    CHECK(described.code == 0);
    const std::string card = read_file(entry.path());
    const auto begin = card.find(described.out.substr(0, described.out.find('\n')));
    REQUIRE(begin != std::string::npos);
    CHECK(card.substr(begin, described.out.size()) == described.out);
    ++cards;
  }
  CHECK(cards > 20);
}

TEST_CASE("who asks for help or for a term learns what a gap is") {
  Shell shell;
  const Finished help = shell.run({"--help"});
  CHECK_THAT(help.out, Catch::Contains("score in distribution minus score out of distribution"));
  const Finished term = shell.run({"describe", "gap"});
  CHECK(term.code == 0);
  CHECK_THAT(term.out, Catch::Contains("score in distribution minus the score out of"));
  CHECK_THAT(shell.run({"list", "terms"}).out, Catch::Contains("flip rate"));
}

TEST_CASE("README has every exit code that the command line says") {
  Shell shell;
  const std::string help = shell.run({"--help"}).out;
  const std::string table = part_of(read_file(kSource / "README.md"), "## Exit codes", "\n## ");
  static const std::regex row("\n\\| ([0-9]+) \\|");
  int count = 0;
  for (std::sregex_iterator it(table.begin(), table.end(), row), end; it != end; ++it) {
    const std::string code = (*it)[1];
    INFO("exit code " << code);
    CHECK(std::regex_search(help, std::regex("(^|[ \n])" + code + " ")));
    ++count;
  }
  CHECK(count == 9);
}
