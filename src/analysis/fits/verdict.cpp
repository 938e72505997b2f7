#include "analysis/fits/verdict.hpp"

#include <algorithm>
#include <cmath>

#include "spurion/error.hpp"

namespace spurion::analysis::fits {

namespace {

class Verdict {
 public:
  Verdict(const VerdictFacts& facts, const ScalingOptions& options, ScalingJudgement& judgement)
      : facts_(facts), options_(options), judgement_(judgement) {}

  void set() {
    judgement_.outcome = ScalingOutcome::undecided;
    judgement_.p = 1.0;
    if (refused() || of_training() || of_shape() || of_largest_scale()) return;
    if (of_law()) {
      // Where it ends rests on a model whose score in distribution is at its ceiling.
      if (judgement_.id.given && !judgement_.id.reached) undecided(ScalingReason::id_unsure);
      return;
    }
    of_what_is_open();
  }

 private:
  [[nodiscard]] double level() const { return 1.0 - options_.level; }
  [[nodiscard]] double beyond_scales() const { return kBeyondScales * options_.level_share; }
  [[nodiscard]] const Estimate& largest() const { return judgement_.largest; }
  [[nodiscard]] bool open() const { return largest().low > options_.margin; }

  bool give(ScalingOutcome outcome, ScalingReason reason, double p) {
    judgement_.outcome = outcome;
    judgement_.reason = reason;
    judgement_.p = p;
    judgement_.implies_open = outcome == ScalingOutcome::grows ||
                              outcome == ScalingOutcome::plateaus ||
                              outcome == ScalingOutcome::shrinks_open;
    return true;
  }
  bool undecided(ScalingReason reason) { return give(ScalingOutcome::undecided, reason, 1.0); }

  bool refused() {
    if (facts_.scales < options_.least_scales) return undecided(ScalingReason::few_scales);
    // Scales of 1 to 31.6 are 1.5 decades, whatever their rounding.
    if (judgement_.decades < options_.least_decades - 1e-3) {
      return undecided(ScalingReason::few_decades);
    }
    return !facts_.seeds_suffice && undecided(ScalingReason::one_seed);
  }
  bool of_training() {
    return judgement_.id.given && judgement_.id.not_reached &&
           give(ScalingOutcome::under_trained, ScalingReason::observed, judgement_.id.p);
  }
  bool of_shape() {
    const ScalingTests& tests = judgement_.tests;
    if (tests.two_modes <= level()) {
      return give(ScalingOutcome::mixture, ScalingReason::observed, tests.two_modes);
    }
    const bool both = tests.falls <= level() && tests.rises <= level() &&
                      facts_.falls.change < -options_.margin &&
                      facts_.rises.change > options_.margin;
    return both && give(ScalingOutcome::non_monotone, ScalingReason::observed,
                        std::max(tests.falls, tests.rises));
  }
  bool of_largest_scale() {
    const double margin = options_.margin;
    const ScalingTests& tests = judgement_.tests;
    if (largest().high < -margin) {
      return give(ScalingOutcome::overshoots, ScalingReason::observed, facts_.p_below);
    }
    if (judgement_.change.low > margin && open()) {
      return give(ScalingOutcome::grows, ScalingReason::observed,
                  std::max(facts_.p_change_beyond, tests.open));
    }
    if (!(largest().low >= -margin && largest().high <= margin)) return false;
    if (judgement_.id.given && !judgement_.id.reached) return undecided(ScalingReason::id_unsure);
    const auto& scales = judgement_.scales;
    const bool was_open = std::any_of(scales.begin(), scales.end(), [&](const ScaleSummary& one) {
      return one.gap.low > margin;
    });
    return give(was_open ? ScalingOutcome::closes : ScalingOutcome::no_gap, ScalingReason::observed,
                std::max(tests.open, facts_.p_below));
  }
  bool of_law() {
    const Asymptote& end = judgement_.asymptote;
    if (!end.given || !facts_.law_holds) return false;
    if (end.p_margin > beyond_scales()) return false;
    const ScalingTests& tests = judgement_.tests;
    if (end.g_inf.high < options_.margin && judgement_.change.high < 0.0 && facts_.beats_carried) {
      return give(ScalingOutcome::closes, ScalingReason::extrapolated,
                  std::max(end.p_margin, tests.change));
    }
    return end.g_inf.low > options_.margin && open() &&
           give(ScalingOutcome::plateaus, ScalingReason::extrapolated,
                std::max(end.p_margin, tests.open));
  }
  void of_what_is_open() {
    const Asymptote& end = judgement_.asymptote;
    const bool both_fit = end.given && facts_.law_holds && end.exponent_at_bound &&
                          end.g_inf.low <= options_.margin && end.g_inf.high >= options_.margin;
    if (open() && both_fit) {
      give(ScalingOutcome::not_identifiable, ScalingReason::wide_interval, 1.0);
    } else if (open() && judgement_.change.high < -options_.margin) {
      give(ScalingOutcome::shrinks_open, ScalingReason::observed,
           std::max(facts_.p_change_beyond, judgement_.tests.open));
    } else {
      undecided(why_open(end));
    }
  }

  [[nodiscard]] ScalingReason why_open(const Asymptote& end) const {
    if (!end.given) return ScalingReason::wide_interval;
    if (!facts_.law_holds) return ScalingReason::law_fails;
    const bool holds_margin = end.g_inf.low <= options_.margin && end.g_inf.high >= options_.margin;
    return !holds_margin && end.p_margin > beyond_scales() ? ScalingReason::weak_law
                                                           : ScalingReason::wide_interval;
  }

  const VerdictFacts& facts_;
  const ScalingOptions& options_;
  ScalingJudgement& judgement_;
};

}  // namespace

void set_verdict(const VerdictFacts& facts, const ScalingOptions& options,
                 ScalingJudgement& judgement) {
  Verdict(facts, options, judgement).set();
}

std::vector<AdjustedP> adjusted_for_all(const std::vector<const ScalingJudgement*>& judgements,
                                        const std::vector<double>& factors, double level) {
  SPURION_CHECK(factors.size() == judgements.size(), "a factor for each judgement");
  std::vector<double> p;
  for (std::size_t i = 0; i < judgements.size(); ++i) {
    p.push_back(std::min(1.0, factors[i] * judgements[i]->p));
  }
  const std::vector<double> verdicts = holm(p);
  double left = 0.0;
  for (const double one : verdicts) left += one <= level ? 0.0 : 1.0;
  std::vector<AdjustedP> out;
  for (std::size_t i = 0; i < judgements.size(); ++i) {
    out.push_back({verdicts[i], 1.0});
    if (!judgements[i]->implies_open) continue;
    // It is no worse than the verdict that implies it.
    const double open = left * factors[i] * judgements[i]->tests.open;
    out.back().open = std::min(verdicts[i], open);
  }
  return out;
}

ScalingOutcome adjusted_outcome(const ScalingJudgement& judgement, const AdjustedP& adjusted,
                                double level) {
  const bool claims = judgement.outcome != ScalingOutcome::undecided &&
                      judgement.outcome != ScalingOutcome::not_identifiable;
  if (!claims || adjusted.verdict <= level) return judgement.outcome;
  return judgement.implies_open && adjusted.open <= level ? ScalingOutcome::open
                                                          : ScalingOutcome::undecided;
}

}  // namespace spurion::analysis::fits
