#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <memory>

#include "data/file_format.hpp"
#include "data/idx.hpp"
#include "data/npy.hpp"
#include "data/table.hpp"
#include "environments/empirical_world.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

namespace spurion {
namespace {

struct ImagesOptions {
  std::string images = "images_example.idx";
  std::string labels = "images_example_labels.idx";
  std::string spurious = "images_example_spurious.idx";
  std::string causal = "images_example_causal.idx";
  std::string domains = "images_example_domains.idx";
  std::string twins = "images_example_twins.idx";
  std::string task = "classification";
  std::int64_t test_domain = 2;
  double test_shift = 0.9;
  double validation_share = 0.2;
  double test_share = 0.2;
};

bool is_npy_file(const std::filesystem::path& file) {
  return data::file_format(file) == data::FileFormat::npy;
}

/// Images [N, channels, rows, columns]: unsigned bytes, of which 255 stands for 1, or float32 as
/// they are.
Tensor read_images(const std::string& name) {
  const std::filesystem::path file = data::find_data_file(name);
  if (!is_npy_file(file)) {
    const data::IdxImages images = data::read_idx_images(file);
    Tensor x = at::empty({images.count, 1, images.rows, images.columns}, at::kByte);
    std::memcpy(x.data_ptr<std::uint8_t>(), images.pixels.data(), images.pixels.size());
    return x;
  }
  const data::Array array = data::read_npy(file);
  const bool bytes = array.type == data::ElementType::uint8;
  const bool shaped = array.shape.size() == 3 || array.shape.size() == 4;
  if (!shaped || array.count() == 0 || !(bytes || array.type == data::ElementType::float32)) {
    throw DataError(fmt::format(
        "'{}': expected images [N, rows, columns] or [N, channels, rows, columns] of uint8 or "
        "float32, found {}",
        file.string(), array.text()));
  }
  Shape shape = array.shape;
  if (shape.size() == 3) shape.insert(shape.begin() + 1, 1);
  Tensor x = at::empty(shape, bytes ? at::kByte : at::kFloat);
  std::memcpy(x.data_ptr(), array.bytes.data(), array.bytes.size());
  if (!bytes && !at::isfinite(x).all().item<bool>()) {
    throw DataError(fmt::format("'{}': some value is not finite", file.string()));
  }
  return x;
}

/// One number for each image.
std::vector<double> read_values(const std::string& name, std::int64_t count,
                                const std::string& images) {
  const std::filesystem::path file = data::find_data_file(name);
  std::vector<double> values;
  if (is_npy_file(file)) {
    const data::Array array = data::read_npy(file);
    if (array.shape.size() != 1) {
      throw DataError(fmt::format("'{}': expected one number for each image, found {}",
                                  file.string(), array.text()));
    }
    for (std::int64_t i = 0; i < array.count(); ++i) values.push_back(array.number(i));
  } else {
    const data::IdxLabels labels = data::read_idx_labels(file);
    values.assign(labels.labels.begin(), labels.labels.end());
  }
  if (static_cast<std::int64_t>(values.size()) != count) {
    throw DataError(fmt::format("'{}' has {} images, but '{}' has {} values", images, count,
                                file.string(), values.size()));
  }
  const auto wrong = std::find_if(values.begin(), values.end(),
                                  [](double value) { return !std::isfinite(value); });
  if (wrong != values.end()) {
    throw DataError(fmt::format("'{}': value {} of image {} is not finite", file.string(), *wrong,
                                wrong - values.begin()));
  }
  return values;
}

std::vector<double> read_targets(const std::string& name, std::int64_t count,
                                 const std::string& images) {
  std::vector<double> targets = read_values(name, count, images);
  const auto wrong = std::find_if(targets.begin(), targets.end(), [](double value) {
    return !std::isfinite(static_cast<float>(value));
  });
  if (wrong != targets.end()) {
    throw DataError(fmt::format("'{}': value {} of image {} is beyond float32", name, *wrong,
                                wrong - targets.begin()));
  }
  return targets;
}

std::vector<std::int64_t> read_classes(const std::string& name, std::int64_t count,
                                       const std::string& images, const char* what,
                                       const char* hint = "") {
  std::vector<std::int64_t> classes;
  for (const double value : read_values(name, count, images)) {
    if (value != std::floor(value) || value < 0.0 || value > 1e9) {
      throw DataError(fmt::format("'{}': image {}: expected a {} 0, 1, 2 ..., found {}{}", name,
                                  classes.size(), what, value, hint));
    }
    classes.push_back(static_cast<std::int64_t>(value));
  }
  return classes;
}

struct LoadedImages {
  EmpiricalRows rows;
  EnvironmentInfo info;
};

LoadedImages load(const ImagesOptions& options) {
  LoadedImages out;
  EmpiricalRows& rows = out.rows;
  rows.place = fmt::format("'{}'", options.images);
  rows.x = read_images(options.images);
  const std::int64_t count = rows.x.size(0);
  if (options.task == "regression") {
    rows.target = read_targets(options.labels, count, options.images);
  } else {
    rows.label = read_classes(options.labels, count, options.images, "class",
                              "; numbers are the labels of task = \"regression\"");
  }
  if (!options.causal.empty()) rows.causal = read_values(options.causal, count, options.images);
  if (!options.spurious.empty()) {
    rows.spurious = read_values(options.spurious, count, options.images);
  }
  if (!options.domains.empty()) {
    const auto domains = read_classes(options.domains, count, options.images, "domain");
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
    rows.twin_x = read_images(options.twins);
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
          "'{}' shows each image with the other cue, but 'spurious' of images has {} values; "
          "expected 2",
          options.twins, levels.size()));
    }
  }
  EnvironmentInfo& info = out.info;
  info.name = "images";
  info.title =
      fmt::format("Images of {}", std::filesystem::path(options.images).filename().string());
  info.citation = "your own data";
  info.mechanism = fmt::format(
      "recorded, not generated: {} images of {} x {}, {} channel{}\nceilings are frequencies in "
      "the files",
      count, rows.x.size(2), rows.x.size(3), rows.x.size(1), rows.x.size(1) == 1 ? "" : "s");
  info.cue = "spurious";
  info.causal = "causal";
  rows.complete();
  return out;
}

