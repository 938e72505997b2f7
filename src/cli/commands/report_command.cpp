#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "cli/command.hpp"
#include "cli/curve_output.hpp"
#include "cli/output.hpp"
#include "cli/pdf_maker.hpp"
#include "cli/text.hpp"
#include "spurion/report.hpp"
#include "spurion/store.hpp"

namespace spurion::cli {

namespace {

struct ReportArguments {
  std::string folder;
  std::string to;
  bool text = false;
  bool all = false;
  bool full = false;
  bool pdf = false;
  bool log_curves = false;
};

int report(const ReportArguments& arguments, const QuestionKinds& kinds) {
  if (arguments.text) {
    print("{}\n", terminal_report(arguments.folder, terminal_columns(STDOUT_FILENO, 100),
                                  arguments.all, kinds));
    return 0;
  }
  ReportOptions options{arguments.to, arguments.all, arguments.full};
  if (arguments.pdf) options.pdf = load_pdf_maker();
  const ReportFiles files = write_report(arguments.folder, options, kinds);
  print("{}\n", files.html.string());
  if (!files.csv.empty()) {
    print("{}: {}; dictionary.csv there says what each column means\n",
          files.csv.front().parent_path().string(),
          count(static_cast<std::int64_t>(files.csv.size()), "file"));
  }
  for (const std::string& sentence : files.left_out) print("{}\n", sentence);
  if (arguments.log_curves) {
    write_and_print_curves(read_results(arguments.folder, {arguments.all}),
                           files.html.parent_path() / "curves", false);
  }
  print("Open {} first: it answers each question of the suite. '{}' prints the answers here.\n",
        files.html.filename().string(),
        shell_line({"spurion", "report", arguments.folder, "--text"}));
  return 0;
}

}  // namespace

Command add_report(CLI::App& app, Session& session) {
  CLI::App* parser =
      app.add_subcommand("report", "Write report.html and CSV files from the results of a run");
  const auto arguments = std::make_shared<ReportArguments>();
  parser->add_option("DIR", arguments->folder, "Output folder of a run")
      ->option_text(" ")
      ->required();
  CLI::Option* text = parser->add_flag(
      "--text", arguments->text, "Print the answers and tables to the terminal and write no file");
  parser->add_option("--to", arguments->to, "Folder to write the report to (default: DIR)")
      ->option_text("DIR")
      ->excludes(text);
  parser->add_flag("--all", arguments->all,
                   "Also write trials that belong to no experiment of the suite (for example after "
                   "the suite was edited) to the CSV files");
  parser
      ->add_flag("--full", arguments->full,
                 "Write everything: charts and tables beyond the first hundred answers, and "
                 "csv/measurements.csv beyond two million lines")
      ->excludes(text);
  parser
      ->add_flag("--pdf", arguments->pdf,
                 "Write each chart as PDF too, with real text and lines, beside its SVG file in "
                 "the folder csv")
      ->excludes(text);
  parser
      ->add_flag("--log-curves", arguments->log_curves,
                 "Write what was measured along the updates (evaluation.every) as event files in "
                 "the folder curves, for TensorBoard")
      ->excludes(text);
  parser->footer(
      R"(This command reads stores and never trains. Open report.html first: it answers each question of
the suite. Each chart of it is an SVG file of its own in the folder csv, for papers and slides. Stores
(*.sqlite) of many machines in one folder make one report. DIR may be read-only, or in use by a run.

Examples:
  spurion report results/first_look
  spurion report /mnt/archive/first_look --to reports/first_look
  spurion report results/first_look --pdf
  spurion report results/first_look --text | less)");
  return {parser, [arguments, &session] { return report(*arguments, session.questions()); }};
}

}  // namespace spurion::cli
