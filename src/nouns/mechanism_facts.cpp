#include "nouns/mechanism_facts.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "nouns/default_twin.hpp"
#include "spurion/error.hpp"

namespace spurion::nouns {

namespace {

constexpr std::int64_t kRows = 256;  // rows of each train domain that are compared with their twins

std::vector<Ceilings> ceilings_of(const Environment& environment) {
  std::vector<Ceilings> all;
  for (const Domain& domain : environment.train_domains()) {
    all.push_back(environment.ceilings(domain));
  }
  return all;
}

/// bool [...input_shape]
Tensor cue_inputs_of(const Environment& environment) {
  const EnvironmentInfo& info = environment.info();
  Tensor changed = at::zeros(info.input_shape, at::kBool);
  for (const std::string& cue : info.every_cue()) {
    const Intervention twin = default_twin(environment, cue);
    if (twin.kind == Intervention::Kind::none) {
      throw UsageError(
          fmt::format("{} cannot change its cue '{}' on a given row, so nobody knows "
                      "which inputs depend on it",
                      info.name, cue));
    }
    for (const Domain& domain : environment.train_domains()) {
      const RowRange rows{0, std::min(kRows, environment.row_limit(domain, Split::train))};
      const Tensor x = environment.sample(domain, Split::train, rows).x;
      const Tensor other = environment.sample(domain, Split::train, rows, twin).x;
      changed = changed.logical_or(x.ne(other).any(0));
    }
  }
  return changed;
}

}  // namespace

void tell_mechanism(MethodContext& context, const Access& needs,
                    const std::vector<const Environment*>& environments) {
  if (needs.exact_ceilings) {
    std::map<const Environment*, std::vector<Ceilings>> known;
    for (const Environment* environment : environments) {
      if (known.count(environment) == 0) known[environment] = ceilings_of(*environment);
      context.ceilings.push_back(known[environment]);
    }
  }
  if (needs.cue_inputs) {
    std::map<const Environment*, Tensor> known;
    std::vector<Tensor> each;
    for (const Environment* environment : environments) {
      if (known.count(environment) == 0) known[environment] = cue_inputs_of(*environment);
      each.push_back(known[environment]);
    }
    context.cue_inputs = at::stack(each);
  }
}

}  // namespace spurion::nouns
