#include "analysis/gap_verdict.hpp"

#include <algorithm>

namespace spurion::analysis {

namespace {

bool judgeable(const Estimate& e) { return e.has_spread() || e.is_nothing(); }

/// The interval lies within the margin of 0.
bool closed(const Estimate& gap, double margin) {
  return judgeable(gap) && gap.low >= -margin && gap.high <= margin;
}

bool may_have_learned(const GapAtScale& one) {
  return one.learned == Learned::yes || one.learned == Learned::unknown;
}

/// The outcome of a gap that is still there, or may be.
GapOutcome open_outcome(const Estimate& first, const Estimate& last, const Estimate& change,
                        double margin) {
  const bool open = last.low > margin;
  if (judgeable(change)) {
    // From far below 0 a gap may rise without being there.
    if (change.low > margin && (open || first.low >= -margin)) return GapOutcome::grows;
    if (change.high < -margin) return open ? GapOutcome::shrinks_open : GapOutcome::shrinks;
    if (change.low >= -margin && change.high <= margin && open) return GapOutcome::plateaus;
  }
  return open ? GapOutcome::open : GapOutcome::undecided;
}

}  // namespace

const char* gap_outcome_name(GapOutcome outcome) {
  switch (outcome) {
    case GapOutcome::no_gap:
      return "no gap";
    case GapOutcome::closes:
      return "closes";
    case GapOutcome::closed_there:
      return "closed there";
    case GapOutcome::overshoots:
      return "overshoots";
    case GapOutcome::grows:
      return "grows";
    case GapOutcome::shrinks:
      return "shrinks";
    case GapOutcome::shrinks_open:
      return "shrinks, still open";
    case GapOutcome::plateaus:
      return "plateaus";
    case GapOutcome::open:
      return "open";
    case GapOutcome::collapsed:
      return "collapsed";
    case GapOutcome::did_not_learn:
      return "did not learn";
    case GapOutcome::learning_unsure:
      return "learning not shown";
    case GapOutcome::one_scale:
      return "one scale only";
    case GapOutcome::one_seed:
      return "one seed only";
    case GapOutcome::undecided:
      return "undecided";
  }
  return "";
}

std::string gap_clause(GapOutcome outcome) {
  switch (outcome) {
    case GapOutcome::no_gap:
      return {};
    case GapOutcome::closed_there:
      return "it is closed there; it is not shown that it was open at a smaller scale";
    case GapOutcome::open:
      return "it is open there, and a change larger than the margin is not shown";
    case GapOutcome::shrinks:
      return "it shrinks, and may be closed there";
    case GapOutcome::collapsed:
      return "the model did not learn there but learned at a smaller scale, so the gap has no "
             "meaning";
    case GapOutcome::did_not_learn:
      return "the model did not learn there, so the gap has no meaning";
    case GapOutcome::learning_unsure:
      return "it is not shown that the model learned there";
    case GapOutcome::one_scale:
    case GapOutcome::one_seed:
      return gap_outcome_name(outcome);
    case GapOutcome::undecided:
      return "it may be open or closed there";
    default:
      return std::string("it ") + gap_outcome_name(outcome);
  }
}

std::string gap_headline(GapOutcome outcome) {
  switch (outcome) {
    case GapOutcome::closes:
      return "Yes";
    case GapOutcome::no_gap:
      return "There is no gap to close";
    case GapOutcome::overshoots:
    case GapOutcome::grows:
    case GapOutcome::shrinks_open:
    case GapOutcome::plateaus:
    case GapOutcome::open:
    case GapOutcome::collapsed:
    case GapOutcome::did_not_learn:
      return "No";
    default:
      return "Undecided";
  }
}

GapOutcome gap_outcome(const std::vector<GapAtScale>& scales, const Estimate& change,
                       double margin) {
  if (scales.size() < 2) return GapOutcome::one_scale;
  const GapAtScale& last = scales.back();
  if (last.learned == Learned::no) {
    const bool once = std::any_of(scales.begin(), scales.end(), [](const GapAtScale& one) {
      return one.learned == Learned::yes;
    });
    return once ? GapOutcome::collapsed : GapOutcome::did_not_learn;
  }
  if (!judgeable(last.gap)) return GapOutcome::one_seed;
  const bool shut = closed(last.gap, margin);
  if ((shut || last.gap.high < -margin) && !may_have_learned(last)) {
    return GapOutcome::learning_unsure;
  }
  // A smaller scale at which it did not learn has no gap either, and did not open one.
  const bool never = std::all_of(scales.begin(), scales.end(), [margin](const GapAtScale& one) {
    return closed(one.gap, margin);
  });
  if (never) return GapOutcome::no_gap;
  if (shut) {
    const bool was_open = std::any_of(scales.begin(), scales.end(), [margin](const auto& one) {
      return judgeable(one.gap) && one.gap.low > margin;
    });
    return was_open ? GapOutcome::closes : GapOutcome::closed_there;
  }
  if (last.gap.high < -margin) return GapOutcome::overshoots;
  const GapOutcome outcome = open_outcome(scales.front().gap, last.gap, change, margin);
  // To say that a gap shrinks, and may be closed, is praise.
  if (outcome == GapOutcome::shrinks && !may_have_learned(last)) return GapOutcome::learning_unsure;
  return outcome;
}

}  // namespace spurion::analysis
