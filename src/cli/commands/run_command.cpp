#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <unordered_set>

#include "cli/command.hpp"
#include "cli/dry_run.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/stop_signal.hpp"
#include "cli/text.hpp"
#include "harness/run/run_plan.hpp"
#include "spurion/analysis/answer.hpp"
#include "spurion/error.hpp"
#include "spurion/report.hpp"
#include "spurion/run.hpp"

namespace spurion::cli {

namespace {

struct RunArguments {
  std::string suite;
  std::string out;
  std::string memory;
  std::string device = "cpu";
  std::string checkpoint;
  std::int64_t jobs = 0;
  std::int64_t replicas = kUsualReplicas;
  bool dry_run = false;
  bool strict = false;
  bool rerun_changed = false;
  bool allow_mixed = false;
  bool quiet = false;
};

/// Bytes of "512M", "8GB", "1.5G", "2GiB"; negative when it is no size.
double parse_size(const std::string& text) {
  double number = 0.0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number) || !(number > 0.0)) return -1.0;
  static const std::map<std::string, double> units = {{"", 1.0},
                                                      {"k", 1e3},
                                                      {"kB", 1e3},
                                                      {"K", 1e3},
                                                      {"M", 1e6},
                                                      {"MB", 1e6},
                                                      {"G", 1e9},
                                                      {"GB", 1e9},
                                                      {"T", 1e12},
                                                      {"TB", 1e12},
                                                      {"KiB", 1024.0},
                                                      {"kiB", 1024.0},
                                                      {"MiB", 1024.0 * 1024.0},
                                                      {"GiB", 1024.0 * 1024.0 * 1024.0}};
  const auto unit = units.find(std::string(rest, text.data() + text.size()));
  return unit == units.end() ? -1.0 : number * unit->second;
}

std::string check_size(const std::string& text) {
  constexpr double kMegabyte = 1e6;  // with less nothing runs: a unit was forgotten
  const double size = parse_size(text);
  if (size >= kMegabyte) return {};
  return fmt::format("expects a size such as 512M or 8G, got '{}'{}", text,
                     size > 0.0 ? fmt::format(", which is {}", bytes(size)) : "");
}

std::string check_positive(const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end && number >= 1
             ? std::string()
             : fmt::format("expects an integer >= 1, got '{}'", text);
}

/// Seconds of "60" or "0.5"; negative when it is no such number. Not left to the parser, which
/// reads numbers as the language of the program around it writes them.
double parse_seconds(const std::string& text) {
  double number = 0.0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end && std::isfinite(number) ? number : -1.0;
}

std::string check_seconds(const std::string& text) {
  return parse_seconds(text) >= 0.0
             ? std::string()
             : fmt::format("expects a number of seconds >= 0, got '{}'", text);
}

/// Plug-ins that the suite names, unless --plugin loaded them already; a relative path starts at
/// the folder of the suite's file.
void load_suite_plugins(const Suite& suite, const std::string& suite_argument, Session& session) {
  // A path that the system cannot follow stays as it is: loading it says what is wrong.
  const auto canonical = [](const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::path followed = std::filesystem::weakly_canonical(path, error);
    return error ? path : followed;
  };
  std::set<std::filesystem::path> loaded;
  for (const std::string& file : session.plugins) loaded.insert(canonical(file));
  for (const std::string& file : suite.plugins) {
    std::filesystem::path path = file;
    std::error_code ignored;
    if (path.is_relative() && std::filesystem::is_regular_file(suite_argument, ignored)) {
      path = std::filesystem::path(suite_argument).parent_path() / path;
    }
    if (loaded.insert(canonical(path)).second) {
      session.catalog.load_plugin(path);
    }
  }
}

void print_notes(const Progress& progress) {
  for (const std::string& note : progress.notes) print(stderr, "spurion: {}\n", note);
}

void print_summary(const Outcomes& outcomes, const Progress& progress, const std::string& out) {
  const std::int64_t ran = progress.trials_total - progress.trials_found;
  print("{} in {}: {} done, {} diverged, {} failed", count(progress.trials_total, "trial"), out,
        outcomes.done, outcomes.diverged, outcomes.failed);
  if (ran == 0) {
    print("; all were there already\n");
  } else {
    print("; {} found there, {} run in {}{}\n", progress.trials_found, ran,
          duration(progress.seconds),
          progress.trials_changed == 0
              ? ""
              : fmt::format(", of which {} in place of those that something else made",
                            progress.trials_changed));
    print("processor time: {}\n", work_shares(progress.times));
    print("peak memory: {}\n", outcomes.peak_memory);
  }
  constexpr std::size_t kMessages = 5;
  std::size_t shown = 0;
  for (const auto& [message, times] : outcomes.messages) {
    if (shown++ == kMessages) {
      print("  and {} more kinds\n", outcomes.messages.size() - kMessages);
      break;
    }
    print("  {} times {}\n", times, message);
  }
}

std::string resume_message(const Progress& progress, const RunArguments& arguments,
                           const Session& session) {
  const std::string stored =
      progress.trials_total == 0
          ? "before the first trial"
          : fmt::format("{} of {} are stored in {}", progress.trials_done,
                        count(progress.trials_total, "trial"), arguments.out);
  return fmt::format("stopped; {}. The same command resumes:\n  {}", stored,
                     shell_line(session.arguments));
}

