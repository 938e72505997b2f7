#include "harness/exchange/predictions.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "core/counted.hpp"
#include "data/csv.hpp"
#include "data/file_format.hpp"
#include "data/npy.hpp"
#include "data/npz.hpp"
#include "harness/exchange/probabilities.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

constexpr const char* kLabels = "y";

/// Numbers [N] or [N, C] of so many rows, as a file's header says before they are read.
void check_shape(const std::vector<std::int64_t>& shape, const std::string& text, std::int64_t rows,
                 const std::string& place) {
  if (shape.empty() || shape.size() > 2) {
    throw DataError(fmt::format("{}: expected logits [N] or [N, outputs], found {}", place, text));
  }
  if (shape.front() != rows) {
    throw DataError(fmt::format("{}: {} of logits, but {} {} exported", place,
                                core::counted(shape.front(), "row"), core::counted(rows, "row"),
                                rows == 1 ? "was" : "were"));
  }
}

Tensor tensor_of(const data::Array& array) {
  Tensor out = at::empty(array.shape, at::kDouble);
  double* data = out.data_ptr<double>();
  for (std::int64_t i = 0; i < array.count(); ++i) data[i] = array.number(i);
  return out;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

PredictionFile from_npz(const std::filesystem::path& path, std::int64_t rows) {
  const data::NpzFile file(path);
  constexpr const char* kNames[] = {"logits", "twin_logits"};
  std::vector<std::string> names;
  for (const data::NpzEntry& entry : file.entries()) {
    names.push_back(entry.name);
    const bool known = entry.name == kNames[0] || entry.name == kNames[1];
    if (known || lower(entry.name).find("logit") == std::string::npos) continue;
    throw DataError(
        fmt::format("{}: expected logits as arrays 'logits' and 'twin_logits'", file.place(entry)));
  }
  PredictionFile out;
  const auto read = [&](const char* name) {
    const data::NpzEntry* entry = file.find(name);
    if (entry == nullptr) return Tensor();
    const data::NpyHeader& header = entry->header;
    check_shape(
        header.shape,
        fmt::format("{} [{}]", data::element_descr(header.type), fmt::join(header.shape, ", ")),
        rows, file.place(*entry));
    return tensor_of(file.read(*entry));
  };
  out.logits = read(kNames[0]);
  if (!out.logits.defined()) {
    throw DataError(
        fmt::format("'{}': {}", path.string(), unknown_name_message("array", "logits", names)));
  }
  out.twin_logits = read(kNames[1]);
  if (const data::NpzEntry* kept = file.find(kLabels);
      kept != nullptr && kept->header.shape == std::vector<std::int64_t>{rows}) {
    out.labels = tensor_of(file.read(*kept));
  }
  return out;
}

/// The number k of a column "STEM_k"; nothing when it is written in another way.
std::optional<std::int64_t> number_of(const std::string& name, const std::string& stem) {
  std::int64_t number = 0;
  const char* first = name.data() + stem.size() + 1;
  const char* end = name.data() + name.size();
  if (name.size() <= stem.size() + 1 || name[stem.size()] != '_') return std::nullopt;
  const auto [rest, error] = std::from_chars(first, end, number);
  if (error != std::errc() || rest != end || number < 0) return std::nullopt;
  return name == fmt::format("{}_{}", stem, number) ? std::optional(number) : std::nullopt;
}

/// Columns of the table that are `stem`, or `stem`_0, `stem`_1 ... without a gap, in this order;
/// none when no name starts with the stem.
std::vector<std::int64_t> columns_of(const data::CsvTable& table, const std::string& stem,
                                     const std::string& place) {
  std::optional<std::int64_t> alone;
  std::map<std::int64_t, std::int64_t> numbered;
  for (std::size_t i = 0; i < table.header().size(); ++i) {
    const std::string& name = table.header()[i];
    if (lower(name).rfind(stem, 0) != 0) continue;
    const auto column = static_cast<std::int64_t>(i);
    if (name == stem) {
      alone = column;
    } else if (const auto number = number_of(name, stem)) {
      numbered[*number] = column;
    } else {
      throw DataError(fmt::format("{}: column '{}': expected '{}', or '{}_0', '{}_1' ...", place,
                                  name, stem, stem, stem));
    }
  }
  if (alone && !numbered.empty()) {
    throw DataError(
        fmt::format("{}: there are columns '{}' and '{}_{}'; expected one form or the other", place,
                    stem, stem, numbered.begin()->first));
  }
  if (alone) return {*alone};
  std::vector<std::int64_t> columns;
  for (const auto& [number, column] : numbered) {
    if (number != static_cast<std::int64_t>(columns.size())) {
      throw DataError(fmt::format("{}: there is a column '{}_{}' but no column '{}_{}'", place,
                                  stem, number, stem, columns.size()));
    }
    columns.push_back(column);
  }
  return columns;
}

PredictionFile from_csv(const std::filesystem::path& file, std::int64_t rows) {
  const data::CsvTable table = data::read_csv(file);
  const std::string place = fmt::format("'{}'", file.string());
  const auto read = [&](const std::string& stem) {
    const std::vector<std::int64_t> columns = columns_of(table, stem, place);
    if (columns.empty()) return Tensor();
    check_shape({table.rows(), static_cast<std::int64_t>(columns.size())}, {}, rows, place);
    Tensor out = at::empty({table.rows(), static_cast<std::int64_t>(columns.size())}, at::kDouble);
    double* data = out.data_ptr<double>();
    for (std::int64_t row = 0; row < table.rows(); ++row) {
      for (const std::int64_t column : columns) *data++ = table.number(row, column);
    }
    return out;
  };
  PredictionFile out;
  out.logits = read("logit");
  if (!out.logits.defined()) {
    throw DataError(fmt::format("{}: expected a column 'logit' or columns 'logit_0' ...; {}", place,
                                unknown_name_message("column", "logit", table.header())));
  }
  out.twin_logits = read("twin_logit");
  const auto kept = std::find(table.header().begin(), table.header().end(), kLabels);
  if (kept != table.header().end()) {
    out.labels = at::empty({rows}, at::kDouble);
    double* data = out.labels.data_ptr<double>();
    for (std::int64_t row = 0; row < rows; ++row) {
      *data++ = table.number(row, kept - table.header().begin());
    }
  }
  return out;
}

}  // namespace

