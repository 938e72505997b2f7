#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/output.hpp"
#include "cli/text.hpp"
#include "cli/training/actions.hpp"
#include "cli/training/description.hpp"
#include "spurion/error.hpp"
#include "spurion/suite.hpp"

namespace spurion::cli {

namespace {

const std::vector<std::string>& kinds() {
  static const std::vector<std::string> all = {"environments", "models",  "methods",
                                               "regimes",      "metrics", "suites"};
  return all;
}

template <class R>
Json entries(const R& registry) {
  Json list = Json::array();
  for (const std::string& name : registry.names()) {
    const EntryInfo& info = registry.at(name).info;
    list.push_back({{"name", name},
                    {"summary", info.summary},
                    {"reference", info.reference},
                    {"origin", info.origin}});
  }
  return list;
}

Json suites() {
  Json list = Json::array();
  for (const std::string& name : suite_names()) {
    std::string title;
    try {
      title = Suite::load(name).title;
    } catch (const Error& error) {
      title = std::string("cannot be read: ") + error.what();
    }
    list.push_back({{"name", name}, {"summary", title}});
  }
  return list;
}

Json gather(const std::string& kind, const Catalog& catalog) {
  if (kind == "environments") return entries(catalog.environments);
  if (kind == "models") return entries(catalog.models);
  if (kind == "methods") return entries(catalog.methods);
  if (kind == "regimes") return entries(catalog.regimes);
  if (kind == "metrics") return entries(catalog.metrics);
  return suites();
}

void print_text(const std::string& kind, const Json& list) {
  print("{}\n", kind);
  if (list.empty()) {
    print("  none\n");
    return;
  }
  std::size_t widest = 0;
  for (const Json& entry : list) {
    widest = std::max(widest, entry.at("name").get_ref<const std::string&>().size());
  }
  Table table({std::string(widest, '-'), ""});
  for (const Json& entry : list) {
    std::string summary = entry.at("summary");
    if (const auto origin = entry.find("origin"); origin != entry.end() && *origin != "built-in") {
      summary += fmt::format(" [{}]", origin->get<std::string>());
    }
    table.add({entry.at("name"), summary});
  }
  const std::string text = table.text(2, terminal_columns(STDOUT_FILENO, 100));
  print("{}", text.substr(text.find('\n') + 1));
}

}  // namespace

int list(const ListArguments& arguments, const Catalog& catalog) {
  std::vector<std::string> wanted = kinds();
  if (!arguments.what.empty()) {
    if (std::find(wanted.begin(), wanted.end(), arguments.what) == wanted.end()) {
      throw UsageError(unknown_name_message("kind", arguments.what, wanted));
    }
    wanted = {arguments.what};
  }
  Json all = Json::object();
  for (const std::string& kind : wanted) all[kind] = gather(kind, catalog);
  if (arguments.format == "json") {
    print("{}\n", all.dump(2));
    return 0;
  }
  bool first = true;
  for (const auto& [kind, entries] : all.items()) {
    if (!first) print("\n");
    print_text(kind, entries);
    first = false;
  }
  return 0;
}

}  // namespace spurion::cli
