#include <fmt/format.h>

#include <memory>

#include "cli/command.hpp"

namespace spurion::cli {

Command add_plan(CLI::App& app, Session& session) {
  CLI::App* parser =
      app.add_subcommand("plan", "Write the plan of a suite that several machines will run");
  struct Typed {
    PlanArguments plan;
    std::string memory;
  };
  const auto arguments = std::make_shared<Typed>();
  parser
      ->add_option("SUITE", arguments->plan.suite,
                   "Name of a suite (spurion list suites) or a .toml file")
      ->option_text(" ")
      ->required();
  parser
      ->add_option(
          "--out", arguments->plan.out,
          "Folder of the results, which gets the file suite.plan (default: results/ and the "
          "name of the suite)")
      ->option_text("DIR");
  parser
      ->add_option("--seeds", arguments->plan.seeds,
                   "At most N seeds of each experiment (default: all)")
      ->option_text("N")
      ->check(check_positive);
  parser
      ->add_option(
          "--max-replicas", arguments->plan.replicas,
          fmt::format("Largest number of trials of a pack (default: {})", kDefaultMaxReplicas))
      ->option_text("N")
      ->check(check_positive);
  parser
      ->add_option(
          "--memory", arguments->memory,
          "Limit of the memory of the planning, for example 8G (default: half of the memory "
          "of the machine)")
      ->option_text("SIZE")
      ->check(check_size);
  parser
      ->add_option("--device", arguments->plan.device,
                   "Device of the training that is planned: cpu or cuda (default: cpu)")
      ->option_text("DEVICE");
  parser->add_flag("--quiet", arguments->plan.quiet, "Print errors only");
  parser->footer(
      R"(A plan names every trial of a suite, its pack, and what it is expected to cost. It records what the
trials are to be made with: the build of spurion, the suite, plug-ins, data files. 'spurion run PLAN'
refuses to run with anything else. A part of a plan starts at once, however large the suite is.

Examples:
  spurion plan my_suite.toml
  spurion run results/my_suite/suite.plan --shard 1/4
  spurion submit results/my_suite/suite.plan --tasks 100
  spurion status results/my_suite)");
  return {parser, [arguments, &session] {
            if (!arguments->memory.empty()) {
              arguments->plan.memory_bytes = parse_size(arguments->memory);
            }
            return session.trainer().plan(arguments->plan, session.line);
          }};
}

}  // namespace spurion::cli
