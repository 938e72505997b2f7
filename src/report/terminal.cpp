#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/answered_questions.hpp"
#include "core/counted.hpp"
#include "core/printable.hpp"
#include "harness/store/recorded_rows.hpp"
#include "report/chart_text.hpp"
#include "report/terminal.hpp"
#include "report/trial_counts.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/analysis/glossary.hpp"
#include "spurion/analysis/study.hpp"
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

/// The beginning of a text that is too long, with "..." after it.
std::string shortened(const std::string& text, std::size_t most) {
  if (width_of(text) <= most) return text;
  std::string out;
  std::size_t width = 0;
  for (const char c : text) {
    const bool begins = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    if (begins && width++ == most - 3) break;
    out += c;
  }
  return out + "...";
}

/// Line ends within a cell would break the table.
std::string in_one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
  return text;
}

/// A table as it is shown.
struct TextTable {
  explicit TextTable(const analysis::Table& table) : name(table.name) {
    for (const analysis::Column& column : table.columns) {
      header.push_back(column.title);
      measured.push_back(column.kind == analysis::ColumnKind::estimate ||
                         column.kind == analysis::ColumnKind::spread);
    }
    for (const auto& row : table.rows) {
      rows.emplace_back();
      for (const analysis::Cell& cell : row) rows.back().push_back(in_one_line(text_of(cell)));
    }
  }
  std::string name;
  std::vector<std::string> header;
  std::vector<bool> measured;  ///< columns whose numbers were measured, with their spread
  std::vector<std::vector<std::string>> rows;
};

/// Columns that say the same in every row, of which there are several. Where all measured numbers
/// are equal they stay in their rows: they are what the table is about.
std::vector<bool> constant_columns(const TextTable& table) {
  std::vector<bool> constant(table.header.size(), table.rows.size() > 1);
  bool all_equal = true;
  for (std::size_t i = 0; i < constant.size(); ++i) {
    for (const auto& row : table.rows) {
      constant[i] = constant[i] && row[i] == table.rows.front()[i];
    }
    all_equal = all_equal && (!table.measured[i] || constant[i]);
  }
  for (std::size_t i = 0; all_equal && i < constant.size(); ++i) {
    if (table.measured[i] && table.rows.front()[i] != "-") constant[i] = false;
  }
  return constant;
}

/// What is the same in every row is said once, above. Of the columns that do not fit the last one,
/// which holds the verdict, goes before the others; the rest are left to the CSV.
std::string plain_table(const TextTable& table, std::size_t columns) {
  const std::vector<bool> constant = constant_columns(table);
  std::vector<std::string> same;
  std::vector<std::size_t> varying;
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < table.header.size(); ++i) {
    std::size_t width = width_of(table.header[i]);
    for (const auto& row : table.rows) width = std::max(width, width_of(row[i]));
    widths.push_back(width);
    if (!constant[i]) {
      varying.push_back(i);
    } else if (table.rows.front()[i] != "-" && !table.rows.front()[i].empty()) {
      same.push_back(fmt::format("{}: {}", table.header[i], table.rows.front()[i]));
    }
  }
  // Names of configurations grow long; where they leave no room for what is said of them they are
  // cut.
  constexpr std::size_t kName = 34;
  std::size_t whole = 1;
  for (const std::size_t i : varying) whole += widths[i] + 2;
  if (whole > columns) {
    for (const std::size_t i : varying) widths[i] = std::min(widths[i], kName);
  }
  std::vector<std::size_t> shown;
  std::size_t used = 1;
  const auto fits = [&](std::size_t i) { return used + widths[i] + 1 <= columns; };
  const auto take = [&](std::size_t i) {
    shown.push_back(i);
    used += widths[i] + 2;
  };
  if (!varying.empty()) {
    take(varying.front());
    if (varying.size() > 1 && fits(varying.back())) take(varying.back());
    for (std::size_t v = 1; v + 1 < varying.size() && fits(varying[v]); ++v) take(varying[v]);
    std::sort(shown.begin(), shown.end());
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out = " ";
    for (const std::size_t i : shown) {
      const std::string cell = shortened(cells[i], widths[i]);
      out += ' ' + cell + std::string(widths[i] - width_of(cell) + 1, ' ');
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out + '\n';
  };
  std::string out;
  if (!same.empty()) out += wrapped(fmt::format("{}", fmt::join(same, "; ")), columns, "  ");
  if (!shown.empty()) {
    out += line(table.header);
    for (const auto& row : table.rows) out += line(row);
  }
  if (shown.size() < varying.size()) {
    out += fmt::format("  (+{} {})\n", core::counted(varying.size() - shown.size(), "column"),
                       table.name.empty() ? std::string("with --format csv")
                                          : fmt::format("in csv/{}.csv", table.name));
  }
  return out;
}

