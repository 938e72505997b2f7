#include "cli/text.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <system_error>

namespace spurion::cli {

namespace {

/// Characters, not bytes, of UTF-8 text.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char letter) {
    return (static_cast<unsigned char>(letter) & 0xC0U) != 0x80U;
  }));
}

std::string padded(const std::string& text, std::size_t columns) {
  return text + std::string(columns > width(text) ? columns - width(text) : 0, ' ');
}

/// Lines of at most `columns` characters; a longer word gets a line of its own.
std::vector<std::string> lines_of(const std::string& text, std::size_t columns) {
  std::vector<std::string> lines;
  std::istringstream paragraphs(text);
  for (std::string paragraph; std::getline(paragraphs, paragraph);) {
    std::istringstream words(paragraph);
    std::string line;
    for (std::string word; words >> word;) {
      if (!line.empty() && width(line) + 1 + width(word) > columns) {
        lines.push_back(line);
        line.clear();
      }
      line += (line.empty() ? "" : " ") + word;
    }
    lines.push_back(line);
  }
  if (lines.empty()) lines.emplace_back();
  return lines;
}

std::string scaled(double number, double base, const std::vector<const char*>& units) {
  std::size_t unit = 0;
  while (number >= base && unit + 1 < units.size()) {
    number /= base;
    ++unit;
  }
  return fmt::format(number < 10.0 && unit > 0 ? "{:.1f} {}" : "{:.0f} {}", number, units[unit]);
}

}  // namespace

int terminal_columns(int descriptor, int otherwise) {
  constexpr int kFewest = 40;
  constexpr int kMost = 1000000;
  if (const char* wanted = std::getenv("COLUMNS"); wanted != nullptr) {
    int columns = 0;
    const char* end = wanted + std::strlen(wanted);
    const auto [last, error] = std::from_chars(wanted, end, columns);
    if (error == std::errc() && last == end && columns > 0) {
      return std::clamp(columns, kFewest, kMost);
    }
  }
  winsize size{};
  if (isatty(descriptor) == 0 || ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    return otherwise;
  }
  return std::max<int>(size.ws_col, kFewest);
}

std::string count(std::int64_t number, const std::string& noun) {
  std::string digits = std::to_string(number);
  for (auto place = static_cast<std::ptrdiff_t>(digits.size()) - 3; place > 0; place -= 3) {
    digits.insert(static_cast<std::size_t>(place), ",");
  }
  return fmt::format("{} {}{}", digits, noun, number == 1 ? "" : "s");
}

std::string duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(std::max(seconds, 0.0)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string bytes(double number) {
  return scaled(number, 1000.0, {"bytes", "kB", "MB", "GB", "TB"});
}

std::string flops(double number) {
  return scaled(number, 1000.0, {"FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP"});
}

std::string wrapped(const std::string& text, int columns, int indent) {
  const int room = std::max(columns - indent, 20);
  std::string out;
  for (const std::string& line : lines_of(text, static_cast<std::size_t>(room))) {
    out += std::string(line.empty() ? 0 : static_cast<std::size_t>(indent), ' ') + line + '\n';
  }
  return out;
}

std::string shell_line(const std::vector<std::string>& arguments) {
  constexpr const char* kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%";
  std::string line;
  for (const std::string& argument : arguments) {
    if (!line.empty()) line += ' ';
    if (!argument.empty() && argument.find_first_not_of(kPlain) == std::string::npos) {
      line += argument;
      continue;
    }
    line += '\'';
    for (const char letter : argument) line += letter == '\'' ? "'\\''" : std::string(1, letter);
    line += '\'';
  }
  return line;
}

std::string Table::text(int indent, int columns) const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::size_t start = static_cast<std::size_t>(indent);
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) start += widths[i] + 2;
  const std::size_t total = static_cast<std::size_t>(std::max(columns, 40));
  const std::size_t room = std::max<std::size_t>(total > start ? total - start : 0, 24);
  std::string out;
  for (const auto& row : rows_) {
    std::string line(static_cast<std::size_t>(indent), ' ');
    for (std::size_t i = 0; i + 1 < row.size(); ++i) line += padded(row[i], widths[i]) + "  ";
    bool first = true;
    for (const std::string& part : lines_of(row.back(), room)) {
      if (!first) line.assign(start, ' ');
      line += part;
      line.erase(line.find_last_not_of(' ') + 1);
      out += line + '\n';
      first = false;
    }
  }
  return out;
}

}  // namespace spurion::cli
