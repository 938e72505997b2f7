#include "report/table_markup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

#include "core/printable.hpp"

namespace spurion::report {

namespace {

using analysis::Cell;
using analysis::ColumnKind;
using analysis::Table;

/// Line ends would end a row.
std::string on_one_line(const std::string& text) {
  std::string out = text;
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
  return core::printable(out);
}

/// Whether people read a cell as a number, not as words.
bool is_number(const Cell& cell) {
  return !std::holds_alternative<std::string>(cell) &&
         !std::holds_alternative<analysis::Missing>(cell);
}

std::string markdown_text(const std::string& text) {
  constexpr std::string_view kMarkup = "\\`*_{}[]<>#|~!$&";
  std::string out;
  for (const char c : on_one_line(text)) {
    if (kMarkup.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

/// What LaTeX writes for a character that it would not print as it is.
constexpr std::pair<std::string_view, std::string_view> kLatex[] = {
    {"\\", "\\textbackslash{}"},
    {"{", "\\{"},
    {"}", "\\}"},
    {"$", "\\$"},
    {"&", "\\&"},
    {"#", "\\#"},
    {"_", "\\_"},
    {"%", "\\%"},
    {"~", "\\textasciitilde{}"},
    {"^", "\\textasciicircum{}"},
    {"<", "\\textless{}"},
    {">", "\\textgreater{}"},
    {"|", "\\textbar{}"},
    {"\"", "\\textquotedbl{}"},
    {"'", "\\textquotesingle{}"},
    {"`", "\\textasciigrave{}"},
    {"--", "-{}-"},
    {"±", "$\\pm$"},
    {"²", "\\textsuperscript{2}"},
    {"³", "\\textsuperscript{3}"},
    {"≤", "$\\leq$"},
    {"≥", "$\\geq$"},
    {"×", "$\\times$"},
    {"→", "$\\to$"},
};

std::string latex_text(const std::string& text) {
  const std::string line = on_one_line(text);
  std::string out;
  for (std::size_t at = 0; at < line.size();) {
    const std::pair<std::string_view, std::string_view>* longest = nullptr;
    for (const auto& one : kLatex) {
      const bool here = line.compare(at, one.first.size(), one.first) == 0;
      if (here && (longest == nullptr || one.first.size() > longest->first.size())) longest = &one;
    }
    out += longest == nullptr ? std::string(1, line[at]) : std::string(longest->second);
    at += longest == nullptr ? 1 : longest->first.size();
  }
  return out;
}

/// Numbers have the sign of mathematics, not a hyphen.
std::string latex_number(const std::string& text) {
  std::string out;
  for (const char c : latex_text(text)) out += c == '-' ? std::string("$-$") : std::string(1, c);
  return out;
}

std::string latex_cell(const Cell& cell) {
  if (std::holds_alternative<analysis::Missing>(cell)) return "--";
  const std::string text = analysis::text_of(cell);
  if (!is_number(cell)) return latex_text(text);
  return text == "-" ? "--" : latex_number(text);
}

/// A row may not begin with what the end of the row before would take for its argument.
std::string latex_row(const std::vector<std::string>& cells) {
  std::string out = "    ";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool taken = i == 0 && !cells[i].empty() && (cells[i][0] == '[' || cells[i][0] == '*');
    out += fmt::format("{}{}{}", i == 0 ? "" : " & ", taken ? "{}" : "", cells[i]);
  }
  return out + " \\\\\n";
}

bool is_text(const analysis::Column& column) { return column.kind == ColumnKind::text; }

}  // namespace

std::string markdown_of(const Table& table) {
  std::string out = "|";
  std::string rule = "|";
  for (const analysis::Column& column : table.columns) {
    out += fmt::format(" {} |", markdown_text(column.title));
    rule += is_text(column) ? "---|" : "---:|";
  }
  out += '\n' + rule + '\n';
  for (const auto& row : table.rows) {
    out += '|';
    for (const Cell& cell : row) {
      const std::string text = analysis::text_of(cell);
      out += fmt::format(" {} |",
                         std::holds_alternative<std::string>(cell) ? markdown_text(text) : text);
    }
    out += '\n';
  }
  return out + '\n' + markdown_text(table.caption) + '\n';
}

std::string latex_of(const Table& table) {
  std::string columns;
  std::vector<std::string> titles;
  for (const analysis::Column& column : table.columns) {
    columns += is_text(column) ? 'l' : 'r';
    titles.push_back(latex_text(column.title));
  }
  std::string out = fmt::format(
      "% In the preamble: \\usepackage[T1]{{fontenc}} \\usepackage{{textcomp,booktabs}}\n"
      "\\begin{{table}}\n  \\centering\n  \\caption{{{}}}\n  \\begin{{tabular}}{{{}}}\n"
      "    \\toprule\n",
      latex_text(table.caption), columns);
  out += latex_row(titles) + "    \\midrule\n";
  for (const auto& row : table.rows) {
    std::vector<std::string> cells;
    for (const Cell& cell : row) cells.push_back(latex_cell(cell));
    out += latex_row(cells);
  }
  return out + "    \\bottomrule\n  \\end{tabular}\n\\end{table}\n";
}

}  // namespace spurion::report
