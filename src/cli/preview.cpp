#include "cli/preview.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "harness/picture_grid.hpp"
#include "report/whole_file.hpp"
#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

constexpr std::int64_t kColumns = 10;
/// Pixels of a picture of data are enlarged to about this side.
constexpr std::int64_t kSide = 96;

}  // namespace

void write_preview(const Catalog& catalog, const std::string& name, const Value& options,
                   const std::filesystem::path& file) {
  if (file.extension() != ".png") {
    throw UsageError(
        fmt::format("--preview writes a PNG: '{}' does not end in .png", file.string()));
  }
  const auto& entry = catalog.environments.at(name);
  Problems problems;
  const Value all = entry.schema.normalise(options, name, problems);
  problems.raise();
  const auto environment =
      entry.make({all}, EnvironmentContext{0, std::make_shared<const DataSources>()});
  const auto grid = picture_grid(*environment, kColumns, std::numeric_limits<std::int64_t>::max());
  if (!grid) throw UsageError(fmt::format("rows of {} are no pictures of 1 to 3 planes", name));
  const Shape& shape = environment->info().input_shape;
  const std::int64_t scale = std::max<std::int64_t>(1, kSide / std::max(shape[1], shape[2]));
  report::write_whole_file(file, data::png(data::enlarged(grid->picture, scale)));
}

}  // namespace spurion::cli
