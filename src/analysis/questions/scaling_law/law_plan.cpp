// What it takes to decide what is open.
#include <algorithm>
#include <cmath>

#include "analysis/questions/scaling_law/law_answer.hpp"
#include "analysis/student_distribution.hpp"
#include "spurion/analysis/statistics.hpp"

namespace spurion::analysis::questions::scaling_law {

namespace {

using fits::ScalingOutcome;
using fits::ScalingReason;

/// Seeds with which a verdict that is shown alone is shown at the level that Holm's method leaves
/// it: its t statistic grows with the root of the number of seeds.
fits::Needed needed_for_family(const JudgedLine& line) {
  fits::Needed out;
  const fits::ScalingJudgement& law = line.law();
  const double adjusted = line.adjusted.verdict;
  if (law.seeds < 2 || !(law.p > 0.0) || !(adjusted > 0.0)) return out;
  const auto freedom = static_cast<double>(law.seeds - 1);
  const fits::ScalingOptions defaults;
  // A p value of 1 does not tell by how much it was adjusted: by the whole family at most.
  const double share = adjusted < 1.0 ? law.p / adjusted : 1.0 / static_cast<double>(line.family);
  const double level = (1.0 - defaults.level) * share;
  const double now = student_quantile(1.0 - 0.5 * law.p, freedom);
  const double wanted =
      student_quantile(1.0 - 0.5 * level, freedom) + student_quantile(0.8, freedom);
  const double seeds = std::ceil(static_cast<double>(law.seeds) * std::pow(wanted / now, 2.0));
  constexpr double kMostSeeds = 1e5;
  if (seeds <= kMostSeeds) out.seeds = static_cast<std::int64_t>(seeds);
  return out;
}

}  // namespace

fits::Needed needed_of(const JudgedLine& line) {
  if (line.judgement->learning) return {};
  if (line.demoted) return needed_for_family(line);
  const bool open = line.outcome == ScalingOutcome::undecided ||
                    line.outcome == ScalingOutcome::not_identifiable ||
                    line.outcome == ScalingOutcome::shrinks_open;
  const ScalingReason reason = line.law().reason;
  const bool other_reason =
      line.outcome == ScalingOutcome::undecided &&
      (reason == ScalingReason::law_fails || reason == ScalingReason::id_unsure);
  return open && !other_reason ? line.law().needed : fits::Needed{};
}

std::vector<Contrast> contrasts_of(const LawAnswer& answer) {
  std::vector<Contrast> out;
  for (const JudgedLine& line : answer.lines) {
    const fits::Asymptote& end = line.law().asymptote;
    Contrast one;
    one.name = answer.called(line);
    one.number = "g_inf";
    if (!end.given || !std::isfinite(end.g_inf.value) || line.law().seeds < 2) {
      // Nothing to plan with; but as long as it is open, so is the question.
      one.sign_flips = false;
      one.decided = line.decided();
      out.push_back(std::move(one));
      continue;
    }
    one.difference = end.g_inf;
    one.freedom = static_cast<double>(std::max<std::int64_t>(1, end.g_inf.seeds - 1));
    // The side of the interval on which the margin lies.
    const double margin = answer.options.margin;
    const double side = end.g_inf.value > margin ? end.g_inf.value - end.g_inf.low
                                                 : end.g_inf.high - end.g_inf.value;
    const fits::ScalingOptions defaults;
    one.error = side / student_quantile(0.5 + 0.5 * defaults.level, one.freedom);
    one.comparisons = static_cast<std::int64_t>(line.family);
    one.margin = margin;
    one.sign_flips = false;
    one.decided = line.decided();
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace spurion::analysis::questions::scaling_law
