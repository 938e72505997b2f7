#include <utility>

#include "analysis/glossary/entries.hpp"

namespace spurion::analysis {

namespace {

/// What data are made of.
std::vector<Term> data_terms() {
  return {
      {"environment",
       TermKind::idea,
       "A process that makes data by a known causal mechanism. It makes rows in each of its "
       "domains.",
       {"domain", "cue", "causal feature"}},
      {"row", TermKind::idea, "One example: its input x and its label y.", {"label"}},
      {"label", TermKind::idea, "What a model predicts: a class, or a number in a regression."},
      {"causal feature",
       TermKind::idea,
       "A feature whose relation to the label is the same in every domain. It causes the label "
       "or, in some environments, the label causes it.",
       {"cue"}},
      {"cue",
       TermKind::idea,
       "A feature that correlates with the label in the train domains but does not have to "
       "elsewhere. Other names are spurious feature and shortcut.",
       {"causal feature", "shift", "reliance"}},
      {"domain",
       TermKind::idea,
       "An environment with all its parameters fixed, among them the shift of each cue. Rows are "
       "drawn from a domain.",
       {"train domain", "test domain", "shift"}},
      {"train domain",
       TermKind::idea,
       "A domain whose rows a model is trained on. An environment has one or several.",
       {"in distribution"}},
      {"test domain",
       TermKind::idea,
       "The domain in which the cue is shifted and the gap is measured.",
       {"out of distribution", "gap"}},
      {"shift",
       TermKind::idea,
       "A number that says how a cue relates to the label in a domain, for example the share of "
       "rows in which the cue disagrees with the label. The card of each environment says what "
       "its shift means.",
       {"cue", "shift curve"}},
      {"shift curve",
       TermKind::idea,
       "The score at each value of the shift, with the ceilings beside it.",
       {"shift", "ceiling"}},
      {"group",
       TermKind::idea,
       "A part of the rows that the environment names, mostly one combination of label and cue.",
       {"worst group"}},
      {"intervention",
       TermKind::idea,
       "Setting one variable of a row to another value, whatever its causes say. Written "
       "do(variable := value).",
       {"twin"}},
      {"twin",
       TermKind::idea,
       "A copy of a row in which one variable is set to another value and all noise stays the "
       "same. If the prediction changes, that variable made the change.",
       {"intervention", "flip rate"}},
      {"model",
       TermKind::idea,
       "What is trained: a function from inputs to predictions, with parameters.",
       {"method"}},
      {"mechanism", TermKind::idea,
       "The formulas by which an environment makes its rows. 'spurion describe NAME' prints "
       "them."},
  };
}

/// What is measured of a model. Long because it is a table: one entry for each term.
std::vector<Term> measure_terms() {
  return {
      {"score", TermKind::idea,
       "How well a model predicts: accuracy for classes, mean squared error for regression."},
      {"in distribution",
       TermKind::idea,
       "On new rows of the train domains. Scores in distribution are means over the train "
       "domains. Short: ID.",
       {"train domain", "gap"}},
      {"out of distribution",
       TermKind::idea,
       "On rows of the test domain, where the cue is shifted. Short: OOD.",
       {"test domain", "gap"}},
      {"gap",
       TermKind::idea,
       "The score in distribution minus the score out of distribution, for one trained model. 0 "
       "means that the model predicts shifted data as well as data like its training data. For "
       "regression: the error out of distribution minus the error in distribution.",
       {"in distribution", "out of distribution", "ceiling"},
       "as the score",
       "[-1, 1] for accuracy; unbounded for regression"},
      {"ceiling",
       TermKind::idea,
       "The best score that predictors of one kind can have in a domain. The mechanism is known, "
       "so a ceiling is computed without training.",
       {"bayes", "invariant", "chance", "spurious only", "population erm"},
       "as the score"},
      {"bayes",
       TermKind::idea,
       "The ceiling of all predictors in a domain.",
       {"ceiling"},
       "as the score"},
      {"invariant",
       TermKind::idea,
       "The ceiling of the predictors that use causal features only and are the same in every "
       "domain. A model that does not use the cue can reach it.",
       {"ceiling", "causal feature"},
       "as the score"},
      {"spurious only",
       TermKind::idea,
       "The score of the predictor that uses the cue only and is best in training. Reports also "
       "call it 'the cue only'.",
       {"ceiling", "cue"},
       "as the score"},
      {"population erm",
       TermKind::idea,
       "The score of the predictor that training without a method against cues would give with "
       "unlimited rows. ERM is short for empirical risk minimisation.",
       {"ceiling"},
       "as the score"},
      {"chance",
       TermKind::idea,
       "The best score of a constant prediction in a domain.",
       {"learned"},
       "as the score"},
      {"flip rate",
       TermKind::idea,
       "The share of rows whose prediction changes when only the cue is changed. 0: the cue "
       "changes no prediction. 1: it changes every prediction. Where an environment has several "
       "cues, reports give the largest.",
       {"twin", "reliance"},
       "share of rows",
       "[0, 1]"},
      {"reliance",
       TermKind::idea,
       "How much a model uses a cue. It is measured by the flip rate of that cue; for regression "
       "by the root mean squared change of the output, in standard deviations of the target.",
       {"flip rate", "cue"},
       "share of rows; standard deviations of the target for regression",
       "[0, 1]; [0, inf)"},
      {"confusion",
       TermKind::idea,
       "Using a cue as if it caused the label. A confused model loses score when the cue shifts.",
       {"cue", "reliance", "gap"}},
      {"confusion index",
       TermKind::idea,
       "Where the score in the test domain lies between two known scores: 0 at the invariant "
       "ceiling, 1 at the score of the predictor that uses the cue only. It is not given where "
       "using the cue costs nothing in the test domain.",
       {"invariant", "spurious only"},
       "",
       "unbounded"},
      {"worst group",
       TermKind::idea,
       "The accuracy in the group where it is lowest.",
       {"group", "group rows"},
       "share of rows",
       "[0, 1]"},
      {"learned",
       TermKind::idea,
       "A model has learned when its score is at least half-way from chance to the invariant "
       "ceiling. It is judged in distribution, and for a stream on the "
       "phase. A model that always predicts the same class has no gap and a flip rate of 0, so "
       "this is checked before a small gap is called a success. In tables: yes, no, not shown "
       "(the interval allows both) or - (a ceiling is not known).",
       {"chance", "invariant", "did not learn", "collapsed"}},
      {"margin",
       TermKind::idea,
       "A difference up to the margin counts as none. A gap within the margin of 0 counts as "
       "closed. Each question has its own margin and says it.",
       {},
       "as the number",
       "[0, inf)"},
      {"information budget",
       TermKind::idea,
       "What a method needs to see beside inputs and labels, for example domain or group labels. "
       "A regime grants it, or the trial is refused. Compare only methods that see the same.",
       {"labels only", "domain labels", "group labels"}},
      {"labels only", TermKind::idea, "The method sees inputs and labels, and nothing else."},
      {"domain labels", TermKind::idea, "The method sees which train domain each row is from."},
      {"group labels", TermKind::idea, "The method sees the group of each row.", {"group"}},
      {"group labels at validation",
       TermKind::idea,
       "The method sees the groups of validation rows, but not of training rows.",
       {"group"}},
      {"validation rows",
       TermKind::idea,
       "Labelled rows of the train domains that are not trained on. A method may need them; a "
       "selector chooses by the score on them.",
       {"split", "selection"}},
      {"unlabelled target rows",
       TermKind::idea,
       "The method sees inputs of the test domain without their labels.",
       {"test-time adaptation"}},
      {"counterfactual rows", TermKind::idea, "The method sees twins of training rows.", {"twin"}},
      {"exact ceilings",
       TermKind::idea,
       "The method knows the ceilings of the train domains. Only a data-generating process whose "
       "mechanism is known has them.",
       {"ceiling"}},
      {"cue inputs",
       TermKind::idea,
       "The method knows which inputs change when only the cue of a row is changed.",
       {"cue", "twin"}},
      {"rewards",
       TermKind::idea,
       "The method sees the rewards of the actions that the learner took.",
       {}},
      {"expert answers",
       TermKind::idea,
       "The method sees what an expert would do in the states to which the learner's actions led.",
       {}},
  };
}

/// How results come about. Long because it is a table: one entry for each term.
std::vector<Term> study_terms() {
  return {
      {"suite",
       TermKind::idea,
       "A TOML file: experiments to run and questions to ask of their results.",
       {"experiment", "question"}},
      {"experiment", TermKind::idea, "A part of a suite: a grid of trials.", {"trial"}},
      {"question",
       TermKind::idea,
       "What a suite asks of the results of an experiment. Its kind says how it is answered.",
       {"verdict"}},
      {"trial",
       TermKind::idea,
       "One training: an environment, a model, a method, a regime and all their options, with "
       "one seed.",
       {"seed", "configuration"}},
      {"seed",
       TermKind::idea,
       "The number that decides the random choices of a trial: its data, initial weights and order "
       "of rows. Trials of one seed see the same data.",
       {"interval", "paired"},
       "",
       "whole, >= 0"},
      {"base seed",
       TermKind::idea,
       "The seed of a suite. Another base seed gives other random numbers for every seed of its "
       "trials.",
       {"seed"},
       "",
       "whole, >= 0"},
      {"configuration",
       TermKind::idea,
       "All options of a trial without its seed: trials of one configuration differ in the seed "
       "only.",
       {"seed"}},
      {"sample", TermKind::idea, "One set of hyper-parameters of a search.", {"selection"}},
      {"selection",
       TermKind::idea,
       "Choosing the hyper-parameters whose score on validation rows is best. Validation rows "
       "are apart from the rows that the reported score is measured on.",
       {"selector", "selection regret"}},
      {"selector",
       TermKind::idea,
       "A rule that chooses one sample of each configuration: the one with the best mean score "
       "over "
       "seeds on validation rows. Its type says which validation rows it may read.",
       {"sample", "leak", "early stopping"}},
      {"edge of the search",
       TermKind::idea,
       "The smallest or the largest value of an option that a search tried for a configuration. "
       "Where it is the chosen one, a better value may lie beyond it.",
       {"selection", "sample"}},
      {"parametrisation",
       TermKind::idea,
       "How the first weights and the learning rates of a model change with its width. standard: "
       "first weights by the size of the layer, one learning rate. mup: the maximal-update "
       "parametrisation (Yang et al. 2022), with which one learning rate fits all widths.",
       {"coordinate check"}},
      {"coordinate check",
       TermKind::idea,
       "The mean |activation| of each layer against the width of the model, over the first "
       "updates. It is flat with the maximal-update parametrisation. `spurion check-width` makes "
       "it.",
       {"parametrisation"}},
      {"leak",
       TermKind::idea,
       "A choice that used the test domain. Its score is an upper bound: nobody without test data "
       "can choose so.",
       {"selector", "test domain"}},
      {"control of a comparison",
       TermKind::idea,
       "A method that a comparison needs to be read. A placebo, such as random_penalty, has the "
       "form of other methods without their information: a method that is not shown to beat it may "
       "have gained by its form alone. "
       "An oracle is given what no other method is: it shows how far a method could come.",
       {"share of oracle", "control difference"}},
      {"successive halving",
       TermKind::idea,
       "A search that trains all samples for a few updates, then the better half of them for twice "
       "as many, and so on (Jamieson & Talwalkar 2016). It is replayed on the measured updates of "
       "trials that were trained to their end.",
       {"sample", "selector"}},
      {"leave-one-domain-out",
       TermKind::idea,
       "A selection for which each sample is also trained without one of the train domains, for "
       "each of them, and scored on validation rows of that domain. The sample with the best mean "
       "score is chosen; the reported trial of it was trained on all train domains.",
       {"selector", "train domain"}},
      {"early stopping",
       TermKind::idea,
       "Taking a trial as it was at the measured update that the selector scores best, of equal "
       "ones the first. The default takes the last update.",
       {"selector"}},
      {"split",
       TermKind::idea,
       "What a row is for: training, validation or test. A row belongs to one split.",
       {"selection"}},
      {"minibatch",
       TermKind::idea,
       "The rows of one update: `training.batch` rows of each train domain, or all rows if that is "
       "0.",
       {"method"}},
      {"replica",
       TermKind::idea,
       "One of the trials that train together in one pack, to save time. The pack of a trial does "
       "not change its numbers.",
       {"trial", "pack"}},
      {"pack",
       TermKind::idea,
       "Trials that train together, as replicas of one model.",
       {"replica"}},
      {"shard",
       TermKind::idea,
       "A part of the trials of a suite, of about the same expected cost as the other parts.",
       {"trial"}},
      {"regime",
       TermKind::idea,
       "When data arrive and what may be learned from them: all at once, phase by phase, or row "
       "by row.",
       {"stream"}},
      {"test-time adaptation",
       TermKind::idea,
       "Changing a trained model with unlabelled rows of the domain in which it predicts. Here the "
       "predicted rows are other rows of that domain, and each domain meets the trained model. "
       "Phase 0 has the numbers before it, phase 1 those after it.",
       {"unlabelled target rows", "transductive"}},
      {"transductive",
       TermKind::idea,
       "A prediction that uses inputs of the domain that it is scored in. The invariant ceiling is "
       "that of one predictor for all domains, so it does not bound transductive predictions.",
       {"invariant", "test-time adaptation"}},
      {"method",
       TermKind::idea,
       "How a model is trained on minibatches: ERM, or a method made to resist cues or "
       "forgetting.",
       {"information budget"}},
      {"axis", TermKind::idea,
       "An option along which a question compares trials, written section.option, for example "
       "model.width. Its values are the scales. A list counts by its length, or with .mean behind "
       "its name by its mean. A cost, such as cost.flops, is an axis too."},
      {"interval",
       TermKind::idea,
       "The numbers in square brackets after a mean: a 95 % confidence interval over seeds. "
       "Results that share a seed are averaged first. Fewer than 30 seeds: Student's t; "
       "otherwise: bootstrap. An interval of a rate is never narrower than the noise of the rows "
       "it was measured on. An interval ends where the possible values of its number end: an "
       "accuracy is in [0, 1], a gap in [-1, 1], a change of a gap in [-2, 2].",
       {"seed"}},
      {"FLOP",
       TermKind::idea,
       "One floating-point operation. spurion counts those of training; GFLOP: 10^9, TFLOP: "
       "10^12.",
       {"GFLOP", "budget"}},
      {"paired",
       TermKind::idea,
       "The difference between two trials that differ in one option only. They have the same seed, "
       "and so the same data. Paired differences vary less than differences of means.",
       {"seed"}},
      {"verdict", TermKind::idea,
       "The answer to a question in one or two words. It is given only where the whole interval "
       "allows no other."},
  };
}

}  // namespace

std::vector<Term> idea_terms() {
  std::vector<Term> all = data_terms();
  for (auto* part : {&measure_terms, &study_terms}) {
    for (Term& term : part()) all.push_back(std::move(term));
  }
  return all;
}

}  // namespace spurion::analysis
