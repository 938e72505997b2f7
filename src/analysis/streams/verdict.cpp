#include "spurion/analysis/streams.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "analysis/streams/cells.hpp"

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
    case StreamOutcome::returned:
      return "returned";
    case StreamOutcome::not_confused:
      return "not confused";
    case StreamOutcome::collapsed:
      return "collapsed";
    case StreamOutcome::did_not_learn:
      return "did not learn";
    case StreamOutcome::not_measurable:
      return "not measurable";
    case StreamOutcome::undecided:
      return "undecided";
  }
  return "";
}

const char* outcome_clause(StreamOutcome outcome) {
  switch (outcome) {
    case StreamOutcome::resolved:
      return "resolved the confusion";
    case StreamOutcome::replaced:
      return "replaced the cue";
    case StreamOutcome::adopted:
      return "adopted a cue";
    case StreamOutcome::unchanged:
      return "did not change";
    case StreamOutcome::returned:
      return "changed and returned";
    case StreamOutcome::not_confused:
      return "was not confused";
    case StreamOutcome::collapsed:
      return "collapsed";
    case StreamOutcome::did_not_learn:
      return "did not learn";
    case StreamOutcome::not_measurable:
      return "cannot be measured";
    case StreamOutcome::undecided:
      break;
  }
  return "is undecided";
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
  if (phase >= trial.cue_shifts.size()) return true;  // not known
  for (std::int64_t p = 1; p <= static_cast<std::int64_t>(phase); ++p) {
    if (trial.shifts(p)) return true;
  }
  return false;
}

/// How far a trial had moved, at its farthest, in the phases between the first and this: the flip
/// rate of a cue, or what cues made of its score.
double moved_between(const StreamNumbers& trial, std::size_t phase) {
  double farthest = std::nan("");
  for (std::size_t between = 1; between < phase; ++between) {
    for (const auto& [cue, flips] : trial.flips[between]) {
      farthest = std::fmax(farthest, std::abs(flip_change_of(trial, cue, between)));
    }
    const double cue_contribution =
        trial.cue_contributions[between][between] - trial.cue_contributions[0][between];
    farthest = std::fmax(farthest, std::abs(cue_contribution));
  }
  return farthest;
}

template <class Holds>
bool every_trial(const std::vector<std::vector<StreamNumbers>>& strata, Holds holds) {
  return std::all_of(strata.begin(), strata.end(), [&](const std::vector<StreamNumbers>& stratum) {
    return std::all_of(stratum.begin(), stratum.end(), holds);
  });
}

}  // namespace

namespace {

/// The trials of a verdict, asked for one estimate after another.
class VerdictNumbers {
 public:
  using Trial = const StreamNumbers&;

  VerdictNumbers(const std::vector<std::vector<StreamNumbers>>& strata, std::int64_t phase,
                 double margin, std::string key)
      : strata_(strata), phase_(phase), margin_(margin), key_(std::move(key)) {
    // All trials are of one task.
    for (const auto& stratum : strata) {
      if (stratum.empty()) continue;
      rate_ = stratum.front().range();
      difference_ = stratum.front().difference_range();
      for (const auto& [cue, flips] : stratum.front().flips.front()) cues_.insert(cue);
    }
  }

  [[nodiscard]] std::size_t place(Trial trial) const {
    return static_cast<std::size_t>(phase_ < 0 ? trial.phases - 1
                                               : std::min(phase_, trial.phases - 1));
  }
  /// `number(trial, phase)`, which is a rate or a difference.
  template <class Number>
  [[nodiscard]] Estimate rate(const std::string& what, Number number) const {
    return estimate(what, number, OnRows::rate, rate_);
  }
  template <class Number>
  [[nodiscard]] Estimate difference(const std::string& what, Number number) const {
    return estimate(what, number, OnRows::paired, difference_);
  }
  /// A score beyond something that is known exactly, so as noisy as a rate.
  template <class Number>
  [[nodiscard]] Estimate score_beyond(const std::string& what, Number number) const {
    const auto noise = [](Trial trial) { return row_noise(trial, OnRows::rate, 0.5); };
    SeedCells cells;
    for (std::size_t s = 0; s < strata_.size(); ++s) {
      for (Trial trial : strata_[s]) {
        cells.add(std::to_string(s), trial.seed, number(trial, place(trial)), noise(trial));
      }
    }
    return cells.estimate(key_ + " " + what, {});
  }

  [[nodiscard]] bool within(const Estimate& e) const {
    return e.is_nothing() || (e.has_spread() && e.low > -margin_ && e.high < margin_);
  }
  [[nodiscard]] bool above(const Estimate& e) const { return e.has_spread() && e.low > margin_; }
  [[nodiscard]] bool below(const Estimate& e) const {
    return e.is_nothing() || (e.has_spread() && e.high < margin_);
  }

  [[nodiscard]] const std::vector<std::vector<StreamNumbers>>& strata() const { return strata_; }
  /// Whether the flip rate of every cue is where it was after phase 0.
  [[nodiscard]] bool all_cues_still() const {
    return std::all_of(cues_.begin(), cues_.end(), [&](const std::string& cue) {
      return within(difference(
          "of " + cue, [&](Trial t, std::size_t last) { return flip_change_of(t, cue, last); }));
    });
  }
  /// One seed of a configuration shows no spread: an interval around it would be made up.
  [[nodiscard]] bool one_seed_somewhere() const {
    return std::any_of(strata_.begin(), strata_.end(), [](const auto& stratum) {
      return std::all_of(stratum.begin(), stratum.end(),
                         [&](Trial trial) { return trial.seed == stratum.front().seed; });
    });
  }

