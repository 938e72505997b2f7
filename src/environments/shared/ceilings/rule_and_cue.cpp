#include "environments/shared/ceilings/rule_and_cue.hpp"

#include <algorithm>

#include "environments/shared/ceilings/tie_rules.hpp"

namespace spurion::environments {

namespace {

constexpr int kSides[] = {-1, 1};

/// Weights of the labels +1 and -1, of which only the ratio matters for an answer.
struct Votes {
  double positive = 0.0;
  double negative = 0.0;

  void add(const Votes& more) {
    positive += more.positive;
    negative += more.negative;
  }
  [[nodiscard]] double total() const { return positive + negative; }
  /// P(right) times the total for the answers of `guide`, which has a fair coin at a tie.
  [[nodiscard]] double right(const Votes& guide) const {
    const double follow = first_is_better(guide.positive, guide.negative);
    return follow * positive + (1.0 - follow) * negative;
  }
};

/// P(s, c, y = +1) and P(s, c, y = -1).
Votes cell(const RuleAndCue& law, int rule, int cue, double shift) {
  const double share = rule > 0 ? law.positive_share : 1.0 - law.positive_share;
  const double positive = rule > 0 ? 1.0 - law.label_noise : law.label_noise;
  const double agrees = cue > 0 ? 1.0 - shift : shift;
  return {share * positive * agrees, share * (1.0 - positive) * (1.0 - agrees)};
}

/// The same of a cell, added over train domains.
Votes pooled(const RuleAndCue& law, int rule, int cue, const std::vector<double>& train) {
  Votes sum;
  for (const double shift : train) sum.add(cell(law, rule, cue, shift));
  return sum;
}

}  // namespace

Ceilings rule_and_cue_ceilings(const RuleAndCue& law, double shift,
                               const std::vector<double>& train) {
  double bayes = 0.0;
  double invariant = 0.0;
  double cue_only = 0.0;
  double erm = 0.0;
  bool erm_known = true;
  Votes all;
  for (const int cue : kSides) {
    Votes here_of_cue;
    Votes train_of_cue;
    for (const int rule : kSides) {
      const Votes here = cell(law, rule, cue, shift);
      const Votes seen = pooled(law, rule, cue, train);
      bayes += here.right(here);
      erm += here.right(seen);
      erm_known = erm_known && (here.total() == 0.0 || seen.total() > 0.0);
      here_of_cue.add(here);
      train_of_cue.add(seen);
    }
    cue_only += here_of_cue.right(train_of_cue);
    all.add(here_of_cue);
  }
  for (const int rule : kSides) {
    Votes of_rule = cell(law, rule, 1, shift);
    of_rule.add(cell(law, rule, -1, shift));
    invariant += of_rule.right(of_rule);
  }
  Ceilings out;
  out.bayes = {bayes, Exactness::enumerated, 0.0};
  out.invariant = {invariant, Exactness::enumerated, 0.0};
  out.spurious_only = {cue_only, Exactness::enumerated, 0.0};
  out.chance = std::max(all.positive, all.negative);
  if (erm_known) out.population_erm = Ceiling{erm, Exactness::enumerated, 0.0};
  return out;
}

}  // namespace spurion::environments
