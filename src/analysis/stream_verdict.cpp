#include "spurion/analysis/streams.hpp"

#include <algorithm>
#include <cmath>

#include "analysis/stream_cells.hpp"

namespace spurion::analysis {

const char* outcome_name(StreamOutcome outcome) {
  switch (outcome) {
    case StreamOutcome::resolved:
      return "resolved";
    case StreamOutcome::replaced:
      return "replaced";
    case StreamOutcome::unchanged:
      return "unchanged";
    case StreamOutcome::not_confused:
      return "not confused";
    case StreamOutcome::not_measurable:
      return "not measurable";
    case StreamOutcome::undecided:
      return "undecided";
  }
  return "";
}

StreamVerdict stream_verdict(const std::vector<std::vector<StreamNumbers>>& strata,
                             std::int64_t phase, double margin, const std::string& key) {
  // All trials are of one task.
  Range rate;
  Range difference;
  for (const auto& stratum : strata) {
    if (stratum.empty()) continue;
    rate = stratum.front().range();
    difference = stratum.front().difference_range();
  }
  const auto estimate = [&](const char* what, const Range& range, auto number) {
    const auto at_phase = [&](const StreamNumbers& trial) {
      const std::int64_t last = phase < 0 ? trial.phases - 1 : std::min(phase, trial.phases - 1);
      return number(trial, static_cast<std::size_t>(last));
    };
    return stream_cells(strata, at_phase).estimate(key + " " + what, range);
  };
  const auto flip = [](const StreamNumbers& trial, std::size_t after) {
    return trial.worst_flip(static_cast<std::int64_t>(after));
  };
  StreamVerdict verdict;
  verdict.flip_before =
      estimate("before", rate, [&](const StreamNumbers& t, std::size_t) { return flip(t, 0); });
  verdict.flip_after = estimate(
      "after", rate, [&](const StreamNumbers& t, std::size_t last) { return flip(t, last); });
  verdict.flip_change = estimate(
      "change", difference,
      [&](const StreamNumbers& t, std::size_t last) { return flip(t, last) - flip(t, 0); });
  verdict.trap = estimate("trap", difference, [](const StreamNumbers& t, std::size_t last) {
    return t.traps[last][last];
  });
  verdict.trap_change =
      estimate("trap change", difference, [](const StreamNumbers& t, std::size_t last) {
        return t.traps[last][last] - t.traps[0][last];
      });
  if (verdict.flip_after.count == 0 || verdict.trap.count == 0) {
    verdict.outcome = StreamOutcome::not_measurable;
    return verdict;
  }
  // One seed of a setting shows no spread: an interval around it would be made up.
  for (const auto& stratum : strata) {
    const auto another = [&](const StreamNumbers& trial) {
      return trial.seed != stratum.front().seed;
    };
    if (std::none_of(stratum.begin(), stratum.end(), another)) return verdict;
  }

  const auto within = [margin](const Estimate& e) { return e.low > -margin && e.high < margin; };
  const bool was_confused = verdict.flip_before.low > margin;
  const bool follows_none = verdict.flip_after.high < margin && within(verdict.trap);
  if (follows_none && verdict.flip_before.high < margin) {
    verdict.outcome = StreamOutcome::not_confused;
  } else if (follows_none && was_confused) {
    verdict.outcome = StreamOutcome::resolved;
  } else if (verdict.trap.low > margin && verdict.trap_change.low > margin) {
    verdict.outcome = StreamOutcome::replaced;
  } else if (within(verdict.trap_change) && within(verdict.flip_change)) {
    verdict.outcome = StreamOutcome::unchanged;
  }
  return verdict;
}

}  // namespace spurion::analysis
