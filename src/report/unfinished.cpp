#include "report/unfinished.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <set>

#include "harness/suite/trial_ids.hpp"

namespace spurion::report {

std::string unfinished_note(const StoredResults& results) {
  const auto total = results.context.find("trials");
  if (total == results.context.end()) return {};
  const std::int64_t planned = std::strtoll(total->second.c_str(), nullptr, 10);
  TrialIds id_of;
  std::set<TrialId> there;
  for (const TrialResult& trial : results.trials) {
    if (!is_not_in_suite(trial) && trial.spec.model.name != "elsewhere") {
      there.insert(id_of(trial.spec));
    }
  }
  const auto count = static_cast<std::int64_t>(there.size());
  if (count >= planned) return {};
  return fmt::format(
      "The run is not finished: {} of {} trials are in the store. The answers are those of these "
      "trials only.",
      count, planned);
}

}  // namespace spurion::report
