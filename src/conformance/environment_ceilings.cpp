#include <fmt/format.h>

#include <cmath>

#include "conformance/environment_checks.hpp"

namespace spurion::conformance {

namespace {

constexpr double kTolerance = 1e-9;

void check_order(const Environment& environment, const Domain& domain) {
  const Ceilings ceilings = environment.ceilings(domain);
  const bool accuracy = environment.info().score() == Score::accuracy;
  const auto check_value = [&](const char* name, const Ceiling& ceiling) {
    const bool in_range = accuracy
                              ? ceiling.value >= -kTolerance && ceiling.value <= 1.0 + kTolerance
                              : ceiling.value >= -kTolerance;
    require(std::isfinite(ceiling.value) && in_range,
            fmt::format("{} of '{}' is {}", name, domain.name, ceiling.value));
    require(ceiling.error_bound >= 0.0,
            fmt::format("error bound of {} of '{}' is negative", name, domain.name));
  };
  const auto not_above_bayes = [&](const char* name, const Ceiling& ceiling) {
    check_value(name, ceiling);
    const double slack = kTolerance + ceilings.bayes.error_bound + ceiling.error_bound;
    const double lead =
        accuracy ? ceiling.value - ceilings.bayes.value : ceilings.bayes.value - ceiling.value;
    require(lead <= slack, fmt::format("{} of '{}' ({}) is better than bayes ({})", name,
                                       domain.name, ceiling.value, ceilings.bayes.value));
  };
  check_value("bayes", ceilings.bayes);
  not_above_bayes("invariant", ceilings.invariant);
  not_above_bayes("spurious_only", ceilings.spurious_only);
  not_above_bayes("chance", {ceilings.chance, Exactness::closed_form, 0.0});
  if (ceilings.population_erm) not_above_bayes("population_erm", *ceilings.population_erm);
}

}  // namespace

void check_ceilings(Checker& checker, const EnvironmentSubject& subject) {
  checker.check("no ceiling above Bayes", [&] {
    for (const Domain& domain : some_domains(*subject)) check_order(*subject, domain);
    for (const double shift : subject.info().shift_axis.points) {
      check_order(*subject, (*subject).at(shift));
    }
  });
}

}  // namespace spurion::conformance