std::optional<Value> read_prediction_metadata(const std::filesystem::path& file) {
  if (data::file_format(file) != data::FileFormat::npz) return std::nullopt;
  const data::NpzFile archive(file);
  const data::NpzEntry* entry = archive.find("metadata");
  if (entry == nullptr) return std::nullopt;
  const std::string place = archive.place(*entry);
  // Far more than an export writes.
  constexpr std::uint64_t kMostBytes = std::uint64_t{4} << 20;
  if (entry->header.bytes > kMostBytes) {
    throw DataError(fmt::format("{}: {} bytes; expected what 'spurion export' wrote, at most {}",
                                place, entry->header.bytes, kMostBytes));
  }
  try {
    return parse_json(archive.read(*entry).bytes, "metadata");
  } catch (const UsageError& error) {
    throw DataError(fmt::format("{}: {}", place, error.what()));
  }
}

PredictionFile read_predictions(const std::filesystem::path& file, std::int64_t rows) {
  const data::FileFormat format = data::file_format(file);
  if (format == data::FileFormat::npz) return from_npz(file, rows);
  if (format == data::FileFormat::other) return from_csv(file, rows);
  const data::Array array = data::read_npy(file);
  check_shape(array.shape, array.text(), rows, fmt::format("'{}'", file.string()));
  return {tensor_of(array), {}, {}};
}

void check_labels(const Tensor& kept, const Tensor& labels, const std::string& place) {
  const Tensor wanted = labels.to(at::kFloat).contiguous();
  const Tensor found = kept.to(at::kFloat).contiguous();
  const float* own = found.data_ptr<float>();
  const float* theirs = wanted.data_ptr<float>();
  for (std::int64_t row = 0; row < wanted.numel(); ++row) {
    if (own[row] == theirs[row]) continue;
    throw DataError(
        fmt::format("{}: 'y' of row {} is {}, but its label is {}: the rows are other rows or in "
                    "another order than the export",
                    place, row, own[row], theirs[row]));
  }
}

Tensor as_logits(const Tensor& values, PredictionKind kind, const EnvironmentInfo& info,
                 const std::string& place) {
  if (kind == PredictionKind::probabilities) {
    if (info.task == Task::regression) {
      throw UsageError(
          fmt::format("{}: {} is a regression and has no probabilities", place, info.name));
    }
    return logits_of_probabilities(values, place);
  }
  const bool asked = kind == PredictionKind::logits || info.task == Task::regression;
  if (asked || !look_like_probabilities(values)) return values;
  const bool one = values.dim() == 1 || values.size(1) == 1;
  throw DataError(fmt::format(
      "{}: these look like probabilities, not logits: {}; use --probabilities to take their "
      "logarithms, or --logits if they are logits",
      place,
      one ? "every value is between 0 and 1, so as logits all of them would predict class 1"
          : "no value is negative and every row sums to 1"));
}

Tensor checked_logits(const Tensor& logits, const EnvironmentInfo& info, std::int64_t rows,
                      const std::string& place) {
  Tensor out = logits.dim() == 1 ? logits.unsqueeze(1) : logits;
  if (out.size(0) != rows) {
    throw DataError(fmt::format("{}: {} of logits, but {} {} exported", place,
                                core::counted(out.size(0), "row"), core::counted(rows, "row"),
                                rows == 1 ? "was" : "were"));
  }
  const bool pair = info.task == Task::binary && out.size(1) == 2;
  if (out.size(1) != info.outputs && !pair) {
    throw DataError(fmt::format(
        "{}: {} logits a row, {} expects {}", place, out.size(1), info.name,
        info.task == Task::binary ? "1 (of class 1), or 2" : fmt::format("{}", info.outputs)));
  }
  out = out.to(at::kDouble).contiguous();
  const double* data = out.data_ptr<double>();
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    if (std::isfinite(static_cast<float>(data[i]))) continue;
    throw DataError(fmt::format("{}: logit {} of row {} is {}, expected a finite number{}", place,
                                i % out.size(1), i / out.size(1), data[i],
                                std::isfinite(data[i]) ? " of float32" : ""));
  }
  if (pair) out = out.narrow(1, 1, 1) - out.narrow(1, 0, 1);
  return out.to(at::kFloat).contiguous();
}

}  // namespace spurion::harness
