#include "data/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "data/file_bytes.hpp"
#include "spurion/error.hpp"

namespace spurion::data {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// A finite number, or nothing.
std::optional<double> parse_number(std::string_view text) {
  text = trimmed(text);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double number = 0.0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::string printable(std::string_view text) {
  constexpr std::size_t kMost = 40;
  std::string out;
  for (const char c : text.substr(0, kMost)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte >= 0x80 || std::isprint(byte) != 0 ? c : '?';
  }
  return out + (text.size() > kMost ? "..." : "");
}

}  // namespace

std::string_view CsvTable::text(std::int64_t row, std::int64_t column) const {
  const Cell& found = cell(row, column);
  return std::string_view(content_).substr(found.first, found.size);
}

std::string CsvTable::place(std::int64_t row, std::int64_t column) const {
  return fmt::format("'{}':{}:{}", name_, line(row), cell(row, column).byte);
}

bool CsvTable::is_number(std::int64_t row, std::int64_t column) const {
  return parse_number(text(row, column)).has_value();
}

double CsvTable::number(std::int64_t row, std::int64_t column) const {
  if (const auto found = parse_number(text(row, column))) return *found;
  throw DataError(fmt::format(
      "{}: column '{}': expected a finite number, found '{}'", place(row, column),
      printable(header_[static_cast<std::size_t>(column)]), printable(text(row, column))));
}

class CsvReader {
 public:
  CsvReader(std::string_view text, std::string name) : text_(text) {
    table_.name_ = std::move(name);
  }

  CsvTable read() {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text_.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
      text_.remove_prefix(kByteOrderMark.size());
    }
    // Empty lines at the end are no rows.
    while (!text_.empty() && (text_.back() == '\n' || text_.back() == '\r')) text_.remove_suffix(1);
    if (text_.empty()) fail("expected a line with the names of the columns, found nothing");
    table_.content_.reserve(text_.size());
    read_header();
    while (position_ < text_.size()) {
      const std::int64_t line = line_;
      const std::size_t before = table_.cells_.size();
      read_record();
      const std::size_t found = table_.cells_.size() - before;
      if (found != table_.header_.size()) {
        line_ = line;
        line_start_ = position_;  // byte 1
        fail(fmt::format("the row has {} field{}, the header has {}", found, found == 1 ? "" : "s",
                         table_.header_.size()));
      }
      table_.lines_.push_back(line);
    }
    return std::move(table_);
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw DataError(
        fmt::format("'{}':{}:{}: {}", table_.name_, line_, position_ - line_start_ + 1, problem));
  }

  void read_header() {
    read_record();
    std::set<std::string> names;
    for (const CsvTable::Cell& cell : table_.cells_) {
      std::string name(trimmed(std::string_view(table_.content_).substr(cell.first, cell.size)));
      const auto refuse = [&](const std::string& problem) {
        throw DataError(fmt::format("'{}':1:{}: {}", table_.name_, cell.byte, problem));
      };
      if (name.empty()) refuse("a column has no name");
      if (!names.insert(name).second) {
        refuse(fmt::format("two columns are called '{}'", printable(name)));
      }
      table_.header_.push_back(std::move(name));
    }
    table_.cells_.clear();
    table_.content_.clear();
  }

  /// One line of fields, with its end.
  void read_record() {
    for (;;) {
      read_field();
      if (position_ == text_.size()) return;
      if (text_[position_] == ',') {
        ++position_;
        if (position_ == text_.size()) {
          add_cell(table_.content_.size(), position_ - line_start_ + 1);  // the last is empty
          return;
        }
        continue;
      }
      end_line();
      return;
    }
  }

  void end_line() {
    if (text_[position_] == '\r') {
      if (position_ + 1 >= text_.size() || text_[position_ + 1] != '\n') {
        fail("a carriage return without a line feed");
      }
      ++position_;
    }
    ++position_;
    next_line();
  }

  void next_line() {
    ++line_;
    line_start_ = position_;
  }

  void read_field() {
    const std::size_t first = table_.content_.size();
    // Quoted fields may hold line ends: the place is that of the field's start.
    const std::size_t byte = position_ - line_start_ + 1;
    if (position_ < text_.size() && text_[position_] == '"') {
      read_quoted();
    } else {
      const std::size_t end = std::min(text_.find_first_of(",\r\n\"", position_), text_.size());
      if (end < text_.size() && text_[end] == '"') {
        position_ = end;
        fail("a quote inside a field that does not start with one");
      }
      append(text_.substr(position_, end - position_));
      position_ = end;
    }
    add_cell(first, byte);
  }

  void read_quoted() {
    const std::size_t open = position_;
    const std::int64_t line = line_;
    const std::size_t line_start = line_start_;
    ++position_;
    for (;;) {
      const std::size_t quote = text_.find('"', position_);
      if (quote == std::string_view::npos) {
        line_ = line;
        line_start_ = line_start;
        position_ = open;
        fail("a quote that is not closed");
      }
      const std::string_view part = text_.substr(position_, quote - position_);
      append(part);
      for (std::size_t i = 0; i < part.size(); ++i) {
        if (part[i] != '\n') continue;
        ++line_;
        line_start_ = position_ + i + 1;
      }
      position_ = quote + 1;
      if (position_ == text_.size() || text_[position_] != '"') break;
      table_.content_ += '"';  // two quotes are one
      ++position_;
    }
    if (position_ < text_.size() && text_[position_] != ',' && text_[position_] != '\r' &&
        text_[position_] != '\n') {
      fail("expected a comma or the end of the line after a closing quote");
    }
  }

  void append(std::string_view part) {
    if (const std::size_t nul = part.find('\0'); nul != std::string_view::npos) {
      position_ += nul;
      fail("a NUL byte: this is no text file");
    }
    table_.content_ += part;
  }

  void add_cell(std::size_t first, std::size_t byte) {
    const std::size_t size = table_.content_.size() - first;
    constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
    if (size > kMost || byte > kMost) fail("a line of more than 4 GB");
    table_.cells_.push_back(
        {first, static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(byte)});
  }

  std::string_view text_;
  CsvTable table_;
  std::size_t position_ = 0;
  std::int64_t line_ = 1;
  std::size_t line_start_ = 0;
};

CsvTable parse_csv(std::string_view text, const std::string& name) {
  return CsvReader(text, name).read();
}

CsvTable read_csv(const std::filesystem::path& file) {
  return parse_csv(read_file_bytes(file, "a CSV file"), file.string());
}

}  // namespace spurion::data
