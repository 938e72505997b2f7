#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "conformance/schema_checks.hpp"
#include "data/data_directory.hpp"

namespace spurion {
namespace conformance {
namespace {

constexpr std::size_t kHashDigits = 64;

void check_facts(const ImageSourceInfo& info) {
  require(!info.title.empty(), "it has no title");
  require(info.rows > 0 && info.columns > 0, "its images have no size");
  require(info.classes > 1 && info.classes <= 256, "it has no classes, or more than a byte holds");
  require(info.training_images > 0 && info.test_images > 0, "one of its files has no image");
  std::set<std::string> names;
  for (const ImageFile& file : info.files) {
    require(names.insert(file.name).second, fmt::format("file '{}' is there twice", file.name));
    require(file.bytes > 0, fmt::format("file '{}' has no size", file.name));
    const bool hash = file.sha256.size() == kHashDigits &&
                      file.sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
    require(hash, fmt::format("file '{}' has no SHA-256 of 64 hex digits", file.name));
  }
  require(info.drawn() || !info.origin.empty(), "it does not say where its files come from");
}

/// Images and labels of one file; what they hold was checked when they were loaded.
void check_images(const ImagePool& pool, const ImageSourceInfo& info, const std::string& file) {
  std::set<std::uint8_t> classes(pool.labels.begin(), pool.labels.end());
  require(static_cast<std::int64_t>(classes.size()) == info.classes,
          fmt::format("{} file: {} of {} classes occur", file, classes.size(), info.classes));
  const auto [least, most] = std::minmax_element(pool.pixels.begin(), pool.pixels.end());
  require(*least != *most, fmt::format("{} file: all pixels are alike", file));
}

void check_same(const ImageSource& source, const std::filesystem::path& folder) {
  const ImagePool first = source.load(folder, false);
  const ImagePool second = source.load(folder, false);
  require(first.pixels == second.pixels && first.labels == second.labels,
          "the test file is another when it is loaded again");
}

}  // namespace
}  // namespace conformance

std::vector<ConformanceResult> check_image_source(
    const Catalog& catalog, const std::string& name, const Value& options,
    const std::shared_ptr<const DataSources>& sources) {
  using namespace conformance;
  const auto& entry = catalog.image_sources.at(name);
  Checker checker({"image source", name, options});
  if (options.as_table().empty()) check_entry(checker, entry.info, entry.schema);
  std::unique_ptr<ImageSource> source;
  const bool made = checker.check("can be made", [&] {
    source = entry.make({normalised(entry.schema, options, name)});
    require(source != nullptr, "it makes nothing");
  });
  if (!made) return checker.take();
  const auto data = sources ? sources : std::make_shared<const DataSources>(catalog.image_sources);
  const data::SourceStatus status = data::source_status(name, source->info(), data->directory());
  const auto need_files = [&] {
    if (!status.installed) skip(status.detail);
  };
  checker.check("says what it holds", [&] { check_facts(source->info()); });
  checker.check("its images are what it says", [&] {
    need_files();
    check_images(*data->images(name, true), source->info(), "training");
    check_images(*data->images(name, false), source->info(), "test");
  });
  checker.check("loads the same images again", [&] {
    need_files();
    check_same(*source, status.folder);
  });
  return checker.take();
}

}  // namespace spurion
