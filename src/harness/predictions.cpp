#include "harness/predictions.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "data/csv.hpp"
#include "data/file_format.hpp"
#include "data/npy.hpp"
#include "data/npz.hpp"
#include "spurion/error.hpp"

namespace spurion {

namespace {

Tensor tensor_of(const data::Array& array, const std::string& place) {
  if (array.shape.empty() || array.shape.size() > 2) {
    throw DataError(
        fmt::format("{}: expected logits [N] or [N, outputs], found {}", place, array.text()));
  }
  Tensor out = at::empty(array.shape, at::kFloat);
  float* data = out.data_ptr<float>();
  for (std::int64_t i = 0; i < array.count(); ++i) data[i] = static_cast<float>(array.number(i));
  return out;
}

PredictionFile from_npz(const std::filesystem::path& file) {
  const auto arrays = data::read_npz(file);
  PredictionFile out;
  const auto find = [&](const char* name) {
    const auto found = arrays.find(name);
    return found == arrays.end() ? nullptr : &found->second;
  };
  const auto place = [&](const char* name) {
    return fmt::format("'{}', array '{}'", file.string(), name);
  };
  if (const data::Array* logits = find("logits")) {
    out.logits = tensor_of(*logits, place("logits"));
  } else {
    std::vector<std::string> names;
    for (const auto& [name, array] : arrays) names.push_back(name);
    throw DataError(
        fmt::format("'{}': {}", file.string(), unknown_name_message("array", "logits", names)));
  }
  if (const data::Array* twins = find("twin_logits")) {
    out.twin_logits = tensor_of(*twins, place("twin_logits"));
  }
  if (const data::Array* about = find("metadata")) {
    try {
      out.metadata = parse_json(about->bytes, "metadata");
    } catch (const UsageError& error) {
      throw DataError(fmt::format("{}: {}", place("metadata"), error.what()));
    }
  }
  return out;
}

/// Columns `stem`, or `stem`_0, `stem`_1 ...; undefined when there is none.
Tensor columns_of(const data::CsvTable& table, const std::string& stem) {
  std::map<std::string, std::int64_t> index;
  for (std::size_t i = 0; i < table.header().size(); ++i) {
    index[table.header()[i]] = static_cast<std::int64_t>(i);
  }
  std::vector<std::int64_t> columns;
  if (index.count(stem) != 0) {
    columns.push_back(index[stem]);
  } else {
    while (index.count(fmt::format("{}_{}", stem, columns.size())) != 0) {
      columns.push_back(index[fmt::format("{}_{}", stem, columns.size())]);
    }
  }
  if (columns.empty()) return {};
  Tensor out = at::empty({table.rows(), static_cast<std::int64_t>(columns.size())}, at::kFloat);
  float* data = out.data_ptr<float>();
  for (std::int64_t row = 0; row < table.rows(); ++row) {
    for (const std::int64_t column : columns) {
      *data++ = static_cast<float>(table.number(row, column));
    }
  }
  return out;
}

PredictionFile from_csv(const std::filesystem::path& file) {
  const data::CsvTable table = data::read_csv(file);
  PredictionFile out;
  out.logits = columns_of(table, "logit");
  if (!out.logits.defined()) {
    throw DataError(fmt::format("'{}': expected a column 'logit' or columns 'logit_0' ...; {}",
                                file.string(),
                                unknown_name_message("column", "logit", table.header())));
  }
  out.twin_logits = columns_of(table, "twin_logit");
  return out;
}

}  // namespace

PredictionFile read_predictions(const std::filesystem::path& file) {
  const data::FileFormat format = data::file_format(file);
  if (format == data::FileFormat::npz) return from_npz(file);
  if (format == data::FileFormat::other) return from_csv(file);
  PredictionFile out;
  out.logits = tensor_of(data::read_npy(file), fmt::format("'{}'", file.string()));
  return out;
}

Tensor checked_logits(const Tensor& logits, const EnvironmentInfo& info, std::int64_t rows,
                      const std::string& place) {
  Tensor out = logits.dim() == 1 ? logits.unsqueeze(1) : logits;
  if (out.size(0) != rows) {
    throw DataError(
        fmt::format("{}: {} rows of logits for {} rows of the world", place, out.size(0), rows));
  }
  const bool pair = info.task == Task::binary && out.size(1) == 2;
  if (out.size(1) != info.outputs && !pair) {
    throw DataError(fmt::format(
        "{}: {} logits a row, {} expects {}", place, out.size(1), info.name,
        info.task == Task::binary ? "1 (of class 1), or 2" : fmt::format("{}", info.outputs)));
  }
  out = out.to(at::kFloat).contiguous();
  const float* data = out.data_ptr<float>();
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    if (std::isfinite(data[i])) continue;
    throw DataError(fmt::format("{}: logit {} of row {} is {}, expected a finite number", place,
                                i % out.size(1), i / out.size(1), data[i]));
  }
  return pair ? out.narrow(1, 1, 1) - out.narrow(1, 0, 1) : out;
}

}  // namespace spurion
