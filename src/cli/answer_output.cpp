#include "cli/answer_output.hpp"

#include <unistd.h>

#include <cstddef>

#include "cli/output.hpp"
#include "cli/text.hpp"
#include "report/csv/csv.hpp"
#include "report/table_markup.hpp"
#include "report/terminal.hpp"

namespace spurion::cli {

void print_answer(const analysis::Answer& answer, const std::string& format) {
  for (const analysis::Table& table : answer.tables) {
    if (format == "csv") print("{}", report::csv_of(table));
    if (table.file_only) continue;
    if (format == "markdown") print("{}", report::markdown_of(table));
    if (format == "latex") print("{}", report::latex_of(table));
  }
  if (format == "text") {
    print("{}", report::answer_text(
                    answer, static_cast<std::size_t>(terminal_columns(STDOUT_FILENO, 120))));
  }
}

}  // namespace spurion::cli
