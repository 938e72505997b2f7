#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/text.hpp"
#include "harness/store/merge_stores.hpp"
#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

struct MergeArguments {
  std::string folder;
  std::vector<std::string> sources;
};

/// A file, or the stores that lie in a folder.
std::vector<std::filesystem::path> stores_at(const std::filesystem::path& source) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(source, ignored)) return {source};
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(source, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".sqlite") files.push_back(entry->path());
  }
  if (!files.empty()) return files;
  throw StoreError(fmt::format("'{}' is no store and holds none", source.string()));
}

int merge_folder(const MergeArguments& arguments) {
  std::vector<std::filesystem::path> sources;
  for (const std::string& source : arguments.sources) {
    for (auto& file : stores_at(source)) sources.push_back(std::move(file));
  }
  if (arguments.sources.empty()) sources = harness::shard_stores(arguments.folder);
  const harness::Merged merged = harness::merge_stores(arguments.folder, std::move(sources));
  for (const std::string& note : merged.notes) print(stderr, "spurion: {}\n", note);
  print("{} of {} in {}; {} new{}\n", count(merged.trials, "trial"), count(merged.stores, "store"),
        (std::filesystem::path(arguments.folder) / "store.sqlite").string(), merged.added,
        merged.twice == 0
            ? ""
            : fmt::format("; {} in several of the stores that were added, with equal numbers",
                          merged.twice));
  return 0;
}

}  // namespace

Command add_merge(CLI::App& app, Session& /*session*/) {
  CLI::App* parser = app.add_subcommand("merge", "Join the stores of the parts of a suite");
  const auto arguments = std::make_shared<MergeArguments>();
  parser->add_option("DIR", arguments->folder, "Output folder, whose store.sqlite gets all trials")
      ->option_text(" ")
      ->required();
  parser
      ->add_option("SOURCE", arguments->sources,
                   "Stores, or folders of stores (default: the folders in DIR)")
      ->option_text(" ");
  parser->footer(
      R"(Every row is checked against its hash; damaged trials are named and left out. A trial that two
stores hold must have the same numbers in both, to the bit. The stores that were read stay as they
are. The order does not matter, and to merge again changes nothing.

Examples:
  spurion merge results/my_suite
  spurion merge results/my_suite part_1/store.sqlite part_2/store.sqlite)");
  return {parser, [arguments] { return merge_folder(*arguments); }};
}

}  // namespace spurion::cli
