#include "harness/measure/ceiling_measurements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/measurement_names.hpp"
#include "harness/data/finite_world.hpp"
#include "nouns/named_domains.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

/// The ceilings by name, averaged over domains.
std::vector<std::pair<std::string, double>> average_ceilings(const std::vector<Ceilings>& each) {
  const auto average = [&](auto pick) {
    double sum = 0.0;
    for (const Ceilings& one : each) sum += pick(one);
    return sum / static_cast<double>(each.size());
  };
  std::vector<std::pair<std::string, double>> named = {
      {core::stored_name(core::MetricId::ceiling_bayes),
       average([](const Ceilings& c) { return c.bayes.value; })},
      {core::stored_name(core::MetricId::ceiling_invariant),
       average([](const Ceilings& c) { return c.invariant.value; })},
      {core::stored_name(core::MetricId::ceiling_spurious_only),
       average([](const Ceilings& c) { return c.spurious_only.value; })},
      {core::stored_name(core::MetricId::ceiling_chance),
       average([](const Ceilings& c) { return c.chance; })}};
  if (std::all_of(each.begin(), each.end(),
                  [](const Ceilings& c) { return c.population_erm.has_value(); })) {
    named.emplace_back(core::stored_name(core::MetricId::ceiling_population_erm),
                       average([](const Ceilings& c) { return c.population_erm->value; }));
  }
  return named;
}

}  // namespace

std::vector<Measurement> ceilings_of(const Environment& environment,
                                     const std::vector<Phase>& schedule) {
  std::vector<Measurement> rows;
  const auto add = [&](const Domain& domain, const std::vector<Ceilings>& each) {
    for (const Ceilings& one : each) {
      // Under a control shift more ceilings are unknown.
      if (domain.control_shift) break;
      const std::string strange = strange_ceiling(domain, one);
      if (strange.empty()) continue;
      throw UsageError(fmt::format("environment '{}': {}; use values closer to the defaults",
                                   environment.info().name, strange));
    }
    for (const auto& [name, value] : average_ceilings(each)) {
      if (!std::isfinite(value)) continue;
      rows.push_back({0, 0, domain.name, domain.shift, name, value});
    }
  };
  add(environment.test_domain(), {environment.ceilings(environment.test_domain())});
  for (const double shift : environment.info().shift_axis.points) {
    Domain domain = environment.at(shift);
    domain.name = nouns::shift_name(shift);
    add(domain, {environment.ceilings(domain)});
  }
  for (const Phase& phase : schedule) {
    add(phase.domain, {phase_ceilings(environment, phase)});
  }
  std::vector<Ceilings> id;
  for (const Domain& domain : environment.train_domains())
    id.push_back(environment.ceilings(domain));
  Domain average;
  average.name = core::stored_domain(core::MeasuredIn::in_distribution);
  add(average, id);
  return rows;
}

}  // namespace spurion::harness
