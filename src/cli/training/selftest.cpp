#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/output.hpp"
#include "cli/text.hpp"
#include "cli/training/actions.hpp"
#include "spurion/conformance.hpp"
#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

struct Totals {
  std::int64_t passed = 0;
  std::int64_t failed = 0;
  std::int64_t skipped = 0;

  void add(const ConformanceResult& result) {
    passed += result.outcome == Outcome::passed ? 1 : 0;
    failed += result.outcome == Outcome::failed ? 1 : 0;
    skipped += result.outcome == Outcome::skipped ? 1 : 0;
  }
};

void print_subject(const ConformanceSubject& subject,
                   const std::vector<ConformanceResult>& results) {
  Totals totals;
  for (const ConformanceResult& result : results) totals.add(result);
  const std::string variant = subject.variant();
  print("{} {} {}{}: {} passed", totals.failed == 0 ? "  ok  " : "FAILED", subject.noun,
        subject.name, variant.empty() ? "" : " (" + variant + ")", totals.passed);
  if (totals.skipped > 0) print(", {} skipped", totals.skipped);
  print("\n");
  for (const ConformanceResult& result : results) {
    // Why nothing at all could be checked is worth a line; a check without meaning here is not.
    const bool told = result.outcome == Outcome::failed ||
                      (result.outcome == Outcome::skipped && result.check == "can be made");
    if (!told) continue;
    print("         {}: {}: {}\n", result.outcome == Outcome::failed ? "failed" : "skipped",
          result.check, result.message);
  }
  std::fflush(stdout);
}

}  // namespace

int selftest(const SelftestArguments& arguments, const CommandLine& line, const Catalog& catalog) {
  std::vector<ConformanceSubject> subjects = conformance_subjects(catalog, arguments.names);
  if (arguments.names.empty() && !line.plugins.empty()) {
    // With a plug-in and no names: what the plug-in brought.
    const auto builtin = [&](const ConformanceSubject& subject) {
      return catalog.visit(subject.noun, [&](const auto& registry) {
        return registry.at(subject.name).info.builtin();
      });
    };
    subjects.erase(std::remove_if(subjects.begin(), subjects.end(), builtin), subjects.end());
    if (subjects.empty()) throw UsageError("the given plug-ins register nothing that is checked");
  }
  const auto sources = std::make_shared<const DataSources>(catalog.image_sources);
  Totals totals;
  for (const ConformanceSubject& subject : subjects) {
    const auto results = check_conformance(catalog, subject, sources);
    for (const ConformanceResult& result : results) totals.add(result);
    print_subject(subject, results);
  }
  print("{} passed, {} failed, {} skipped\n", count(totals.passed, "check"), totals.failed,
        totals.skipped);
  return static_cast<int>(totals.failed == 0 ? ExitCode::success : ExitCode::self_test);
}

}  // namespace spurion::cli
