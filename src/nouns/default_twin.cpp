#include "nouns/default_twin.hpp"

namespace spurion::nouns {

Intervention default_twin(const Environment& environment, const std::string& variable) {
  for (const Intervention& candidate :
       {Intervention::flip(variable), Intervention::resample(variable)}) {
    if (environment.supports(candidate)) return candidate;
  }
  return Intervention::none();
}

}  // namespace spurion::nouns
