#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>

#include "cli/output.hpp"
#include "cli/text.hpp"
#include "cli/training/actions.hpp"
#include "cli/training/nouns.hpp"
#include "core/nearest_names.hpp"
#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

/// The nouns that are listed.
std::vector<const Noun*> listed_nouns() {
  std::vector<const Noun*> listed;
  for (const Noun& noun : nouns()) {
    if (noun.listed) listed.push_back(&noun);
  }
  return listed;
}

std::vector<std::string> plurals() {
  std::vector<std::string> words;
  for (const Noun* noun : listed_nouns()) words.push_back(noun->plural);
  return words;
}

/// Said of a list that there is not: the nearest one as a command, and all of them.
std::string unknown_list(const std::string& what) {
  const std::vector<std::string> all = plurals();
  const std::vector<std::string> near = core::nearest_names(what, all, 1);
  return fmt::format(
      "there is no list '{}'{} (lists: {})", what,
      near.empty() ? std::string() : fmt::format("; write 'spurion list {}'", near.front()),
      fmt::join(all, ", "));
}

Json entries(const Noun& noun, const Catalog& catalog) {
  Json list = Json::array();
  for (const std::string& name : noun.names(catalog)) list.push_back(noun.entry(catalog, name));
  return list;
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
    if (const auto columns = entry.find("columns"); columns != entry.end()) {
      summary +=
          fmt::format(" Columns: {}.", fmt::join(columns->get<std::vector<std::string>>(), ", "));
    }
    if (const auto needs = entry.find("needs"); needs != entry.end()) {
      const auto seen = needs->get<std::vector<std::string>>();
      summary +=
          fmt::format(" Sees {}; computes from {}.",
                      seen.empty() ? "labels only" : fmt::format("{}", fmt::join(seen, ", ")),
                      entry.at("path").get<std::string>());
    }
    table.add({entry.at("name"), summary});
  }
  const std::string text = table.text(2, terminal_columns(STDOUT_FILENO, 100));
  print("{}", text.substr(text.find('\n') + 1));
}

}  // namespace

int list(const ListArguments& arguments, const Catalog& catalog) {
  Json all = Json::object();
  for (const Noun* noun : listed_nouns()) {
    if (arguments.what.empty() ? noun->in_all : arguments.what == noun->plural) {
      all[noun->plural] = entries(*noun, catalog);
    }
  }
  if (all.empty()) throw UsageError(unknown_list(arguments.what));
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