/// Rows of each class and group of the environments whose rows were recorded.
std::string row_counts_text(const StoredResults& results, std::size_t width) {
  std::string out;
  for (const auto& [world, lines] : harness::recorded_rows(results.context)) {
    out += wrapped(fmt::format("Rows of {}:", world), width, "");
    for (const std::string& line : lines) out += wrapped(line, width, "  ");
    out += '\n';
  }
  return out;
}

}  // namespace

std::string report::answer_text(const analysis::Answer& answer, std::size_t width) {
  std::string out = wrapped(answer.question, width, "");
  for (std::size_t start = 0; start <= answer.sentence.size();) {
    const std::size_t end = std::min(answer.sentence.find('\n', start), answer.sentence.size());
    out += wrapped(answer.sentence.substr(start, end - start), width, "  ");
    start = end + 1;
  }
  for (const analysis::Chart& chart : answer.charts) {
    const std::string picture = chart_text(chart, width);
    if (!picture.empty()) out += '\n' + picture;
  }
  for (const analysis::Table& table : answer.tables) {
    if (!table.rows.empty() && !table.file_only) out += '\n' + plain_table(TextTable(table), width);
  }
  return out;
}

std::string terminal_report(const std::filesystem::path& folder, int columns, bool all,
                            const QuestionKinds& kinds) {
  return report::terminal_text(harness::read_identified(folder, {all}), columns, kinds);
}

namespace {

/// For those who read no page.
constexpr const char* kWords =
    "'spurion describe TERM' explains a word, a column or a verdict: 'spurion describe learned'.";

/// A sign of the text that a reader has to know, how the legend calls it, and the term it stands
/// for.
struct LegendEntry {
  std::string_view sign;
  std::string_view label;
  std::string_view term;
};
constexpr LegendEntry kLegend[] = {{"[", "[a, b]", "interval"},
                                   {"gap", "gap", "gap"},
                                   {"ID", "ID", "in distribution"},
                                   {"OOD", "OOD", "out of distribution"},
                                   {"ceiling", "invariant ceiling", "invariant"},
                                   {"learn", "learned", "learned"},
                                   {"margin", "margin", "margin"},
                                   {"flip rate", "flip rate", "flip rate"},
                                   {"cue contribution", "cue contribution", "cue contribution"}};

/// What the signs of a text mean: the first sentence of the glossary on each, before they appear.
std::string legend_of(const std::string& text, std::size_t width) {
  std::string out;
  for (const LegendEntry& entry : kLegend) {
    if (text.find(entry.sign) == std::string::npos) continue;
    const std::string_view meaning = analysis::find_term(entry.term)->meaning;
    out += wrapped(fmt::format("{}: {}", entry.label, meaning.substr(0, meaning.find(". ") + 1)),
                   width, "  ");
  }
  return out.empty() ? out : "Words and signs:\n" + out + '\n';
}

std::string terminal_of(const StoredResults& results, const report::TrialCounts& counts,
                        int columns, const QuestionKinds& kinds) {
  const auto width = static_cast<std::size_t>(std::max(columns, 40));
  std::string notes;
  for (const std::string& note : report::notes_of(results, counts))
    notes += wrapped("Note: " + note, width, "") + '\n';
  std::string out;
  const analysis::Study study(results, kinds.selectors);
  const analysis::AnsweredQuestions questions(study, kinds);
  for (std::size_t i = 0; i < questions.size(); ++i) {
    out += report::answer_text(questions.answer(i), width) + '\n';
  }
  return core::printable(notes + legend_of(out, width) + out + row_counts_text(results, width) +
                         wrapped(kWords, width, ""));
}

}  // namespace

std::string report::terminal_text(const harness::IdentifiedResults& identified, int columns,
                                  const QuestionKinds& kinds) {
  const auto counts = count_trials(identified.results, harness::first_times(identified.ids));
  return terminal_of(identified.results, counts, columns, kinds);
}

std::string terminal_report(const StoredResults& results, int columns, const QuestionKinds& kinds) {
  return terminal_of(results, report::count_trials(results), columns, kinds);
}

}  // namespace spurion
