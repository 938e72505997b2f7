#include "spurion/analysis/streams.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "analysis/stream_cells.hpp"

namespace spurion::analysis {

const char* outcome_name(StreamOutcome outcome) {
  switch (outcome) {
    case StreamOutcome::resolved:
      return "resolved";
    case StreamOutcome::replaced:
      return "replaced";
    case StreamOutcome::adopted:
      return "adopted";
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

namespace {

/// How much a phase changed the flip rate of a cue since phase 0.
double flip_change_of(const StreamNumbers& trial, const std::string& cue, std::size_t after) {
  const auto now = trial.flips[after].find(cue);
  const auto before = trial.flips[0].find(cue);
  const bool known = now != trial.flips[after].end() && before != trial.flips[0].end();
  return known ? now->second - before->second : std::nan("");
}

bool shifted_until(const StreamNumbers& trial, std::size_t phase) {
  if (phase >= trial.positions.size()) return true;  // not known
  for (std::int64_t p = 1; p <= static_cast<std::int64_t>(phase); ++p) {
    if (trial.shifts(p)) return true;
  }
  return false;
}

template <class Holds>
bool every_trial(const std::vector<std::vector<StreamNumbers>>& strata, Holds holds) {
  return std::all_of(strata.begin(), strata.end(), [&](const std::vector<StreamNumbers>& stratum) {
    return std::all_of(stratum.begin(), stratum.end(), holds);
  });
}

}  // namespace

StreamVerdict stream_verdict(const std::vector<std::vector<StreamNumbers>>& strata,
                             std::int64_t phase, double margin, const std::string& key) {
  // All trials are of one task.
  Range rate;
  Range difference;
  std::set<std::string> cues;
  for (const auto& stratum : strata) {
    if (stratum.empty()) continue;
    rate = stratum.front().range();
    difference = stratum.front().difference_range();
    for (const auto& [cue, flips] : stratum.front().flips.front()) cues.insert(cue);
  }
  using Trial = const StreamNumbers&;
  const auto place = [phase](Trial trial) {
    return static_cast<std::size_t>(phase < 0 ? trial.phases - 1
                                              : std::min(phase, trial.phases - 1));
  };
  const auto estimate = [&](const std::string& what, const Range& range, auto number) {
    return stream_cells(strata, [&](Trial t) { return number(t, place(t)); })
        .estimate(key + " " + what, range);
  };
  const auto flip = [](Trial trial, std::size_t after) {
    return trial.worst_flip(static_cast<std::int64_t>(after));
  };
  const auto adopted = [](Trial trial, std::size_t last, std::size_t after) {
    return trial.adoption(static_cast<std::int64_t>(last), static_cast<std::int64_t>(after));
  };
  StreamVerdict verdict;
  verdict.flip_before = estimate("before", rate, [&](Trial t, std::size_t) { return flip(t, 0); });
  verdict.flip_after =
      estimate("after", rate, [&](Trial t, std::size_t last) { return flip(t, last); });
  verdict.flip_change = estimate(
      "change", difference, [&](Trial t, std::size_t last) { return flip(t, last) - flip(t, 0); });
  verdict.trap =
      estimate("trap", difference, [](Trial t, std::size_t last) { return t.traps[last][last]; });
  verdict.trap_change = estimate("trap change", difference, [](Trial t, std::size_t last) {
    return t.traps[last][last] - t.traps[0][last];
  });
  verdict.adoption =
      estimate("adoption", rate, [&](Trial t, std::size_t last) { return adopted(t, last, last); });
  verdict.adoption_change = estimate("adoption change", difference, [&](Trial t, std::size_t last) {
    return adopted(t, last, last) - adopted(t, last, 0);
  });
  if (verdict.flip_after.count == 0 || verdict.trap.count == 0) {
    verdict.outcome = StreamOutcome::not_measurable;
    return verdict;
  }
  // One seed of a setting shows no spread: an interval around it would be made up.
  for (const auto& stratum : strata) {
    const auto another = [&](Trial trial) { return trial.seed != stratum.front().seed; };
    if (std::none_of(stratum.begin(), stratum.end(), another)) return verdict;
  }

  const auto within = [margin](const Estimate& e) { return e.low > -margin && e.high < margin; };
  const auto beyond = [margin](const Estimate& e) { return e.low > margin; };
  const auto still = [&](const std::string& cue) {
    return within(estimate("of " + cue, difference, [&](Trial t, std::size_t last) {
      return flip_change_of(t, cue, last);
    }));
  };
  const bool was_confused = beyond(verdict.flip_before);
  const bool was_not = verdict.flip_before.high < margin;
  const bool follows_none = verdict.flip_after.high < margin && within(verdict.trap);
  // Where no cue says anything no score is owed to one: what it follows must tell.
  const bool silent = every_trial(strata, [&](Trial t) {
    return !t.positions.empty() && !t.positions[0].empty() && t.active[place(t)].empty();
  });
  const bool shifted = !every_trial(strata, [&](Trial t) { return !shifted_until(t, place(t)); });
  const bool follows_newest = silent ? beyond(verdict.adoption) && beyond(verdict.adoption_change)
                                     : beyond(verdict.trap) && beyond(verdict.trap_change);
  if (follows_none && was_not) {
    verdict.outcome = StreamOutcome::not_confused;
  } else if (follows_none && was_confused) {
    verdict.outcome = StreamOutcome::resolved;
  } else if (follows_newest && (was_not || !shifted)) {
    verdict.outcome = StreamOutcome::adopted;
  } else if (follows_newest && was_confused) {
    verdict.outcome = StreamOutcome::replaced;
  } else if (within(verdict.trap_change) && std::all_of(cues.begin(), cues.end(), still)) {
    verdict.outcome = StreamOutcome::unchanged;
  }
  return verdict;
}

}  // namespace spurion::analysis
