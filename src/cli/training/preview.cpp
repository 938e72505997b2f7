#include "cli/training/preview.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "cli/pdf_maker.hpp"
#include "cli/training/film_strip.hpp"
#include "cli/training/rows.hpp"
#include "harness/data/image_preview.hpp"
#include "harness/exchange/exported_rows.hpp"
#include "report/whole_file.hpp"
#include "spurion/error.hpp"
#include "spurion/interactive.hpp"

namespace spurion::cli {

namespace {

constexpr std::int64_t kColumns = 10;
/// Pixels of a picture of data are enlarged to about this side.
constexpr std::int64_t kSide = 96;

}  // namespace

void write_preview(const Catalog& catalog, const std::string& name,
                   const std::vector<std::string>& pairs, const std::filesystem::path& file) {
  const bool pdf = file.extension() == ".pdf";
  const bool strip = pdf || file.extension() == ".svg";
  if (!strip && file.extension() != ".png") {
    throw UsageError(
        fmt::format("--preview writes a PNG file, or an SVG or PDF file of an environment that "
                    "answers to actions, but '{}' ends in none of .png, .svg and .pdf",
                    file.string()));
  }
  harness::RowSet world;  // that of seed 0 and base seed 0, as `export` has it
  const AnySchema& schema = catalog.environments.at(name).schema;
  world.environment = harness::make_component(catalog, name, parse_options(pairs, schema));
  const auto environment = harness::make_environment(
      world, catalog, std::make_shared<const DataSources>(catalog.image_sources));
  if (strip) {
    const InteractiveEnvironment* acting = environment->interactive();
    if (acting == nullptr) {
      throw UsageError(fmt::format(
          "{} does not answer to actions, so there is no film strip of it; --preview with a .png "
          "file draws rows of images",
          name));
    }
    const std::string drawn = film_strip(*acting);
    report::write_whole_file(file, pdf ? load_pdf_maker()(drawn) : drawn);
    return;
  }
  const auto grid =
      harness::picture_grid(*environment, kColumns, std::numeric_limits<std::int64_t>::max());
  if (!grid) throw UsageError(fmt::format("rows of {} are not images with 1 to 3 channels", name));
  const Shape& shape = environment->info().input_shape;
  const std::int64_t scale = std::max<std::int64_t>(1, kSide / std::max(shape[1], shape[2]));
  report::write_whole_file(file, data::png(data::enlarged(grid->picture, scale)));
}

}  // namespace spurion::cli