/// What `load` looks at. A world of another data seed parts the same rows anew.
std::string key_of(const ImagesOptions& options) {
  return fmt::format("own images\n{}\n{}\n{}\n{}\n{}\n{}\n{}", options.images, options.labels,
                     options.spurious, options.causal, options.domains, options.twins,
                     options.task);
}

/// Images from IDX or NPY files as a world. See datasets/images.md.
class ImagesWorld final : public EmpiricalWorld {
 public:
  using Options = ImagesOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("images", &Options::images,
                   "IDX or NPY; the default is an example that comes with spurion.")
            .field("labels", &Options::labels,
                   "IDX or NPY: the class of each image, 0, 1, 2 ..., or the number to predict.")
            .field("task", &Options::task, "What the label is.",
                   one_of({"classification", "regression"}))
            .field("spurious", &Options::spurious,
                   "IDX or NPY: the cue of each image; empty when not recorded.")
            .field("causal", &Options::causal,
                   "IDX or NPY: the causal feature of each image; empty when not recorded.")
            .field("domains", &Options::domains,
                   "IDX or NPY: the domain of each image, 0, 1, 2 ...; when empty, all images are "
                   "train_0 and the test domain is drawn from them at test_shift.")
            .field("twins", &Options::twins,
                   "IDX or NPY: each image as it is with the other value of a two-valued cue; "
                   "empty when there are none.")
            .field("test_domain", &Options::test_domain, "The domain that is not trained on.",
                   at_least(0))
            .field("test_shift", &Options::test_shift,
                   "P(cue disagrees with label) in a test domain that is drawn.", between(0, 1))
            .field("validation_share", &Options::validation_share,
                   "P(an image is kept for validation).", between(0, 0.9))
            .field("test_share", &Options::test_share, "P(an image is kept for testing).",
                   between(0, 0.9));
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

}  // namespace spurion
