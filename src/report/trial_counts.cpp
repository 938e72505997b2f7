#include "report/trial_counts.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <unordered_set>

#include "core/counted.hpp"
#include "harness/suite/scored_trials.hpp"
#include "harness/suite/trial_ids.hpp"

namespace spurion::report {

TrialCounts count_trials(const StoredResults& results) {
  harness::TrialIds id_of;
  std::unordered_set<harness::TrialId, harness::TrialIdHash> ids;
  std::vector<bool> first;
  first.reserve(results.trials.size());
  for (const TrialResult& trial : results.trials) {
    first.push_back(ids.insert(id_of(trial.spec)).second);
  }
  return count_trials(results, first);
}

TrialCounts count_trials(const StoredResults& results, const std::vector<bool>& first) {
  TrialCounts counts;
  for (std::size_t i = 0; i < results.trials.size(); ++i) {
    if (!first[i]) continue;
    const TrialResult& trial = results.trials[i];
    if (is_not_in_suite(trial)) {
      ++counts.others;
      continue;
    }
    ++(harness::was_scored(trial.spec) ? counts.scored : counts.trained);
    counts.diverged += trial.status == Status::diverged ? 1 : 0;
    counts.failed += trial.status == Status::failed ? 1 : 0;
    counts.flops += trial.cost.flops;
    counts.seconds += trial.cost.seconds;
    counts.rows += trial.cost.rows_seen;
    counts.seeds.insert(trial.spec.seed);
  }
  return counts;
}

std::vector<std::string> notes_of(const StoredResults& results, const TrialCounts& counts) {
  std::vector<std::string> notes = results.notes;
  const std::string looks = "look.";  // of a run that may stop early, one for each experiment
  for (auto one = results.context.lower_bound(looks);
       one != results.context.end() && one->first.compare(0, looks.size(), looks) == 0; ++one) {
    notes.push_back(one->second);
  }
  const auto total = results.context.find("trials");
  if (total == results.context.end()) return notes;
  const std::int64_t planned = std::strtoll(total->second.c_str(), nullptr, 10);
  if (counts.trained >= planned) return notes;
  notes.insert(
      notes.begin(),
      fmt::format("The run is not finished: {} of {} {} in the store. The answers are those "
                  "of these trials only.",
                  counts.trained, core::counted(planned, "trial"),
                  core::is_or_are(counts.trained)));
  return notes;
}

}  // namespace spurion::report
