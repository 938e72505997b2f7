#include <fmt/format.h>

#include <algorithm>

#include "report/csv/csv_folder.hpp"
#include "report/html.hpp"
#include "report/report_files.hpp"
#include "report/trial_files.hpp"
#include "report/whole_file.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/error.hpp"
#include "spurion/report.hpp"

namespace spurion {

namespace {

/// Answers and charts along the shift curve that a person may read through.
constexpr std::size_t kShown = 100;
/// Some 200 MB.
constexpr std::int64_t kMostMeasurements = 2'000'000;

/// What the page does not show, and where it is.
report::PageLimits limits_of(std::size_t answers, std::size_t shift_curves, bool full) {
  report::PageLimits limits;
  limits.answers = full ? answers : std::min(answers, kShown);
  limits.shift_curves = full ? shift_curves : std::min(shift_curves, kShown);
  if (limits.answers < answers) {
    limits.left_out.push_back(fmt::format(
        "The page shows charts and tables of the first {1} of {0} answers. The tables of the "
        "others are in csv/further_tables_1.csv and so on. 'spurion report --full' shows all.",
        answers, limits.answers));
  }
  if (limits.shift_curves < shift_curves) {
    limits.left_out.push_back(
        fmt::format("The page shows the first {1} of {0} shift curves. The numbers of the others "
                    "are in csv/further_charts.csv. 'spurion report --full' shows all.",
                    shift_curves, limits.shift_curves));
  }
  return limits;
}

}  // namespace

ReportFiles write_report(const std::filesystem::path& folder, const ReportOptions& options,
                         const QuestionKinds& kinds) {
  const StoredResults results = read_results(folder, {options.all});
  const std::filesystem::path& to = options.to.empty() ? folder : options.to;
  auto answers = analysis::answer_all(results, kinds);
  auto shift_curves = analysis::shift_charts(results);
  report::name_files(answers, shift_curves);
  report::PageLimits limits = limits_of(answers.size(), shift_curves.size(), options.full);
  const report::TrialKeys keys(results);
  const bool with_measurements = options.full || keys.measurements <= kMostMeasurements;
  if (!with_measurements) {
    limits.left_out.push_back(
        fmt::format("csv/measurements.csv is left out because it would have {} lines. 'spurion "
                    "report --full' writes it. csv/results.csv has the final scores of each trial.",
                    keys.measurements));
  }
  report::WholeFiles files;
  files.make_folder(to);
  report::CsvFolder csv(to / "csv", files);
  ReportFiles written;
  written.html = to / "report.html";
  files.add(written.html, report::render_html(results, answers, shift_curves, limits));
  report::add_answer_files(answers, shift_curves, limits, csv);
  report::add_results_file(results, keys, csv);
  if (with_measurements) report::add_measurements_file(results, keys, csv);
  csv.finish();
  files.keep();
  csv.remove_earlier();
  written.csv = csv.csv();
  written.left_out = limits.left_out;
  return written;
}

}  // namespace spurion
