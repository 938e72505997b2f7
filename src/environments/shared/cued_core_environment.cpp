#include "environments/shared/cued_core_environment.hpp"

#include <fmt/format.h>

#include <utility>

namespace spurion::environments {

CuedCoreEnvironment::CuedCoreEnvironment(const EnvironmentContext& context, ShiftDomains domains,
                                         const CuedCoreOptions& options,
                                         const std::vector<NamedCue>& cues,
                                         bool absent_when_neutral)
    : GenerativeEnvironment(context, std::move(domains)),
      core_(options, names_of(cues), absent_when_neutral) {
  std::vector<std::string> docs;
  for (const NamedCue& cue : cues) docs.push_back(cue.doc);
  info_.mechanism = core_.mechanism();
  info_.task = Task::binary;
  info_.groups = std::int64_t{1} << (cues.size() + 1);
  info_.input_shape = {core_.dimensions()};
  info_.cue = cues.front().name;
  info_.causal = CuedCore::kObject;
  info_.graph = core_.graph(docs);
  // Where a cue goes away in the middle of the shift, the curve is not affine there.
  if (!absent_when_neutral) {
    info_.shift_axis.mixture =
        ShiftAxis::Mixture{Intervention::align(info_.cue), Intervention::oppose(info_.cue)};
  }
  if (cues.size() == 1) return;
  for (const NamedCue& cue : cues) {
    info_.cues.push_back({cue.name, fmt::format("P({} disagrees with the label)", cue.name), 0.0,
                          1.0, ShiftDomains::kNeutral});
  }
}

std::vector<std::string> CuedCoreEnvironment::names_of(const std::vector<NamedCue>& cues) {
  std::vector<std::string> names;
  for (const NamedCue& cue : cues) names.push_back(cue.name);
  return names;
}

}  // namespace spurion::environments
