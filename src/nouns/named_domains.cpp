#include "nouns/named_domains.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "nouns/drift.hpp"
#include "harness/data/finite_world.hpp"
#include "spurion/error.hpp"

namespace spurion {

namespace {

/// What the invariant predictor is ahead of one that follows the cue; 0 where that is not known to
/// be positive. There nobody is confused who follows the cue, and a share of nothing has no value.
double cost_of_the_cue(const Ceilings& ceilings, Score score) {
  const double lead = ceilings.invariant.value - ceilings.spurious_only.value;
  const double cost = score == Score::accuracy ? lead : -lead;
  const double unsure = 1e-9 + ceilings.invariant.error_bound + ceilings.spurious_only.error_bound;
  return cost > unsure ? cost : 0.0;
}

/// The ceilings by name, averaged over domains.
std::vector<std::pair<std::string, double>> average_ceilings(const std::vector<Ceilings>& each) {
  const auto average = [&](auto pick) {
    double sum = 0.0;
    for (const Ceilings& one : each) sum += pick(one);
    return sum / static_cast<double>(each.size());
  };
  std::vector<std::pair<std::string, double>> named = {
      {"ceiling_bayes", average([](const Ceilings& c) { return c.bayes.value; })},
      {"ceiling_invariant", average([](const Ceilings& c) { return c.invariant.value; })},
      {"ceiling_spurious_only", average([](const Ceilings& c) { return c.spurious_only.value; })},
      {"ceiling_chance", average([](const Ceilings& c) { return c.chance; })}};
  if (std::all_of(each.begin(), each.end(),
                  [](const Ceilings& c) { return c.population_erm.has_value(); })) {
    named.emplace_back("ceiling_population_erm",
                       average([](const Ceilings& c) { return c.population_erm->value; }));
  }
  return named;
}

}  // namespace

std::string dial_name(double shift) { return fmt::format("dial={}", shift); }

std::vector<Domain> one_cue_domains(const Environment& environment) {
  const std::vector<Cue>& cues = environment.info().cues;
  if (cues.empty()) return {};
  const std::vector<double> shifted = environment.test_domain().cue_shifts;
  std::vector<double> usual(shifted.size(), 0.0);
  const std::vector<Domain> train = environment.train_domains();
  for (const Domain& domain : train) {
    for (std::size_t c = 0; c < usual.size(); ++c) {
      usual[c] += domain.cue_shifts[c] / static_cast<double>(train.size());
    }
  }
  std::vector<Domain> domains;
  for (std::size_t c = 0; c < usual.size(); ++c) {
    std::vector<double> shifts = usual;
    shifts[c] = shifted[c];
    domains.push_back(environment.at_cues(shifts));
    domains.back().name = "test_" + cues[c].name;
    domains.back().shift = shifted[c];
  }
  return domains;
}

std::vector<Domain> named_domains(const Environment& environment) {
  std::vector<Domain> domains = environment.train_domains();
  domains.push_back(environment.test_domain());
  for (Domain& domain : one_cue_domains(environment)) domains.push_back(std::move(domain));
  return domains;
}

Intervention usual_twin(const Environment& environment, const std::string& variable) {
  for (const Intervention& candidate :
       {Intervention::flip(variable), Intervention::resample(variable)}) {
    if (environment.supports(candidate)) return candidate;
  }
  return Intervention::none();
}

std::optional<double> confusion_index(const Environment& environment, double test_score) {
  const Ceilings ceilings = environment.ceilings(environment.test_domain());
  const Score score = environment.info().score();
  const double cost = cost_of_the_cue(ceilings, score);
  if (!(cost > 0.0)) return std::nullopt;
  const double lost = ceilings.invariant.value - test_score;
  return (score == Score::accuracy ? lost : -lost) / cost;
}

std::vector<Measurement> ceilings_of(const Environment& environment,
                                     const std::vector<Phase>& schedule) {
  std::vector<Measurement> rows;
  const auto add = [&](const Domain& domain, const std::vector<Ceilings>& each) {
    for (const Ceilings& one : each) {
      // Where the rows of a phase drift, more is unknown.
      if (drift_of(domain).kind != Drift::Kind::none) break;
      const std::string strange = strange_ceiling(domain, one);
      if (strange.empty()) continue;
      throw UsageError(fmt::format("environment '{}': {}; give options closer to the usual ones",
                                   environment.info().name, strange));
    }
    for (const auto& [name, value] : average_ceilings(each)) {
      if (!std::isfinite(value)) continue;
      rows.push_back({0, 0, domain.name, domain.shift, name, value});
    }
  };
  add(environment.test_domain(), {environment.ceilings(environment.test_domain())});
  for (const double shift : environment.info().dial.points) {
    Domain domain = environment.at(shift);
    domain.name = dial_name(shift);
    add(domain, {environment.ceilings(domain)});
  }
  for (const Phase& phase : schedule) {
    add(phase.domain, {phase_ceilings(environment, phase)});
  }
  std::vector<Ceilings> id;
  for (const Domain& domain : environment.train_domains())
    id.push_back(environment.ceilings(domain));
  Domain average;
  average.name = "id";
  add(average, id);
  return rows;
}

}  // namespace spurion
