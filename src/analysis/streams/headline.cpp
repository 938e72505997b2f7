#include "analysis/streams/headline.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace spurion::analysis {

namespace {

/// What training on a stream did, after "continued training ".
const char* deed_of(StreamOutcome outcome) {
  switch (outcome) {
    case StreamOutcome::resolved:
      return "resolves the confusion";
    case StreamOutcome::replaced:
      return "does not resolve the confusion: it replaces the cue";
    case StreamOutcome::adopted:
      return "makes the model adopt a cue";
    case StreamOutcome::unchanged:
      return "does not change how the model uses its cues";
    case StreamOutcome::returned:
      return "changes how the model uses its cues, but at the end the model uses them as after "
             "phase 0";
    case StreamOutcome::not_confused:
      return "has no confusion to resolve: the model uses no cue, neither after phase 0 nor at the "
             "end";
    case StreamOutcome::collapsed:
      return "does not resolve the confusion: the model collapses and loses what it had learned";
    case StreamOutcome::did_not_learn:
      return "does not make the model learn, so a confusion cannot be judged";
    case StreamOutcome::not_measurable:
      return "cannot be judged: the environment cannot change its cue on a given row";
    case StreamOutcome::undecided:
      break;
  }
  return "cannot be judged yet: the intervals allow more than one verdict";
}

}  // namespace

std::string streams_headline(const std::vector<StreamOutcome>& outcomes) {
  if (outcomes.empty()) return {};
  const StreamOutcome first = outcomes.front();
  const bool same = std::all_of(outcomes.begin(), outcomes.end(),
                                [&](StreamOutcome one) { return one == first; });
  if (!same) return "The regimes differ. ";
  return fmt::format(
      "{} {}. ",
      outcomes.size() == 1 ? "Continued training" : "Under each regime continued training",
      deed_of(first));
}

}  // namespace spurion::analysis
