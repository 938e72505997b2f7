#include "environments/images/image_files.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "core/counted.hpp"
#include "data/file_format.hpp"
#include "data/idx.hpp"
#include "data/memory_limit.hpp"
#include "data/npy.hpp"
#include "data/table.hpp"
#include "environments/shared/empirical_rows.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {

namespace {

bool is_npy_file(const std::filesystem::path& file) {
  return data::file_format(file) == data::FileFormat::npy;
}

ImageFile read_idx(const std::filesystem::path& file) {
  const data::IdxImages images = data::read_idx_images(file);
  ImageFile out;
  out.x = at::empty({images.count, 1, images.rows, images.columns}, at::kByte);
  std::memcpy(out.x.data_ptr<std::uint8_t>(), images.pixels.data(), images.pixels.size());
  return out;
}

bool may_be_channels(std::int64_t size) { return size == 1 || size == 3 || size == 4; }

/// Where the channels of [N, a, b, c] are.
Layout layout_of(const data::Array& array, Layout asked, const std::string& place) {
  if (asked != Layout::automatic) return asked;
  const bool first = may_be_channels(array.shape[1]);
  const bool last = may_be_channels(array.shape[3]);
  if (first != last) return first ? Layout::channels_first : Layout::channels_last;
  throw DataError(fmt::format(
      "{}: {} may be pictures of {} channels, {} x {}, or of {} channels, {} x {}; set layout = "
      "\"channels_first\" or layout = \"channels_last\"",
      place, array.text(), array.shape[1], array.shape[2], array.shape[3], array.shape[3],
      array.shape[1], array.shape[2]));
}

/// The numbers of an array as float32, in its shape.
Tensor to_float(const data::Array& array, const std::string& place) {
  Tensor x = at::empty(array.shape, at::kFloat);
  float* data = x.data_ptr<float>();
  const std::int64_t each = array.count() / array.shape.front();
  for (std::int64_t i = 0; i < array.count(); ++i) {
    const double value = array.number(i);
    const std::string problem =
        !std::isfinite(value) ? fmt::format("{} is not finite", value) : float32_problem(value);
    if (!problem.empty()) {
      throw DataError(
          fmt::format("{}: image {}, value {}: {}", place, i / each, i % each, problem));
    }
    data[i] = static_cast<float>(value);
  }
  return x;
}

}  // namespace

ImageFile read_images(const std::string& name, Layout layout) {
  const std::filesystem::path file = data::find_data_file(name);
  if (!is_npy_file(file)) return read_idx(file);
  const std::string place = fmt::format("'{}'", file.string());
  const data::Array array = data::read_npy(file);
  if ((array.shape.size() != 3 && array.shape.size() != 4) || array.count() == 0) {
    throw DataError(
        fmt::format("{}: expected images [N, rows, columns], [N, channels, rows, columns] or [N, "
                    "rows, columns, channels], found {}",
                    place, array.text()));
  }
  ImageFile out;
  const bool bytes = array.type == data::ElementType::uint8;
  data::require_memory((bytes ? 2.0 : 2.0 * sizeof(float)) * static_cast<double>(array.count()),
                       place, array.text());
  if (bytes) {
    out.x = at::empty(array.shape, at::kByte);
    std::memcpy(out.x.data_ptr(), array.bytes.data(), array.bytes.size());
  } else {
    out.x = to_float(array, place);
  }
  if (array.shape.size() == 3) {
    out.x = out.x.unsqueeze(1);
    return out;
  }
  const bool last = layout_of(array, layout, place) == Layout::channels_last;
  if (last) out.x = out.x.permute({0, 3, 1, 2}).contiguous();
  out.read_as = fmt::format("{} with channels {}", array.text(), last ? "last" : "first");
  return out;
}

std::vector<double> read_image_values(const std::string& name, std::int64_t count,
                                      const std::string& images) {
  const std::filesystem::path file = data::find_data_file(name);
  std::vector<double> values;
  if (is_npy_file(file)) {
    const data::Array array = data::read_npy(file);
    const bool column = array.shape.size() == 2 && array.shape.back() == 1;
    if (array.shape.size() != 1 && !column) {
      throw DataError(fmt::format("'{}': expected one number for each image, found {}",
                                  file.string(), array.text()));
    }
    for (std::int64_t i = 0; i < array.count(); ++i) {
      if (!array.exact(i)) {
        throw DataError(fmt::format(
            "'{}': value {} of image {} is a whole number of more digits than float64 holds",
            file.string(), array.element_text(i), i));
      }
      values.push_back(array.number(i));
    }
  } else {
    const data::IdxLabels labels = data::read_idx_labels(file);
    values.assign(labels.labels.begin(), labels.labels.end());
  }
  if (static_cast<std::int64_t>(values.size()) != count) {
    throw DataError(fmt::format("'{}' has {}, but '{}' has {}", images,
                                core::counted(count, "image"), file.string(),
                                core::counted(values.size(), "value")));
  }
  const auto wrong = std::find_if(values.begin(), values.end(),
                                  [](double value) { return !std::isfinite(value); });
  if (wrong != values.end()) {
    throw DataError(fmt::format("'{}': value {} of image {} is not finite", file.string(), *wrong,
                                wrong - values.begin()));
  }
  return values;
}

}  // namespace spurion::environments
