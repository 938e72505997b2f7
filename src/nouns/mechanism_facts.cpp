#include "nouns/mechanism_facts.hpp"

#include <ATen/ATen.h>

#include <map>

#include "nouns/cue_inputs.hpp"

namespace spurion::nouns {

namespace {

std::vector<Ceilings> ceilings_of(const Environment& environment) {
  std::vector<Ceilings> all;
  for (const Domain& domain : environment.train_domains()) {
    all.push_back(environment.ceilings(domain));
  }
  return all;
}

/// [Q]
std::vector<CueInputs> carriers_of(const Environment& environment) {
  std::vector<CueInputs> all;
  for (const std::string& cue : environment.info().every_cue()) {
    all.push_back(cue_inputs_of(environment, cue));
  }
  return all;
}

/// bool [K, ...input_shape]: the inputs of any cue.
Tensor inputs_of_any(const std::vector<CueInputs>& carriers) {
  Tensor any = carriers.front().mask;
  for (const CueInputs& cue : carriers) any = any.logical_or(cue.mask);
  return any;
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
    std::map<const Environment*, std::vector<CueInputs>> known;
    std::vector<std::vector<CueInputs>> each;
    for (const Environment* environment : environments) {
      if (known.count(environment) == 0) known[environment] = carriers_of(*environment);
      each.push_back(known[environment]);
    }
    context.cue_carriers = stacked(each);
    context.cue_inputs = inputs_of_any(context.cue_carriers);
  }
}

}  // namespace spurion::nouns
