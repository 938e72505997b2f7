#include "harness/data/seed_dependence.hpp"

#include <cmath>

#include "nouns/named_domains.hpp"

namespace spurion::harness {

namespace {

/// The numbers of an environment in a fixed order.
std::vector<double> numbers_of(const Environment& environment) {
  std::vector<Domain> domains = nouns::named_domains(environment);
  for (const double point : environment.info().shift_axis.points) {
    domains.push_back(environment.at(point));
  }
  std::vector<double> numbers;
  for (const Domain& domain : domains) {
    for (const Split split : {Split::train, Split::test}) {
      numbers.push_back(static_cast<double>(environment.row_limit(domain, split)));
    }
    const Ceilings ceilings = environment.ceilings(domain);
    for (const Ceiling& ceiling :
         {ceilings.bayes, ceilings.invariant, ceilings.spurious_only,
          ceilings.population_erm ? *ceilings.population_erm : Ceiling{}}) {
      numbers.push_back(ceiling.value);
    }
    numbers.push_back(ceilings.chance);
  }
  return numbers;
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

}  // namespace

bool depends_on_seed(const Component& component, const Environment& environment,
                     EnvironmentPool& pool) {
  // No trial has this data seed, so it is another one than the environment's.
  const std::uint64_t other_seed = RandomKey(0).child("another world").value();
  const auto other = pool.at(component, other_seed);
  const std::vector<double> first = numbers_of(environment);
  const std::vector<double> second = numbers_of(*other);
  return !std::equal(first.begin(), first.end(), second.begin(), second.end(), same);
}

}  // namespace spurion::harness
