#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "cli/answer_output.hpp"
#include "cli/output.hpp"
#include "cli/text.hpp"
#include "cli/training/actions.hpp"
#include "cli/training/progress.hpp"
#include "cli/training/stop_signal.hpp"
#include "cli/training/suite_plugins.hpp"
#include "harness/run/run_plan.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/error.hpp"
#include "spurion/run.hpp"

namespace spurion::cli {

namespace {

using analysis::Agreement;
using analysis::Check;

constexpr const char* kPublished = "published/";

/// A suite that is to be verified.
struct AskedSuite {
  std::string name;       ///< as it is loaded: a name or a file
  Suite suite;            ///< the part that is run
  bool left_out = false;  ///< it is too long for a quick check
};

/// What came of one.
struct VerifiedSuite {
  std::string name;
  std::vector<Check> checks;
  std::string missing;  ///< why it was not run; empty: it was
};

std::vector<std::string> published_suites() {
  std::vector<std::string> names;
  for (const std::string& name : suite_names()) {
    if (name.rfind(kPublished, 0) == 0) names.push_back(name);
  }
  if (names.empty()) {
    throw UsageError("there are no suites in published/; 'spurion list suites' shows all suites");
  }
  return names;
}

/// The suite that is meant: one in published/ needs no folder in front.
std::string full_name(const std::string& name) {
  const std::vector<std::string> names = suite_names();
  const std::string published = kPublished + name;
  return std::find(names.begin(), names.end(), published) != names.end() ? published : name;
}

std::vector<AskedSuite> asked_suites(const VerifyArguments& arguments) {
  std::vector<std::string> names;
  for (const std::string& name : arguments.suites) names.push_back(full_name(name));
  if (names.empty()) names = published_suites();
  std::vector<AskedSuite> asked;
  const bool quick = arguments.size == "quick";
  for (const std::string& name : names) {
    Suite suite = Suite::load(name);
    if (quick && suite.quick.left_out) {
      asked.push_back({name, std::move(suite), true});
      continue;
    }
    asked.push_back({name, quick ? suite.quick_part() : std::move(suite)});
    const auto& questions = asked.back().suite.questions;
    if (std::none_of(questions.begin(), questions.end(), [](const AskedQuestion& one) {
          return one.kind == "published" || one.kind == "trend";
        })) {
      throw UsageError(fmt::format(
          "suite '{}' has no published numbers or claims: no question of kind 'published' or "
          "'trend' is about what is run of it",
          name));
    }
  }
  return asked;
}

void run_asked(const AskedSuite& asked, const VerifyArguments& arguments, const CommandLine& line,
               harness::CheckedRun& checked, RunOptions options) {
  ProgressDisplay display(asked.suite.name, options.stop);
  Progress progress;
  options.progress = [&](const Progress& now) {
    progress = now;
    if (!arguments.quiet) display.update(now);
  };
  try {
    progress = harness::run_checked(checked, options);
  } catch (const Interrupted&) {
    throw Interrupted(
        fmt::format("stopped; {} of {} of {} are stored. The same command resumes:\n"
                    "  {}",
                    progress.trials_done, count(progress.trials_total, "trial"), asked.suite.name,
                    shell_line(line.words)));
  }
  for (const std::string& note : progress.notes) print(stderr, "spurion: {}\n", note);
}

/// Runs what is not stored yet. Of several suites, one whose data are missing is left out.
VerifiedSuite verified(const AskedSuite& asked, const VerifyArguments& arguments,
                       const CommandLine& line, const Catalog& catalog, const StopSignal& stop) {
  RunOptions options;
  options.out = std::filesystem::path(arguments.out) / asked.suite.name;
  options.jobs = arguments.jobs;
  options.stop = &stop.requested();
  options.changed = arguments.rerun_changed ? Changed::rerun
                    : arguments.allow_mixed ? Changed::allow
                                            : Changed::refuse;
  VerifiedSuite out{asked.name, {}, {}};
  if (asked.left_out) {
    out.missing = "it takes long: add --size full";
    return out;
  }
  harness::CheckedRun checked;
  try {
    checked = harness::check_run(asked.suite, catalog, options);
  } catch (const DataError& error) {
    if (arguments.suites.size() == 1) throw;
    out.missing = error.what();
    return out;
  }
  run_asked(asked, arguments, line, checked, std::move(options));
  checked = {};  // makes room for the results
  const StoredResults results =
      read_results(std::filesystem::path(arguments.out) / asked.suite.name);
  for (const std::string& note : results.notes) print(stderr, "spurion: {}\n", note);
  for (analysis::Answer& answer : analysis::answer_all(results, catalog.questions)) {
    for (Check& check : answer.checks) out.checks.push_back(std::move(check));
  }
  return out;
}

std::int64_t count_of(const std::vector<VerifiedSuite>& suites, Agreement agreement) {
  std::int64_t sum = 0;
  for (const VerifiedSuite& suite : suites) {
    sum += std::count_if(suite.checks.begin(), suite.checks.end(),
                         [&](const Check& check) { return check.agreement == agreement; });
  }
  return sum;
}

/// "30 agree, 1 differs": what there is, and why suites were not run.
std::string sentence_of(const std::vector<VerifiedSuite>& suites) {
  std::string text;
  for (const Agreement one : {Agreement::agree, Agreement::differ, Agreement::undecided,
                              Agreement::no_number, Agreement::not_run}) {
    const std::int64_t count = count_of(suites, one);
    if (count == 0 && one != Agreement::agree && one != Agreement::differ) continue;
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", analysis::agreement_name(one), count);
  }
  text += ".";
  for (const VerifiedSuite& suite : suites) {
    if (!suite.missing.empty())
      text += fmt::format(" {} is not run: {}.", suite.name, suite.missing);
  }
  return text;
}

analysis::Table table_of(const std::vector<VerifiedSuite>& suites) {
  analysis::Table table{
      "verify",
      "published and ours: mean ± as the source and we give it, or a claim and the change that "
      "was measured. difference in SE: ours minus published, in standard errors. A number differs "
      "where Welch's t test gives p < .05 over the number of published numbers of its suite "
      "(Bonferroni). A claim differs where it is refuted.",
      {{"suite"},
       {"number"},
       {"published"},
       {"ours"},
       {"difference in SE", analysis::ColumnKind::number, "difference_in_standard_errors"},
       {"agreement"}}};
  bool notes = false;
  for (const VerifiedSuite& suite : suites) {
    for (const Check& check : suite.checks) notes = notes || !check.note.empty();
  }
  if (notes) table.columns.push_back({"note"});
  const auto add = [&](std::vector<analysis::Cell> cells, const std::string& note) {
    if (notes) cells.emplace_back(note);
    table.add(std::move(cells));
  };
  for (const VerifiedSuite& suite : suites) {
    for (const Check& check : suite.checks) {
      add({suite.name, check.label, analysis::text_of(check.published),
           analysis::text_of(check.ours), check.difference,
           std::string(analysis::agreement_name(check.agreement))},
          check.note);
    }
    if (suite.missing.empty()) continue;
    add({suite.name, std::string("all"), analysis::Missing(), analysis::Missing(),
         analysis::Missing(), std::string(analysis::agreement_name(Agreement::not_run))},
        "");
  }
  return table;
}

}  // namespace

int verify(const VerifyArguments& arguments, const CommandLine& line, Catalog& catalog) {
  const std::vector<AskedSuite> asked = asked_suites(arguments);
  const StopSignal stop;
  std::vector<VerifiedSuite> suites;
  for (const AskedSuite& one : asked) {
    load_suite_plugins(one.suite, one.name, line, catalog);
    suites.push_back(verified(one, arguments, line, catalog, stop));
  }
  analysis::Answer answer;
  answer.question = "Do our numbers agree with the published ones?";
  answer.sentence = sentence_of(suites);
  answer.tables.push_back(table_of(suites));
  print_answer(answer, arguments.format);
  const bool good = count_of(suites, Agreement::differ) == 0 &&
                    count_of(suites, Agreement::no_number) == 0 &&
                    count_of(suites, Agreement::not_run) == 0 &&
                    std::any_of(suites.begin(), suites.end(),
                                [](const VerifiedSuite& suite) { return !suite.checks.empty(); });
  return static_cast<int>(good ? ExitCode::success : ExitCode::self_test);
}

}  // namespace spurion::cli
