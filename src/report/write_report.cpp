#include <fmt/format.h>

#include <algorithm>

#include "analysis/answered_questions.hpp"
#include "analysis/shift_curve.hpp"
#include "core/release.hpp"
#include "report/csv/csv_folder.hpp"
#include "report/html.hpp"
#include "report/references.hpp"
#include "report/report_files.hpp"
#include "report/trial_counts.hpp"
#include "report/trial_files.hpp"
#include "report/whole_file.hpp"
#include "spurion/analysis/study.hpp"
#include "spurion/error.hpp"
#include "spurion/report.hpp"

namespace spurion {

namespace {

/// Answers and charts along the shift curve that a person may read through.
constexpr std::size_t kShown = 100;
/// Some 200 MB.
constexpr std::int64_t kMostMeasurements = 2'000'000;

/// What the page does not show of so many answers and shift curves, and where it is.
std::vector<std::string> left_out(const report::Page& page, std::size_t shift_curves) {
  std::vector<std::string> sentences;
  if (page.whole_answers < page.answers.size()) {
    sentences.push_back(fmt::format(
        "The page shows charts and tables of the first {1} of {0} answers. The tables of the "
        "others are in csv/further_tables_1.csv and so on. 'spurion report --full' shows all.",
        page.answers.size(), page.whole_answers));
  }
  if (page.shift_curves.size() < shift_curves) {
    sentences.push_back(
        fmt::format("The page shows the first {1} of {0} shift curves. The numbers of the others "
                    "are in csv/further_charts.csv. 'spurion report --full' shows all.",
                    shift_curves, page.shift_curves.size()));
  }
  return sentences;
}

/// Works out charts and answers, and writes their files. Only what the page shows is held.
report::Page make_page(const analysis::Study& study, const QuestionKinds& kinds,
                       const ReportOptions& options, report::CsvFolder& csv) {
  const analysis::AnsweredQuestions questions(study, kinds);
  const bool full = options.full;
  report::Page page;
  page.pdf = static_cast<bool>(options.pdf);
  report::AnswerFiles files(csv, options.pdf);
  std::size_t shift_curves = 0;
  for (const Experiment& experiment : study.suite().experiments) {
    for (analysis::Chart& chart : analysis::shift_charts(study, experiment.name)) {
      const bool shown = full || shift_curves < kShown;
      ++shift_curves;
      files.add(chart, shown);
      if (shown) page.shift_curves.push_back(std::move(chart));
    }
  }
  page.whole_answers = full ? questions.size() : std::min(questions.size(), kShown);
  page.answers.reserve(questions.size());
  for (std::size_t i = 0; i < questions.size(); ++i) {
    analysis::Answer answer = questions.answer(i);
    const bool shown = i < page.whole_answers;
    files.add(answer, shown);
    page.terms.add(answer);
    if (!shown) {
      core::release(answer.charts);
      core::release(answer.tables);
    }
    page.answers.push_back(std::move(answer));
  }
  files.finish();
  page.left_out = left_out(page, shift_curves);
  return page;
}

}  // namespace

ReportFiles write_report(const std::filesystem::path& folder, const ReportOptions& options,
                         const QuestionKinds& kinds) {
  const harness::IdentifiedResults identified = harness::read_identified(folder, {options.all});
  const StoredResults& results = identified.results;
  const std::filesystem::path& to = options.to.empty() ? folder : options.to;
  const analysis::Study study(results, kinds.selectors);
  const report::TrialKeys keys(identified);
  report::WholeFiles files;
  files.make_folder(to);
  report::CsvFolder csv(to / "csv", files);
  report::Page page = make_page(study, kinds, options, csv);
  const bool with_measurements = options.full || keys.measurements <= kMostMeasurements;
  if (!with_measurements) {
    page.left_out.push_back(
        fmt::format("csv/measurements.csv is left out because it would have {} lines. 'spurion "
                    "report --full' writes it. csv/results.csv has the final scores of each trial.",
                    keys.measurements));
  }
  report::add_results_file(results, keys, csv);
  if (with_measurements) report::add_measurements_file(results, keys, csv);
  csv.add("references.bib", report::bibliography(results));
  csv.finish();
  ReportFiles written;
  written.html = to / "report.html";
  files.add(written.html,
            report::render_html(results, report::count_trials(results, keys.first), page));
  files.keep();
  csv.remove_earlier();
  written.csv = csv.csv();
  written.left_out = page.left_out;
  return written;
}

}  // namespace spurion