 private:
  template <class Number>
  [[nodiscard]] Estimate estimate(const std::string& what, Number number, OnRows kind,
                                  const Range& range) const {
    return stream_cells(
               strata_, [&](Trial t) { return number(t, place(t)); }, kind)
        .estimate(key_ + " " + what, range);
  }

  const std::vector<std::vector<StreamNumbers>>& strata_;
  std::int64_t phase_;
  double margin_;
  std::string key_;
  Range rate_;
  Range difference_;
  std::set<std::string> cues_;
};

StreamVerdict numbers_of(const VerdictNumbers& numbers) {
  using Trial = const StreamNumbers&;
  const auto flip = [](Trial trial, std::size_t after) {
    return trial.max_flip_rate(static_cast<std::int64_t>(after));
  };
  const auto adopted = [](Trial trial, std::size_t last, std::size_t after) {
    return trial.new_cue_reliance(static_cast<std::int64_t>(last),
                                  static_cast<std::int64_t>(after));
  };
  StreamVerdict verdict;
  verdict.flip_before = numbers.rate("before", [&](Trial t, std::size_t) { return flip(t, 0); });
  verdict.flip_after =
      numbers.rate("after", [&](Trial t, std::size_t last) { return flip(t, last); });
  verdict.flip_change = numbers.difference(
      "change", [&](Trial t, std::size_t last) { return flip(t, last) - flip(t, 0); });
  verdict.cue_contribution = numbers.difference("cue_contribution", [](Trial t, std::size_t last) {
    return t.cue_contributions[last][last];
  });
  verdict.cue_contribution_change =
      numbers.difference("cue contribution change", [](Trial t, std::size_t last) {
        return t.cue_contributions[last][last] - t.cue_contributions[0][last];
      });
  verdict.new_cue_reliance = numbers.rate(
      "new_cue_reliance", [&](Trial t, std::size_t last) { return adopted(t, last, last); });
  verdict.new_cue_reliance_change = numbers.difference(
      "new cue reliance change",
      [&](Trial t, std::size_t last) { return adopted(t, last, last) - adopted(t, last, 0); });
  verdict.learned_first = numbers.score_beyond(
      "learned first", [](Trial t, std::size_t) { return t.learned_on(0, 0); });
  verdict.learned_now = numbers.score_beyond("learned", [](Trial t, std::size_t last) {
    const auto at = static_cast<std::int64_t>(last);
    return t.learned_on(at, at);
  });
  return verdict;
}

/// The outcome of a model that follows no cue, if it is one.
StreamOutcome without_cue(StreamOutcome praise, Learned first, Learned now) {
  if (now == Learned::unsure) return StreamOutcome::undecided;
  if (now != Learned::no) return praise;
  return first == Learned::yes ? StreamOutcome::collapsed : StreamOutcome::did_not_learn;
}

StreamOutcome outcome_of(const VerdictNumbers& numbers, const StreamVerdict& verdict) {
  using Trial = const StreamNumbers&;
  const Learned first = learned(verdict.learned_first);
  const Learned now = verdict.learned();
  const Estimate off_chance = numbers.score_beyond("off chance", [](Trial t, std::size_t last) {
    return t.off_chance(static_cast<std::int64_t>(last));
  });
  if (off_chance.has_spread() && off_chance.high < 0.0) {
    return first == Learned::yes ? StreamOutcome::collapsed : StreamOutcome::did_not_learn;
  }
  const bool was_confused = numbers.above(verdict.flip_before);
  const bool was_not = numbers.below(verdict.flip_before);
  const bool follows_none =
      numbers.below(verdict.flip_after) && numbers.within(verdict.cue_contribution);
  if (follows_none && was_not) return without_cue(StreamOutcome::not_confused, first, now);
  if (follows_none && was_confused) return without_cue(StreamOutcome::resolved, first, now);
  // If no cue is informative, no score is due to a cue: then reliance on new cues decides.
  const bool uninformative = every_trial(numbers.strata(), [&](Trial t) {
    return !t.cue_shifts.empty() && !t.cue_shifts[0].empty() && t.active[numbers.place(t)].empty();
  });
  const bool shifted =
      !every_trial(numbers.strata(), [&](Trial t) { return !shifted_until(t, numbers.place(t)); });
  const bool follows_newest = uninformative ? numbers.above(verdict.new_cue_reliance) &&
                                                  numbers.above(verdict.new_cue_reliance_change)
                                            : numbers.above(verdict.cue_contribution) &&
                                                  numbers.above(verdict.cue_contribution_change);
  if (follows_newest && (was_not || !shifted)) return StreamOutcome::adopted;
  if (follows_newest && was_confused) return StreamOutcome::replaced;
  if (!numbers.within(verdict.cue_contribution_change) || !numbers.all_cues_still()) {
    return StreamOutcome::undecided;
  }
  const Estimate between = numbers.difference("between", moved_between);
  return numbers.above(between) ? StreamOutcome::returned : StreamOutcome::unchanged;
}

}  // namespace

StreamVerdict stream_verdict(const std::vector<std::vector<StreamNumbers>>& strata,
                             std::int64_t phase, double margin, const std::string& key) {
  const VerdictNumbers numbers(strata, phase, margin, key);
  StreamVerdict verdict = numbers_of(numbers);
  if (verdict.flip_after.count == 0 || verdict.cue_contribution.count == 0) {
    verdict.outcome = StreamOutcome::not_measurable;
  } else if (!numbers.one_seed_somewhere()) {
    verdict.outcome = outcome_of(numbers, verdict);
  }
  return verdict;
}

}  // namespace spurion::analysis
