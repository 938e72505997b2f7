#include "analysis/glossary/entries.hpp"

namespace spurion::analysis {

// Long because it is a table: one entry for each term.
std::vector<Term> stream_terms() {
  return {
      {"stream",
       TermKind::idea,
       "Training data that arrive phase by phase, while the cues shift from phase to phase.",
       {"phase", "trajectory"}},
      {"phase", TermKind::idea,
       "A part of a stream with one distribution. Phase 0 is where training begins, on the train "
       "domains."},
      {"trajectory",
       TermKind::idea,
       "How the cues shift from phase to phase of a stream.",
       {"phase", "control shift"}},
      {"control shift",
       TermKind::idea,
       "A change over a stream of something other than the cue: the shares of the classes, the "
       "inputs, or the mechanism. It shows what of an effect is due to the cue.",
       {"trajectory"}},
      {"informative cue",
       TermKind::idea,
       "A cue that correlates with the label in a phase. A cue at its neutral shift is "
       "uninformative there.",
       {"cue", "shift"}},
      {"randomised cues",
       TermKind::idea,
       "Each cue takes a value drawn without regard to the label, while the rest of the row "
       "stays the same. A model that uses no cue keeps its score.",
       {"cue contribution"}},
      {"cue contribution",
       TermKind::idea,
       "The score on a phase minus the score on the same rows with its informative cues "
       "randomised. It is the part of the score that is due to cues (permutation importance). 0: "
       "none of it.",
       {"informative cue", "randomised cues", "replaced"},
       "as accuracy; share of the target's variance for regression",
       "[-1, 1]; unbounded for regression"},
      {"new cues",
       TermKind::idea,
       "The cues whose correlation with the label changed most recently, in this phase or before "
       "it. For phase 0: all cues of the train domains. If none has changed since: the informative "
       "cues of phase 0.",
       {"old cues", "unseen cues"}},
      {"old cues",
       TermKind::idea,
       "The other cues that were informative in training so far, whether they still are or not.",
       {"new cues"}},
      {"unseen cues",
       TermKind::idea,
       "The cues that were never informative in training so far.",
       {"new cues"}},
      {"prequential",
       TermKind::idea,
       "Measured on each row of a stream before the model learns from it.",
       {"window"},
       "as the score"},
      {"window",
       TermKind::idea,
       "A number of consecutive rows of a stream over which prequential scores are averaged.",
       {},
       "rows"},
      {"regret per 1000 rows",
       TermKind::idea,
       "How far the prequential score is below the Bayes ceiling of the phase, on average over the "
       "rows of the stream, times 1000. "
       "Lower is better. It is not given where the ceiling is not known.",
       {"bayes", "prequential"},
       "as the score, per 1000 rows",
       "unbounded"},
      {"recovery in rows",
       TermKind::idea,
       "How many rows after a shift the prequential score of a window comes within the margin of "
       "the Bayes ceiling. A phase that ends earlier counts with all its rows.",
       {"regret per 1000 rows"},
       "rows",
       "[0, inf)"},
      {"max regret",
       TermKind::idea,
       "The largest distance of a window's score below the Bayes ceiling of its phase.",
       {"regret per 1000 rows", "window"},
       "as the score",
       "unbounded"},
      {"forgetting",
       TermKind::idea,
       "How far the scores on earlier phases are below their best since they were trained on, on "
       "average (Chaudhry et al. 2018). Lower is better.",
       {"backward"},
       "as the score"},
      {"backward",
       TermKind::idea,
       "Backward transfer: how much the scores on earlier phases changed since they were trained "
       "on, on average "
       "(Lopez-Paz & Ranzato 2017). Above 0: later training helped.",
       {"forgetting"},
       "as the score"},
      {"zero-shot score",
       TermKind::idea,
       "The score on a phase before the model is trained on it, above chance.",
       {"forward"},
       "as the score"},
      {"forward",
       TermKind::idea,
       "Forward transfer: the mean of the zero-shot scores of all phases after the first "
       "(Lopez-Paz & Ranzato "
       "2017).",
       {"zero-shot score"},
       "as the score"},
      {"relearning change",
       TermKind::idea,
       "The score after a phase that comes again, with other phases between, minus the score "
       "after it came first. Below 0: the model learns it less well the second time, because it "
       "lost plasticity or because of interference.",
       {},
       "as the score"},
      {"budget", TermKind::idea,
       "What a trial spent: rows that entered a gradient, labels revealed, updates, "
       "floating-point operations. 'equal': within 5 % of the median of the trials it is "
       "compared with; otherwise the ratio to the median. Do not compare trials with different "
       "budgets."},
      {"spent",
       TermKind::idea,
       "Labels and interventions that a trial asked for after phase 0, at their price.",
       {"budget"},
       "labels",
       "[0, inf)"},
  };
}

}  // namespace spurion::analysis
