#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "conformance/checker.hpp"
#include "spurion/environment.hpp"

namespace spurion::conformance {

/// The environment under test, and how to make another with a data seed of choice.
struct EnvironmentSubject {
  std::shared_ptr<const Environment> environment;
  std::function<std::shared_ptr<const Environment>(std::uint64_t data_seed)> make;

  [[nodiscard]] const Environment& operator*() const { return *environment; }
  [[nodiscard]] const EnvironmentInfo& info() const { return environment->info(); }
};

/// The data seed of `EnvironmentSubject::environment`.
constexpr std::uint64_t kDataSeed = 2026;

/// Train domains, test domain and the ends of the range of the shift.
std::vector<Domain> some_domains(const Environment& environment);

/// Facts: graph, names, shift, domains.
void check_description(Checker& checker, const EnvironmentSubject& subject);
/// Rows: prefixes, determinism, independence, shapes, ranges, limits.
void check_rows(Checker& checker, const EnvironmentSubject& subject);
/// Interventions, counterfactual twins, the shift as a mixture.
void check_twins(Checker& checker, const EnvironmentSubject& subject);
/// Of an environment that answers to actions: episodes, reference policies.
void check_interactive(Checker& checker, const EnvironmentSubject& subject);
/// Ceilings: order and range.
void check_ceilings(Checker& checker, const EnvironmentSubject& subject);

}  // namespace spurion::conformance
