#include "nouns/named_domains.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/measurement_names.hpp"

namespace spurion::nouns {

std::string shift_name(double shift) { return Domain::at(shift).name; }

std::vector<Domain> one_cue_domains(const Environment& environment) {
  const std::vector<Cue>& cues = environment.info().cues;
  if (cues.empty()) return {};
  const std::vector<double> shifted = environment.test_domain().cue_shifts;
  std::vector<double> mean_shifts(shifted.size(), 0.0);
  const std::vector<Domain> train = environment.train_domains();
  for (const Domain& domain : train) {
    for (std::size_t c = 0; c < mean_shifts.size(); ++c) {
      mean_shifts[c] += domain.cue_shifts[c] / static_cast<double>(train.size());
    }
  }
  std::vector<Domain> domains;
  for (std::size_t c = 0; c < mean_shifts.size(); ++c) {
    std::vector<double> shifts = mean_shifts;
    shifts[c] = shifted[c];
    domains.push_back(environment.at_cues(shifts));
    domains.back().name = core::stored_domain({core::MeasuredIn::test_cue, cues[c].name});
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

}  // namespace spurion::nouns
