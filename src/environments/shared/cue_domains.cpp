#include "environments/shared/cue_domains.hpp"

#include <fmt/format.h>

#include <utility>

#include "environments/shared/shift_domains.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {

CueDomains::CueDomains(std::string world, std::vector<CuePositions> train, CuePositions test,
                       CuePositions usual)
    : world_(std::move(world)),
      train_(std::move(train)),
      test_(std::move(test)),
      usual_(std::move(usual)) {}

std::vector<Domain> CueDomains::train() const {
  std::vector<Domain> domains;
  for (std::size_t d = 0; d < train_.size(); ++d) {
    domains.push_back(Domain::train(d, train_[d]));
  }
  return domains;
}

Domain CueDomains::test() const { return Domain::test(test_); }

Domain CueDomains::at(double shift) const {
  CuePositions positions = usual_;
  positions.front() = shift;
  return at_cues(positions);
}

Domain CueDomains::at_cues(const CuePositions& positions) const {
  if (positions.size() != usual_.size()) {
    throw UsageError(fmt::format("this {} has {} cues, got {} positions", world_, usual_.size(),
                                 positions.size()));
  }
  for (const double position : positions) environments::check_unit_shift(world_, position);
  return Domain::at(positions);
}

CuePositions CueDomains::positions(const Domain& domain) const {
  return at_cues(domain.cue_shifts).cue_shifts;
}

}  // namespace spurion::environments
