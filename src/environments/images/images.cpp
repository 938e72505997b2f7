#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <utility>

#include "core/counted.hpp"
#include "environments/images/image_files.hpp"
#include "environments/shared/class_labels.hpp"
#include "environments/shared/empirical_world.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {
namespace {

struct ImagesOptions {
  std::string images = "images_example.idx";
  std::string labels = "images_example_labels.idx";
  std::string spurious = "images_example_spurious.idx";
  std::string causal = "images_example_causal.idx";
  std::string domains = "images_example_domains.idx";
  std::string twins = "images_example_twins.idx";
  std::string task = "classification";
  std::string classes = "as_numbered";
  std::string layout = "auto";
  std::int64_t test_domain = 2;
  double test_shift = 0.9;
  double validation_share = 0.2;
  double test_share = 0.2;
};

Layout layout_named(const std::string& name) {
  if (name == "channels_first") return Layout::channels_first;
  return name == "channels_last" ? Layout::channels_last : Layout::automatic;
}

/// Numbers that samples hold as float32, one for each image.
std::vector<double> read_numbers(const std::string& name, std::int64_t count,
                                 const std::string& images) {
  std::vector<double> numbers = read_image_values(name, count, images);
  for (std::size_t image = 0; image < numbers.size(); ++image) {
    const std::string problem = float32_problem(numbers[image]);
    if (!problem.empty()) throw DataError(fmt::format("'{}': image {}: {}", name, image, problem));
  }
  return numbers;
}

std::vector<std::int64_t> read_domains(const std::string& name, std::int64_t count,
                                       const std::string& images) {
  std::vector<std::int64_t> domains;
  for (const double value : read_image_values(name, count, images)) {
    if (value != std::floor(value) || value < 0.0 || value > 1e9) {
      throw DataError(fmt::format("'{}': image {}: expected a domain 0, 1, 2 ..., found {}", name,
                                  domains.size(), value));
    }
    domains.push_back(static_cast<std::int64_t>(value));
  }
  return domains;
}

ClassLabels read_labels(const ImagesOptions& options, std::int64_t count) {
  const std::string place = fmt::format("'{}'", options.labels);
  return to_classes(
      read_image_values(options.labels, count, options.images),
      {options.classes == "compact", "classes = \"compact\"", place,
       [&](std::int64_t image) { return fmt::format("{}: image {}", place, image); }});
}

/// Files play one part each: the labels as the cue would be a cue that is the label.
void check_parts(const ImagesOptions& options) {
  const std::pair<const char*, const std::string*> parts[] = {
      {"images", &options.images}, {"labels", &options.labels},   {"spurious", &options.spurious},
      {"causal", &options.causal}, {"domains", &options.domains}, {"twins", &options.twins}};
  for (const auto& [first, file] : parts) {
    for (const auto& [second, other] : parts) {
      if (first == second) break;
      if (file->empty() || *file != *other) continue;
      throw UsageError(
          fmt::format("'{}' and '{}' of images both name the file '{}'", second, first, *file));
    }
  }
}

struct LoadedImages {
  EmpiricalRows rows;
  EnvironmentInfo info;
};

LoadedImages load(const ImagesOptions& options) {
  check_parts(options);
  LoadedImages out;
  EmpiricalRows& rows = out.rows;
  rows.place = fmt::format("'{}'", options.images);
  const ImageFile images = read_images(options.images, layout_named(options.layout));
  rows.x = images.x;
  const std::int64_t count = rows.x.size(0);
  if (options.task == "regression") {
    rows.target = read_numbers(options.labels, count, options.images);
  } else {
    ClassLabels classes = read_labels(options, count);
    rows.label = std::move(classes.label);
    rows.class_names = std::move(classes.names);
  }
  if (!options.causal.empty()) rows.causal = read_numbers(options.causal, count, options.images);
  if (!options.spurious.empty()) {
    rows.spurious = read_numbers(options.spurious, count, options.images);
  }
  if (!options.domains.empty()) {
    const auto domains = read_domains(options.domains, count, options.images);
    std::vector<std::int64_t> names = domains;
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    for (const std::int64_t own : domains) {
      rows.domain.push_back(static_cast<std::size_t>(
          std::lower_bound(names.begin(), names.end(), own) - names.begin()));
    }
    for (const std::int64_t own : names) rows.domain_names.push_back(fmt::format("{}", own));
  }
  if (!options.twins.empty()) {
    rows.twin_x = read_images(options.twins, layout_named(options.layout)).x;
    if (rows.twin_x.sizes() != rows.x.sizes() ||
        rows.twin_x.scalar_type() != rows.x.scalar_type()) {
      throw DataError(fmt::format("'{}': expected twins of the shape and type of '{}'",
                                  options.twins, options.images));
    }
    const std::vector<double>& cue = rows.spurious;
    std::vector<double> levels = cue;
    std::sort(levels.begin(), levels.end());
    levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
    if (levels.size() != 2) {
      throw DataError(fmt::format(
          "'{}' shows each image with the other cue, but 'spurious' of images has {}; expected 2",
          options.twins, core::counted(levels.size(), "value")));
    }
  }
  EnvironmentInfo& info = out.info;
  info.name = "images";
  info.title =
      fmt::format("Images of {}", std::filesystem::path(options.images).filename().string());
  info.citation = "your own data";
  const bool bytes = rows.x.scalar_type() == at::kByte;
  const double scale = bytes ? 255.0 : 1.0;
  const double least = rows.x.min().item<double>() / scale;
  const double most = rows.x.max().item<double>() / scale;
  if (least == most) {
    throw DataError(fmt::format("{}: every value of every image is {}", rows.place, least));
  }
  info.mechanism = fmt::format(
      "recorded, not generated: {} images of {} x {}, {} channel{}{}\nvalues from {:.6g} to "
      "{:.6g}{}\nceilings are frequencies in the files",
      count, rows.x.size(2), rows.x.size(3), rows.x.size(1), rows.x.size(1) == 1 ? "" : "s",
      images.read_as.empty() ? "" : fmt::format(", read from {}", images.read_as), least, most,
      bytes ? ", bytes over 255" : ", as the file has them");
  info.cue = "spurious";
  info.causal = "causal";
  rows.complete();
  return out;
}

/// What `load` looks at. An environment of another data seed parts the same rows again.
std::string key_of(const ImagesOptions& options) {
  return fmt::format("own images\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", options.images,
                     options.labels, options.spurious, options.causal, options.domains,
                     options.twins, options.task, options.layout, options.classes);
}

/// Images from IDX or NPY files as an environment. See datasets/images.md.
class ImagesWorld final : public EmpiricalWorld {
 public:
  using Options = ImagesOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("images", &Options::images,
                   "IDX or NPY file of the images. default: an example that comes with spurion.")
            .data_file()
            .field(
                "labels", &Options::labels,
                "IDX or NPY file: the class of each image (0, 1, 2 ...), or the number to predict.")
            .data_file()
            .field("task", &Options::task, "Type of the label.",
                   one_of({"classification", "regression"}))
            .field("classes", &Options::classes,
                   "compact: labels are classes 0, 1, 2 ... without gaps. Otherwise the whole "
                   "numbers that occur are renumbered.",
                   one_of({"as_numbered", "compact"}))
            .field("layout", &Options::layout,
                   "Position of the channels in an NPY file with four dimensions. auto: from the "
                   "shape; an ambiguous shape is refused.",
                   one_of({"auto", "channels_first", "channels_last"}))
            .field("spurious", &Options::spurious,
                   "IDX or NPY file: the cue of each image. Empty: not recorded.")
            .data_file()
            .field("causal", &Options::causal,
                   "IDX or NPY file: the causal feature of each image. Empty: not recorded.")
            .data_file()
            .field("domains", &Options::domains,
                   "IDX or NPY file: the domain of each image (0, 1, 2 ...). Empty: all images are "
                   "train_0, and the test domain is resampled from them at test_shift.")
            .data_file()
            .field("twins", &Options::twins,
                   "IDX or NPY file: each image with the other value of a two-valued cue. Empty: "
                   "there are none.")
            .data_file()
            .field("test_domain", &Options::test_domain,
                   "The domain that is not used for training.", at_least(0))
            .field("test_shift", &Options::test_shift,
                   "P(cue disagrees with the label) in a resampled test domain.", between(0, 1))
            .field("validation_share", &Options::validation_share,
                   "Probability that an image goes to the validation split.", between(0, 0.9))
            .field("test_share", &Options::test_share,
                   "Probability that an image goes to the test split.", between(0, 0.9));
    return schema;
  }

  ImagesWorld(const Options& options, const EnvironmentContext& context)
      : ImagesWorld(options, context.data_seed,
                    loaded_once<LoadedImages>(context.sources.get(), key_of(options),
                                              [&] { return load(options); })) {}

 private:
  ImagesWorld(const Options& options, std::uint64_t data_seed,
              const std::shared_ptr<const LoadedImages>& loaded)
      : EmpiricalWorld({loaded, &loaded->rows},
                       {fmt::format("{}", options.test_domain), options.test_shift,
                        options.validation_share, options.test_share},
                       loaded->info, data_seed) {}
};

}  // namespace

void register_images(Catalog& catalog);
void register_images(Catalog& catalog) {
  catalog.environments.add<ImagesWorld>(
      "images", "Your own images from IDX or NPY files, with frequencies as ceilings.",
      "your own data");
}

}  // namespace spurion::environments
