#include "spurion/regime.hpp"

namespace spurion {

std::int64_t Regime::batch_domains(const Environment& environment) const {
  return static_cast<std::int64_t>(environment.train_domains().size());
}

std::vector<Domain> Regime::schedule(const Environment& /*environment*/) const { return {}; }

}  // namespace spurion
