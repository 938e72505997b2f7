#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "analysis/pooled_configurations.hpp"
#include "analysis/questions/scaling_law/law_answer.hpp"
#include "core/counted.hpp"
#include "spurion/analysis/results_view.hpp"

namespace spurion::analysis::questions::scaling_law {

namespace {

using fits::ScalingOutcome;
using fits::ScalingReason;

/// Of more lines than these only the first is told whole; of the others the verdict and g_inf, and
/// the tables have the rest.
constexpr std::size_t kWholeLines = 2;

std::string headline_of(const JudgedLine& one) {
  if (one.judgement->learning) return gap_headline(*one.judgement->learning);
  switch (one.outcome) {
    case ScalingOutcome::closes:
      return "Yes";
    case ScalingOutcome::no_gap:
      return "There is no gap to close";
    case ScalingOutcome::mixture:
      return "It depends on the seed";
    case ScalingOutcome::overshoots:
    case ScalingOutcome::shrinks_open:
    case ScalingOutcome::plateaus:
    case ScalingOutcome::grows:
    case ScalingOutcome::non_monotone:
    case ScalingOutcome::open:
      return "No";
    default:
      return "Undecided";
  }
}

/// The verdict as a clause.
std::string clause_of(const JudgedLine& one) {
  if (one.judgement->learning) return gap_clause(*one.judgement->learning);
  switch (one.outcome) {
    case ScalingOutcome::no_gap:
      return "there is no gap to close";
    case ScalingOutcome::shrinks_open:
      return "it shrinks and is still open";
    case ScalingOutcome::non_monotone:
      return "it is non-monotone";
    case ScalingOutcome::mixture:
      return "seeds fall into two modes";
    case ScalingOutcome::open:
      return "it is open at the largest scale";
    case ScalingOutcome::not_identifiable:
      return "it is not identifiable whether it closes or plateaus";
    case ScalingOutcome::under_trained:
      return "the models are under-trained, so the gap is no finding";
    case ScalingOutcome::undecided:
      return "it is undecided";
    default:
      return std::string("it ") + fits::scaling_outcome_name(one.outcome);
  }
}

std::string place_of(const LawAnswer& answer, const Scale& scale) {
  const std::vector<std::string> axes = answer.options.axes();
  std::string text;
  for (std::size_t i = 0; i < scale.size() && i < axes.size(); ++i) {
    text += fmt::format("{}{} = {}", text.empty() ? "" : " and ", axes[i], scale[i]);
  }
  return text;
}

/// Whether there are too few scales or seeds to judge by, so that a law says nothing.
bool is_refused(const JudgedLine& one) {
  const ScalingReason reason = one.law().reason;
  return one.law().outcome == ScalingOutcome::undecided &&
         (reason == ScalingReason::few_scales || reason == ScalingReason::few_decades ||
          reason == ScalingReason::one_seed);
}

std::string verdict_sentence(const LawAnswer& answer, const JudgedLine& one) {
  const fits::ScalingJudgement& law = one.law();
  const std::string name = answer.called(one);
  if (!one.numbers.problem.empty()) {
    return fmt::format("Under {} nothing is fitted: {}. ", name, one.numbers.problem);
  }
  if (law.scales.empty()) return fmt::format("Under {} no scale has a number. ", name);
  const fits::ScaleSummary& first = law.scales.front();
  const fits::ScaleSummary& last = law.scales.back();
  std::string text = fmt::format("Under {} the {} is {} at {}", name, answer.options.what(),
                                 show(first.gap), place_of(answer, first.scale));
  if (law.scales.size() > 1) {
    text += fmt::format(" and {} at {}", show(last.gap), place_of(answer, last.scale));
  }
  text += fmt::format(" ({}, {:.1f} decades, {}): {}.", core::counted(law.scales.size(), "scale"),
                      law.decades, core::counted(law.seeds, "seed"), clause_of(one));
  const bool why = one.outcome == ScalingOutcome::undecided && !one.demoted;
  if (why) {
    text += fmt::format(" The reason: {}.",
                        fits::scaling_reason_text(law.reason, answer.options.for_fits(1.0)));
  }
  return text + ' ';
}

/// The chosen law, where it ends, and how well it predicts what it had not seen.
std::string law_sentence(const LawAnswer& answer, const JudgedLine& one) {
  const fits::ScalingJudgement& law = one.law();
  if (law.laws.empty() || is_refused(one)) return {};
  std::string text = fmt::format("The chosen law is {}. ", law.laws.front().formula);
  if (law.asymptote.given && std::isfinite(law.asymptote.g_inf.value)) {
    text += fmt::format("g_inf, the value at an unlimited scale, is {} (margin {}). ",
                        show(law.asymptote.g_inf), answer.options.margin);
  }
  const fits::Extrapolation& ahead = law.extrapolation;
  if (ahead.held_out == 0) return text;
  text += fmt::format(
      "On the {}, without which it was chosen, its error is {} (prediction minus mean at the "
      "largest: {}); the seed noise there is {}, and the last value carried forward has an error "
      "of {}. ",
      ahead.held_out == 1 ? std::string("largest scale")
                          : fmt::format("{} largest scales", ahead.held_out),
      show(ahead.law_error, 4), show(ahead.error, 4), show(ahead.seed_noise, 4),
      show(ahead.carried_error, 4));
  if (!ahead.beats_carried) text += "So it predicts no better than the last value. ";
  return text;
}

/// What the gap is to be held against.
std::string exact_sentence(const JudgedLine& one) {
  if (one.numbers.scales.empty()) return {};
  const std::string text = one.numbers.scales.rbegin()->second.exact.text();
  return text.empty() ? text : fmt::format("Exact gaps there: {}. ", text);
}

/// "10^1.5 times".
std::string decades_text(double decades) { return fmt::format("10^{:.1f} times", decades); }

std::string reach_sentence(const LawAnswer& answer, const fits::ScalingJudgement& law) {
  const fits::Reach& reach = law.reach;
  if (answer.options.axes().size() > 1 || !law.asymptote.given) return {};
  if (!reach.compatible) {
    return fmt::format("A law that closes, a N^-b, does not fit ({}). ", show_p(reach.p));
  }
  std::string text = fmt::format(
      "A law that closes, a N^-b, fits with the exponent b = {}; the smallest compatible one is "
      "{}. ",
      show(reach.exponent, 2), show(reach.smallest_exponent, 2));
  const Estimate& decades = reach.decades;
  if (decades.value <= 0.0) return text;
  text += fmt::format("It needs {} more scale to reach the margin", decades_text(decades.value));
  if (std::isfinite(decades.low) && std::isfinite(decades.high)) {
    text += fmt::format(" (between {} and {})", decades_text(std::max(0.0, decades.low)),
                        decades_text(decades.high));
  } else {
    text += ", or more than can be said";
  }
  return text + ". ";
}

/// What would decide a line that is open.
std::string needed_sentence(const JudgedLine& one) {
  const bool undecided = one.outcome == ScalingOutcome::undecided && !one.demoted;
  if (undecided && one.law().reason == ScalingReason::law_fails) {
    return "More seeds of the same scales would not decide it: no law describes them. Scales "
           "beyond them, or between them, would. ";
  }
  if (undecided && one.law().reason == ScalingReason::id_unsure) {
    return "A score in distribution that is shown to be at its ceiling would decide it: longer "
           "training, more rows, or more seeds. ";
  }
  const fits::Needed needed = needed_of(one);
  std::string text;
  if (needed.seeds > 0) {
    text += fmt::format("About {} in all at the same scales would decide it in 4 of 5 cases. ",
                        core::counted(needed.seeds, "seed"));
  }
  if (needed.decades > 0.0) {
    text += fmt::format("Or about {:.1f} further decades with as many seeds. ", needed.decades);
    if (needed.seeds == 0) {
      text = fmt::format("About {:.1f} further decades with as many seeds would decide it. ",
                         needed.decades);
    }
  }
  if (text.empty()) {
    return "How many seeds or decades would decide it is not known, or beyond what was searched. ";
  }
  return text;
}

std::string mixture_sentence(const LawAnswer& answer, const fits::ScalingJudgement& law) {
  const auto found = std::find_if(law.scales.rbegin(), law.scales.rend(),
                                  [](const fits::ScaleSummary& one) { return one.two_modes; });
  if (found == law.scales.rend()) return {};
  return fmt::format(
      "At {} {:.0f} % of the seeds lie around {} and the others around {}; {} of the seeds are "
      "below the margin. The mean of all describes none of them. ",
      place_of(answer, found->scale), 100.0 * found->share_low, show(found->low_mode),
      show(found->high_mode), show(found->within_margin, 2));
}

/// What would change the verdict.
std::string change_sentence(const LawAnswer& answer, const JudgedLine& one) {
  const fits::ScalingJudgement& law = one.law();
  if (one.judgement->learning) return {};
  if (is_refused(one)) {
    const fits::ScalingOptions least;
    return fmt::format("A verdict needs at least {} scales over {} decades{}, with 2 seeds each. ",
                       least.least_scales, least.least_decades,
                       answer.options.axes().size() > 1 ? " on one axis" : "");
  }
  switch (one.outcome) {
    case ScalingOutcome::plateaus:
      return reach_sentence(answer, law) +
             fmt::format("A {} below {} at a larger scale would change the answer. ",
                         answer.options.what(), show(law.asymptote.g_inf.low));
    case ScalingOutcome::closes:
      return fmt::format(
          "{}A {} above {} at a larger scale would change the answer. ",
          law.reason == ScalingReason::extrapolated ? reach_sentence(answer, law) : "",
          answer.options.what(), answer.options.margin);
    case ScalingOutcome::shrinks_open:
    case ScalingOutcome::open:
    case ScalingOutcome::not_identifiable:
      return reach_sentence(answer, law) + needed_sentence(one);
    case ScalingOutcome::under_trained:
      return fmt::format(
          "In distribution the score is {} from its ceiling at the largest scale, and {} would "
          "count as none. Longer training or more rows would change the answer. ",
          show(law.id.shortfall), answer.options.id_margin);
    case ScalingOutcome::mixture:
      return mixture_sentence(answer, law);
    case ScalingOutcome::undecided:
      return needed_sentence(one);
    default:
      return {};
  }
}

std::string id_sentence(const LawAnswer& answer, const JudgedLine& one) {
  const fits::ScalingJudgement& law = one.law();
  if (law.scales.empty() || one.outcome == ScalingOutcome::under_trained) return {};
  if (!law.id.given) {
    return answer.options.id_ceiling == "none"
               ? ""
               : "The ceiling in distribution is not known, so it is not judged whether the "
                 "training was long enough. ";
  }
  if (law.id.reached) {
    return fmt::format("In distribution the score is at its ceiling or above (shortfall {}). ",
                       show(law.id.shortfall));
  }
  return fmt::format(
      "It is not shown that the score in distribution reaches its ceiling "
      "(shortfall {}). ",
      show(law.id.shortfall));
}

std::string demoted_sentence(const JudgedLine& one) {
  if (!one.demoted || one.judgement->learning) return {};
  std::string text =
      fmt::format("Alone the verdict would be \"{}\" ({}). Adjusted for {} of the suite {}. ",
                  fits::scaling_outcome_name(one.law().outcome), show_p(one.law().p),
                  core::counted(one.family, "verdict"), show_p(one.adjusted.verdict));
  if (one.outcome == ScalingOutcome::open) {
    text += fmt::format("That it is above the margin at the largest scale is shown ({}). ",
                        show_p(one.adjusted.open));
  }
  return text;
}

/// What a hypothesis comes to.
std::string hypothesis_sentence(const JudgedLine& one, const std::string& hypothesis) {
  const std::string result = claim_result(one, hypothesis);
  if (hypothesis == "plateaus" && one.outcome == ScalingOutcome::grows && result == "refuted") {
    return "The hypothesis \"plateaus\" is refuted: it does not settle, for it grows. So it does "
           "not close either. ";
  }
  return fmt::format("The hypothesis \"{}\" {}{}. ", hypothesis, result == "holds" ? "" : "is ",
                     result);
}

std::string configurations_sentence(const LawLine& line) {
  PooledConfigurations pooled;
  for (const LawTrial& trial : line.trials) {
    pooled.add(place_text(trial.scale), trial.configuration);
  }
  return pooled.text();
}

std::string line_sentences(const LawAnswer& answer, const JudgedLine& one) {
  std::string text =
      verdict_sentence(answer, one) + demoted_sentence(one) + configurations_sentence(one.numbers);
  if (!one.numbers.problem.empty()) return text;
  if (answer.lines.size() <= kWholeLines || &one == &answer.lines.front()) {
    text += exact_sentence(one) + law_sentence(answer, one) + id_sentence(answer, one) +
            change_sentence(answer, one);
  } else if (one.law().asymptote.given && std::isfinite(one.law().asymptote.g_inf.value)) {
    text += fmt::format("g_inf is {}. ", show(one.law().asymptote.g_inf));
  }
  const std::string& hypothesis = answer.options.hypothesis;
  if (hypothesis != "none") text += hypothesis_sentence(one, hypothesis);
  if (one.numbers.unbalanced > 0) {
    text += fmt::format("{} of configurations that some scales lack {} left out. ",
                        core::counted(one.numbers.unbalanced, "trial"),
                        core::is_or_are(one.numbers.unbalanced));
  }
  return text;
}

std::string controls_sentence(const std::vector<ControlCount>& controls) {
  ControlCount sum;
  for (const ControlCount& one : controls) {
    sum.verdicts += one.verdicts;
    sum.right += one.right;
    sum.wrong += one.wrong;
  }
  if (sum.verdicts == 0) {
    return "No control was judged, so it is not known how often such a verdict is wrong. ";
  }
  return fmt::format("Where the truth is known (controls) {} of {} right and {} wrong. ", sum.right,
                     sum.verdicts == 1 ? std::string("1 verdict is")
                                       : fmt::format("{} verdicts are", sum.verdicts),
                     sum.wrong);
}

std::string primary_sentence(const LawAnswer& answer) {
  if (!answer.options.primary) return {};
  if (answer.primaries > 1) {
    return fmt::format(
        "{} questions of the suite say that they are the primary one: a suite can "
        "have one. ",
        answer.primaries);
  }
  return "This is the primary hypothesis of the suite. ";
}

}  // namespace

std::string sentence_of(const LawAnswer& answer) {
  if (answer.lines.empty()) {
    return fmt::format("No trial of this experiment that is done has {} and a number \"{}\". ",
                       answer.options.axes_text(), answer.options.what());
  }
  std::set<std::string> headlines;
  for (const JudgedLine& one : answer.lines) headlines.insert(headline_of(one));
  std::string text = headlines.size() == 1 ? *headlines.begin() + ". " : "It depends on the line. ";
  text = primary_sentence(answer) + text;
  for (const JudgedLine& one : answer.lines) {
    if (&one != &answer.lines.front()) text += '\n';
    text += line_sentences(answer, one);
  }
  if (answer.lines.size() > 1) text += '\n';
  text += fmt::format("Verdicts use a margin of {} and are adjusted for {} of the suite (Holm). ",
                      answer.options.margin, core::counted(answer.lines.front().family, "verdict"));
  if (answer.level_share < 1.0) {
    text += fmt::format(
        "Adjusted p values are also multiplied by {:.4g}, since this is one of several looks at a "
        "run that may stop early. ",
        1.0 / answer.level_share);
  }
  return text + controls_sentence(answer.controls);
}

}  // namespace spurion::analysis::questions::scaling_law
