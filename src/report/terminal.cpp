#include <fmt/format.h>

#include <algorithm>

#include "spurion/analysis/answer.hpp"
#include "spurion/report.hpp"

namespace spurion {

namespace {

/// Characters, not bytes: captions and cells hold UTF-8.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string wrapped(const std::string& text, std::size_t columns, const std::string& indent) {
  std::string out;
  std::string line = indent;
  std::size_t start = 0;
  while (start < text.size()) {
    std::size_t end = text.find(' ', start);
    if (end == std::string::npos) end = text.size();
    const std::string word = text.substr(start, end - start);
    if (width_of(line) > indent.size() && width_of(line) + 1 + width_of(word) > columns) {
      out += line + '\n';
      line = indent;
    }
    line += (line.size() > indent.size() ? " " : "") + word;
    start = end + 1;
  }
  return out + line + '\n';
}

/// Columns that do not fit are left to the CSV.
std::string plain_table(const analysis::Table& table, std::size_t columns) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < table.header.size(); ++i) {
    std::size_t width = width_of(table.header[i]);
    for (const auto& row : table.rows) width = std::max(width, width_of(row[i]));
    widths.push_back(width);
  }
  std::size_t shown = 0;
  std::size_t used = 2;
  while (shown < widths.size() && used + widths[shown] <= columns) used += widths[shown++] + 2;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out = " ";
    for (std::size_t i = 0; i < shown; ++i) {
      out += ' ' + cells[i] + std::string(widths[i] - width_of(cells[i]) + 1, ' ');
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out + '\n';
  };
  std::string out = line(table.header);
  for (const auto& row : table.rows) out += line(row);
  if (shown < widths.size()) {
    out += fmt::format("  (+{} columns in csv/{}.csv)\n", widths.size() - shown, table.name);
  }
  return out;
}

}  // namespace

std::string terminal_report(const std::filesystem::path& folder, int columns) {
  const StoredResults results = read_results(folder);
  const auto width = static_cast<std::size_t>(std::max(columns, 40));
  std::string out;
  for (const analysis::Answer& answer : analysis::answer_all(results)) {
    out += wrapped(answer.question, width, "") + wrapped(answer.sentence, width, "  ");
    for (const analysis::Table& table : answer.tables) {
      if (!table.rows.empty()) out += '\n' + plain_table(table, width);
    }
    out += '\n';
  }
  return out;
}

}  // namespace spurion
