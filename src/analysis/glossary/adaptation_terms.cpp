#include "analysis/glossary/entries.hpp"

namespace spurion::analysis {

/// Long because it is a table: one entry for each term.
std::vector<Term> adaptation_columns() {
  constexpr TermKind kColumn = TermKind::column;
  return {
      {"OOD before",
       kColumn,
       "The score out of distribution of the trained model, before it adapts at test time.",
       {"OOD", "test-time adaptation"},
       "as the score",
       ""},
      {"OOD after",
       kColumn,
       "The score out of distribution after the adaptation to unlabelled rows of the test domain.",
       {"OOD", "test-time adaptation", "transductive"},
       "as the score",
       ""},
      {"OOD change",
       kColumn,
       "OOD after minus OOD before, paired by configuration and seed.",
       {"OOD before", "OOD after", "paired"},
       "as the score",
       ""},
      {"ID before",
       kColumn,
       "The score in distribution of the trained model, before it adapts at test time.",
       {"ID", "test-time adaptation"},
       "as the score",
       ""},
      {"ID after",
       kColumn,
       "The score in distribution after the adaptation to unlabelled rows of each train domain.",
       {"ID", "test-time adaptation", "transductive"},
       "as the score",
       ""},
      {"gap before",
       kColumn,
       "The gap of the trained model, before it adapts at test time.",
       {"gap", "test-time adaptation"},
       "as the score",
       ""},
      {"gap after",
       kColumn,
       "The gap between the scores after the adaptations to each domain.",
       {"gap", "test-time adaptation", "transductive"},
       "as the score",
       ""},
      {"adaptation",
       kColumn,
       "What adaptation at test time is shown to do to the score out of distribution.",
       {"helped", "harmed", "no change shown", "does not adapt"}},
  };
}

std::vector<Term> adaptation_verdicts() {
  constexpr TermKind kVerdict = TermKind::verdict;
  return {
      {"helped",
       kVerdict,
       "The score out of distribution is better after the adaptation than before it: the interval "
       "of the paired change and both tests, adjusted for all rows of the table, say so.",
       {"OOD change", "p"}},
      {"harmed",
       kVerdict,
       "The score out of distribution is worse after the adaptation than before it: the interval "
       "of the paired change and both tests, adjusted for all rows of the table, say so.",
       {"OOD change", "p"}},
      {"no change shown",
       kVerdict,
       "It is not shown that the adaptation changes the score out of distribution. It does not "
       "follow that it does not.",
       {"OOD change", "detectable"}},
      {"does not adapt",
       kVerdict,
       "The scores before and after are the same number on every seed: the method does not adapt.",
       {"test-time adaptation"}},
  };
}

}  // namespace spurion::analysis
