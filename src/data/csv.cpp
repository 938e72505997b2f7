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

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The digits of a whole number without sign and zeros in front; empty when the text is none.
std::string_view whole_digits(std::string_view text) {
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return {};
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size() - 1));
  return text;
}

/// Whether a text is a whole number that the double nearest to it is not.
bool loses_digits(std::string_view text, double nearest) {
  constexpr std::size_t kAlwaysHeld = 15;
  const std::string_view digits = whole_digits(trimmed(text));
  if (digits.size() <= kAlwaysHeld) return false;
  return fmt::format("{:.0f}", std::fabs(nearest)) != digits;
}

/// A finite number, or nothing.
std::optional<double> nearest_number(std::string_view text) {
  text = trimmed(text);
  if (text.size() > 1 && text.front() == '+' && (is_digit(text[1]) || text[1] == '.')) {
    text.remove_prefix(1);
  }
  double number = 0.0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

/// "1,5", "-1.234,56": what is a number where the comma parts whole and fraction.
bool has_decimal_comma(std::string_view text) {
  text = trimmed(text);
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos || comma == 0) return false;
  const auto digit_or_point = [](char c) { return is_digit(c) || c == '.'; };
  const std::string_view fraction = text.substr(comma + 1);
  return is_digit(text.front()) &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(comma),
                     digit_or_point) &&
         std::all_of(fraction.begin(), fraction.end(), is_digit);
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

std::optional<double> CsvTable::find_number(std::int64_t row, std::int64_t column) const {
  const std::string_view field = text(row, column);
  const std::optional<double> found = nearest_number(field);
  return found && loses_digits(field, *found) ? std::nullopt : found;
}

double CsvTable::number(std::int64_t row, std::int64_t column) const {
  if (const auto found = find_number(row, column)) return *found;
  const std::string_view field = text(row, column);
  const std::string start = fmt::format("{}: column '{}': ", place(row, column),
                                        printable(header_[static_cast<std::size_t>(column)]));
  if (nearest_number(field)) {
    throw DataError(fmt::format(
        "{}{} is a whole number with more digits than float64 can hold; expected at most 2^53",
        start, printable(field)));
  }
  throw DataError(
      fmt::format("{}expected a finite number, found '{}'{}", start, printable(field),
                  has_decimal_comma(field) ? "; numbers have a decimal point, not a comma" : ""));
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
    find_separator();
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

  /// What parts the names in the first line, outside of quotes; a comma where there is one name.
  void find_separator() {
    bool quoted = false;
    std::size_t first[2] = {std::string_view::npos, std::string_view::npos};  // of , and ;
    bool tab = false;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '"') quoted = !quoted;
      if (quoted) continue;
      if (c == '\n' || c == '\r') break;
      if (c == ',') first[0] = std::min(first[0], i);
      if (c == ';') first[1] = std::min(first[1], i);
      tab = tab || c == '\t';
    }
    const bool comma = first[0] != std::string_view::npos;
    const bool semicolon = first[1] != std::string_view::npos;
    if (comma && semicolon) {
      position_ = std::max(first[0], first[1]);
      fail(
          "the first line has commas and semicolons: expected one of them as the separator; quote "
          "the names that contain the other");
    }
    if (semicolon) separator_ = ';';
    if (!comma && !semicolon && tab) separator_ = '\t';
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
      if (name.find('\t') != std::string::npos) {
        refuse(fmt::format(
            "the name '{}' contains a tab: expected one separator only (comma, semicolon or tab)",
            printable(name)));
      }
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
      if (text_[position_] == separator_) {
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
      const char ends[] = {separator_, '\r', '\n', '"', '\0'};
      const std::size_t end = std::min(text_.find_first_of(ends, position_), text_.size());
      if (end < text_.size() && text_[end] == '"') {
        position_ = end;
        fail("a quote inside a field that does not start with one");
      }
      const std::string_view field = text_.substr(position_, end - position_);
      // Where such numbers are, a point may part thousands: "1.234" is no number to be sure of.
      if (separator_ != ',' && has_decimal_comma(field)) {
        fail(
            fmt::format("'{}' looks like a number with a decimal comma; write all numbers with a "
                        "decimal point, and quote fields that are not numbers",
                        printable(field)));
      }
      append(field);
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
    if (position_ < text_.size() && text_[position_] != separator_ && text_[position_] != '\r' &&
        text_[position_] != '\n') {
      const char* separator = separator_ == ',' ? "comma" : separator_ == ';' ? "semicolon" : "tab";
      fail(fmt::format("expected a {} or the end of the line after a closing quote", separator));
    }
  }

  void append(std::string_view part) {
    if (const std::size_t nul = part.find('\0'); nul != std::string_view::npos) {
      position_ += nul;
      fail("a NUL byte: this is not a text file");
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
  char separator_ = ',';
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