int run(RunArguments arguments, Session& session) {
  const Suite suite = Suite::load(arguments.suite);
  load_suite_plugins(suite, arguments.suite, session);
  if (arguments.out.empty()) arguments.out = "results/" + suite.name;
  const Device device = named_device(arguments.device);
  RunOptions options;
  options.out = arguments.out;
  options.jobs = arguments.jobs;
  options.max_replicas = arguments.replicas;
  options.memory_bytes = arguments.memory.empty() ? 0.0 : parse_size(arguments.memory);
  if (!arguments.checkpoint.empty()) {
    options.checkpoint_seconds = parse_seconds(arguments.checkpoint);
  }
  options.device = device;
  options.changed = arguments.rerun_changed ? Changed::rerun
                    : arguments.allow_mixed ? Changed::allow
                                            : Changed::refuse;
  std::optional<StopSignal> stop;
  if (!arguments.dry_run) {
    stop.emplace();
    options.stop = &stop->requested();
  }
  CheckedRun checked = check_run(suite, session.catalog, options);
  // What cannot be answered in the end is said before anything runs.
  analysis::check_questions(suite, checked.trials, session.catalog.questions);
  if (arguments.dry_run) {
    print_dry_run(suite, checked, session.catalog, options);
    return 0;
  }
  const std::unordered_set<TrialId, TrialIdHash> ids(checked.ids.begin(), checked.ids.end());
  Progress progress;
  {
    ProgressDisplay display(suite.name, options.stop);
    options.progress = [&](const Progress& now) {
      progress = now;
      if (!arguments.quiet) display.update(now);
    };
    try {
      progress = run_checked(checked, session.catalog, options);
    } catch (const Interrupted&) {
      print_notes(progress);
      throw Interrupted(resume_message(progress, arguments, session));
    }
  }
  print_notes(progress);
  const Outcomes outcomes = read_outcomes(arguments.out, ids);
  if (!arguments.quiet) {
    print("{}\n", terminal_report(arguments.out, terminal_columns(STDOUT_FILENO, 100)));
    print_summary(outcomes, progress, arguments.out);
    print("for charts: {}\n", shell_line({"spurion", "report", arguments.out}));
  }
  if (arguments.strict && outcomes.diverged + outcomes.failed > 0) {
    print(stderr, "spurion: --strict: {} diverged, {} failed\n", count(outcomes.diverged, "trial"),
          outcomes.failed);
    return static_cast<int>(ExitCode::diverged);
  }
  return 0;
}

}  // namespace

Command add_run(CLI::App& app, Session& session) {
  CLI::App* parser = app.add_subcommand("run", "Run a suite, or what is left of it");
  const auto arguments = std::make_shared<RunArguments>();
  parser
      ->add_option("SUITE", arguments->suite,
                   "Name of a suite (spurion list suites) or a .toml file")
      ->option_text(" ")
      ->required();
  parser
      ->add_option("--out", arguments->out,
                   "Output folder (default: results/ and the suite's name)")
      ->option_text("DIR");
  parser
      ->add_option("--jobs", arguments->jobs,
                   "Workers, one core each (default: one per core; with --device cuda one)")
      ->option_text("N")
      ->check(check_positive);
  parser
      ->add_option(
          "--max-replicas", arguments->replicas,
          fmt::format("Most trials that train together in one batch (default: {})", kUsualReplicas))
      ->option_text("N")
      ->check(check_positive);
  parser
      ->add_option("--memory", arguments->memory,
                   "Most host memory of the whole process, such as 8G (default: half of what "
                   "there is)")
      ->option_text("SIZE")
      ->check(check_size);
  parser
      ->add_option("--device", arguments->device,
                   "Where models train: cpu, cuda or cuda:N (default: cpu). Fast paths are the "
                   "processor's; results of another device agree up to rounding, and a folder "
                   "holds those of one kind")
      ->option_text("DEVICE");
  parser
      ->add_option("--checkpoint", arguments->checkpoint,
                   "Seconds between two saves of the trials in training; 0: after every update "
                   "(default: 60)")
      ->option_text("SECONDS")
      ->check(check_seconds);
  CLI::Option* rerun = parser->add_flag(
      "--rerun-changed", arguments->rerun_changed,
      "Make trials again that another build of spurion or of a plug-in, other libraries or another "
      "processor made; without it they are refused");
  parser
      ->add_flag("--allow-mixed", arguments->allow_mixed,
                 "Keep such trials beside new ones (not those of another plug-in), and say so in "
                 "every report")
      ->excludes(rerun);
  parser->add_flag("--dry-run", arguments->dry_run, "Say what would run; run and write nothing");
  parser->add_flag("--strict", arguments->strict, "Exit with 5 when a trial diverged or failed");
  parser->add_flag("--quiet", arguments->quiet, "Print errors only");
  parser->footer(
      R"(Ctrl-C stops; the same command resumes. Neither --jobs nor --max-replicas changes a result
(on a device other than the processor --max-replicas does, by rounding).

Examples:
  spurion run first_look
  spurion run my_suite.toml --out results/try_1 --jobs 1
  spurion run my_suite.toml --dry-run
  spurion run my_suite.toml --plugin ./libmy_lab.so)");
  return {parser, [arguments, &session] { return run(*arguments, session); }};
}

}  // namespace spurion::cli
