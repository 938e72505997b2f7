#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "cli/command.hpp"
#include "cli/text.hpp"

namespace spurion::cli {

namespace {

/// What was typed, before numbers are read.
struct TypedRun {
  RunArguments run;
  std::string memory;
  std::string checkpoint;
  std::string shard;
};

}  // namespace

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

namespace {

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

}  // namespace

std::string check_positive(const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end && number >= 1
             ? std::string()
             : fmt::format("expects an integer >= 1, got '{}'", text);
}

namespace {

/// Number and count of "2/4"; 0 of 0 where it is no shard.
std::pair<std::int64_t, std::int64_t> parse_shard(const std::string& text) {
  std::int64_t number = 0;
  std::int64_t of = 0;
  const char* end = text.data() + text.size();
  const auto [slash, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || slash == end || *slash != '/') return {0, 0};
  const auto [rest, second_error] = std::from_chars(slash + 1, end, of);
  const bool good = second_error == std::errc() && rest == end && number >= 1 && number <= of;
  return good ? std::pair(number, of) : std::pair<std::int64_t, std::int64_t>(0, 0);
}

std::string check_shard(const std::string& text) {
  return parse_shard(text).second > 0
             ? std::string()
             : fmt::format("expects a number and a count such as 2/4, got '{}'", text);
}

/// Options of what part of a suite a run trains.
void add_part_options(CLI::App& parser, TypedRun& arguments) {
  parser
      .add_option("--seeds", arguments.run.seeds,
                  "At most N seeds of each experiment, for a pilot: 'spurion power' plans from it. "
                  "The same command without --seeds runs the others later")
      ->option_text("N")
      ->check(check_positive);
  parser
      .add_option("--shard", arguments.shard,
                  "Train part I of N, for one of N machines, in a folder shard_I_of_N below DIR. "
                  "Parts have about the same expected cost. 'spurion merge DIR' joins their stores")
      ->option_text("I/N")
      ->check(check_shard);
}

/// Options of what a run may use of the machine.
void add_machine_options(CLI::App& parser, TypedRun& arguments) {
  parser
      .add_option(
          "--jobs", arguments.run.jobs,
          "Number of workers, each on one core (default: one per core; with --device cuda: one)")
      ->option_text("N")
      ->check(check_positive);
  parser
      .add_option(
          "--max-replicas", arguments.run.replicas,
          fmt::format("Largest number of trials that train together as replicas (default: {})",
                      kDefaultMaxReplicas))
      ->option_text("N")
      ->check(check_positive);
  parser
      .add_option(
          "--memory", arguments.memory,
          "Limit of the host memory of the whole process, for example 8G (default: half of the "
          "memory of the machine)")
      ->option_text("SIZE")
      ->check(check_size);
  parser
      .add_option(
          "--device", arguments.run.device,
          "Device of the training: cpu, cuda or cuda:N (default: cpu). CPU kernels are optimised. "
          "GPU results differ by rounding, so one results folder cannot mix devices")
      ->option_text("DEVICE");
}

}  // namespace

namespace {

/// Options of what a run writes beside the store.
void add_output_options(CLI::App& parser, TypedRun& arguments) {
  parser
      .add_option("--keep-models", arguments.run.keep_models,
                  "Keep the trained parameters of trials as DIR/models/ID.pt, which torch.load "
                  "reads: all, or conditions such as method=erm,seed=0. Trials that are in the "
                  "store already are not trained again and have no file")
      ->option_text("WHICH");
  parser.add_flag("--log-curves", arguments.run.log_curves,
                  "Write what was measured along the updates (evaluation.every) as event files in "
                  "DIR/curves, for TensorBoard");
}

}  // namespace

Command add_run(CLI::App& app, Session& session) {
  CLI::App* parser = app.add_subcommand("run", "Run the trials of a suite that are not finished");
  const auto arguments = std::make_shared<TypedRun>();
  parser
      ->add_option("SUITE", arguments->run.suite,
                   "Name of a suite (spurion list suites), a .toml file, or a plan (spurion plan)")
      ->option_text(" ")
      ->required();
  parser
      ->add_option("--out", arguments->run.out,
                   "Output folder (default: results/ and the name of the suite)")
      ->option_text("DIR");
  add_machine_options(*parser, *arguments);
  add_part_options(*parser, *arguments);
  add_output_options(*parser, *arguments);
  parser
      ->add_option("--checkpoint", arguments->checkpoint,
                   "Seconds between two saves of the trials in training (default: 60). 0: save "
                   "after every update")
      ->option_text("SECONDS")
      ->check(check_seconds);
  CLI::Option* rerun =
      parser->add_flag("--rerun-changed", arguments->run.rerun_changed,
                       "Run trials again that another build of spurion or of a plug-in, other "
                       "libraries or another processor made (default: refuse them)");
  parser
      ->add_flag("--allow-mixed", arguments->run.allow_mixed,
                 "Keep such trials and say so in every report (not for trials of another build of "
                 "a plug-in)")
      ->excludes(rerun);
  parser->add_flag("--dry-run", arguments->run.dry_run,
                   "Print what would run, but run and write nothing");
  parser->add_flag("--strict", arguments->run.strict,
                   "Exit with code 5 if a trial diverged or failed");
  parser->add_flag("--quiet", arguments->run.quiet, "Print errors only");
  parser->footer(
      R"(Ctrl-C stops the run; the same command resumes it. --jobs and --max-replicas do not change a
result. (On a GPU --max-replicas changes it by rounding.)

Examples:
  spurion run first_look
  spurion run my_suite.toml --out results/try_1 --jobs 1
  spurion run my_suite.toml --dry-run
  spurion run my_suite.toml --shard 2/4
  spurion run results/my_suite/suite.plan --shard 2/400
  spurion run my_suite.toml --keep-models method=erm,seed=0
  spurion run my_suite.toml --plugin ./libmy_lab.so)");
  return {parser, [arguments, &session] {
            RunArguments& run = arguments->run;
            if (!arguments->memory.empty()) run.memory_bytes = parse_size(arguments->memory);
            if (!arguments->checkpoint.empty()) {
              run.checkpoint_seconds = parse_seconds(arguments->checkpoint);
            }
            if (!arguments->shard.empty()) {
              std::tie(run.shard, run.shards) = parse_shard(arguments->shard);
            }
            return session.trainer().run(run, session.line);
          }};
}

}  // namespace spurion::cli
