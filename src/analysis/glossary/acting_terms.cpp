#include "analysis/glossary/entries.hpp"

namespace spurion::analysis {

/// What policies that act add to the ideas.
std::vector<Term> acting_ideas() {
  constexpr TermKind kIdea = TermKind::idea;
  return {
      {"interactive environment",
       kIdea,
       "An environment that answers to actions: what the learner does decides what it sees next. "
       "Its rows are demonstrations: what an expert saw, and as label what it did.",
       {"environment", "policy"}},
      {"policy",
       kIdea,
       "A model that chooses actions: the inputs are what it sees, the classes are the actions. In "
       "an evaluation a policy that learned from rewards draws its actions, as it did while it "
       "learned. Every other policy takes the most probable action, unless the environment says "
       "that it draws one.",
       {"interactive environment", "return"}},
      {"return",
       kIdea,
       "The discounted sum of the rewards of an episode; in tables the mean over the evaluated "
       "episodes.",
       {"policy", "best return"},
       "units of reward"},
      {"watching",
       kIdea,
       "Training on demonstrations only, such as behaviour cloning: the learner's own actions make "
       "none of its data.",
       {"interactive environment", "policy"}},
      {"own states",
       kIdea,
       "The states to which a policy leads itself. After a mistake they are others than those of "
       "the expert.",
       {"policy"}},
  };
}

/// What policies that act add to the columns. Long because it is a table.
std::vector<Term> acting_columns() {
  constexpr TermKind kColumn = TermKind::column;
  return {
      {"best return",
       kColumn,
       "The return in this domain of the optimal policy, which sees the whole state, or of the "
       "expert, as the question says. It is known from the environment.",
       {"return"},
       "units of reward"},
      {"return of the cue",
       kColumn,
       "The return in this domain of the policy that follows the cue only. It is known from the "
       "environment.",
       {"return", "cue"},
       "units of reward"},
      {"random return",
       kColumn,
       "The return in this domain of actions that are all equally likely.",
       {"return"},
       "units of reward"},
      {"return confusion",
       kColumn,
       "Where the return lies between two known returns: 0 at the best policy, 1 at the policy "
       "that "
       "follows the cue only. It is not given where following the cue costs nothing.",
       {"best return", "return of the cue"},
       "",
       "unbounded"},
      {"confused seeds",
       kColumn,
       "The share of seeds whose return confusion is above 0.5, with a Wilson interval. Which cue "
       "a policy follows often depends on the seed, and a mean would hide it.",
       {"return confusion", "seed"},
       "share of seeds",
       "[0, 1]"},
      {"goal reached",
       kColumn,
       "The share of episodes that reach the goal. With 'proxy reached' it tells a policy that "
       "cannot act from one that can and does the wrong thing.",
       {"proxy reached"},
       "share of episodes",
       "[0, 1]"},
      {"proxy reached",
       kColumn,
       "The share of episodes that reach what the cue points to.",
       {"goal reached", "cue"},
       "share of episodes",
       "[0, 1]"},
      {"policy verdict",
       kColumn,
       "What the policies of this line come to in this domain.",
       {"as good as the best", "did not learn its task", "worse than the cue", "follows the cue",
        "fails without the cue", "below the best", "return not shown", "cue costs nothing"}},
      {"change in return",
       kColumn,
       "The return minus the return of the baseline, paired by seed.",
       {"watching", "paired"},
       "units of reward"},
      {"against the baseline",
       kColumn,
       "What the paired tests show of the change in return, adjusted for all lines (Holm).",
       {"change in return", "better than the baseline", "worse than the baseline",
        "no difference shown"}},
      {"expert accuracy",
       kColumn,
       "The share of the expert's actions that the policy predicts on rows of demonstrations, in "
       "distribution. It is what behaviour cloning is validated by.",
       {"watching"},
       "share of rows",
       "[0, 1]"},
      {"action flip rate",
       kColumn,
       "The share of own states in which the action changes when only the cue changes.",
       {"own states", "flip rate"},
       "share of states",
       "[0, 1]"},
      {"repeated actions",
       kColumn,
       "The share of actions that are the same as the action before.",
       {"policy"},
       "share of states",
       "[0, 1]"},
      {"KL to conditional",
       kColumn,
       "The mean Kullback-Leibler divergence of the policy's probabilities from the exact "
       "posterior "
       "that takes the policy's own actions as evidence, as if the expert had chosen them. A "
       "sequence model that is taught by traces of the expert learns this one.",
       {"own states", "KL to interventional"},
       "nats",
       "[0, inf)"},
      {"KL to interventional",
       kColumn,
       "The mean Kullback-Leibler divergence of the policy's probabilities from the exact "
       "posterior "
       "under which the policy's own actions are interventions, and so no evidence.",
       {"own states", "KL to conditional"},
       "nats",
       "[0, inf)"},
      {"expert queries",
       kColumn,
       "The number of states in which the expert was asked what it would do there.",
       {"own states"},
       "states",
       "whole, >= 0"},
      {"environment steps",
       kColumn,
       "The number of steps that the learner took in the environment while it was trained.",
       {"interactive environment"},
       "steps",
       "whole, >= 0"},
  };
}

/// What policies that act add to the verdicts.
std::vector<Term> acting_verdicts() {
  constexpr TermKind kVerdict = TermKind::verdict;
  return {
      {"as good as the best",
       kVerdict,
       "The whole interval of the return confusion is at most the margin.",
       {"return confusion", "margin"}},
      {"did not learn its task",
       kVerdict,
       "The policy is not as good as the best, and its return in the train domains is shown to be "
       "nearer to that of random actions than to the best return. This is asked where policies are "
       "judged in another domain than those of the training. The line is no finding about the "
       "cue.",
       {"return confusion", "random return"}},
      {"worse than the cue",
       kVerdict,
       "The whole interval of the return confusion is above 1: the return is lower than that of "
       "the "
       "policy that follows the cue only. It is not shown that the policy failed to learn its "
       "task in training.",
       {"return confusion", "did not learn its task"}},
      {"follows the cue",
       kVerdict,
       "The whole interval of the return confusion is above 0.5, and that of the action flip rate "
       "is above 0.02.",
       {"return confusion", "action flip rate"}},
      {"fails without the cue",
       kVerdict,
       "The whole interval of the return confusion is above 0.5, but that of the action flip rate "
       "is at most 0.02: the policy acts badly for another reason than the cue.",
       {"follows the cue"}},
      {"below the best",
       kVerdict,
       "The whole interval of the return confusion is above the margin. It is not shown that the "
       "policy follows the cue.",
       {"as good as the best"}},
      {"return not shown",
       kVerdict,
       "The interval of the return confusion allows more than one verdict, or there is one seed.",
       {"interval"}},
      {"cue costs nothing",
       kVerdict,
       "The policy that follows the cue only has the return of the best policy here, so a confused "
       "policy cannot be told from a good one by its return.",
       {"return of the cue"}},
      {"better than the baseline",
       kVerdict,
       "The return is shown to be higher than that of the baseline.",
       {"change in return"}},
      {"worse than the baseline",
       kVerdict,
       "The return is shown to be lower than that of the baseline.",
       {"change in return"}},
      {"no difference shown",
       kVerdict,
       "The paired tests do not show that the return differs from that of the baseline.",
       {"change in return", "p"}},
      {"takes own actions as evidence",
       kVerdict,
       "Where exact posteriors are known: the policy's probabilities are shown to be nearer to the "
       "posterior that takes its own actions as evidence.",
       {"KL to conditional", "KL to interventional"}},
      {"takes own actions as interventions",
       kVerdict,
       "Where exact posteriors are known: the policy's probabilities are shown to be nearer to the "
       "posterior under which its own actions are interventions.",
       {"KL to conditional", "KL to interventional"}},
      {"baseline", kVerdict, "The policy that the others are compared with.", {"change in return"}},
  };
}

}  // namespace spurion::analysis
