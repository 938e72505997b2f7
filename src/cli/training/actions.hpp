#pragma once

#include <string>

#include "cli/arguments.hpp"
#include "harness/store/plan_file.hpp"
#include "spurion/catalog.hpp"

/// \file
/// What the commands do that need LibTorch, one a file. Those that return a number return an exit
/// code.

namespace spurion::cli {

/// Loads the plug-ins that the suite names too.
int run(RunArguments arguments, const CommandLine& line, Catalog& catalog);
int plan(const PlanArguments& arguments, const CommandLine& line, Catalog& catalog);
harness::TrialPlan plan_of(const std::string& suite_text, const CommandLine& line,
                           Catalog& catalog);
int verify(const VerifyArguments& arguments, const CommandLine& line, Catalog& catalog);
int list(const ListArguments& arguments, const Catalog& catalog);
int describe(const DescribeArguments& arguments, const Catalog& catalog);
int export_file(const ExportArguments& arguments, const Catalog& catalog);
int score(const ScoreArguments& arguments, const Catalog& catalog);
int selftest(const SelftestArguments& arguments, const CommandLine& line, const Catalog& catalog);
int doctor(const DoctorArguments& arguments, const Catalog& catalog);
int check_width(const CheckWidthArguments& arguments, const Catalog& catalog);

}  // namespace spurion::cli
