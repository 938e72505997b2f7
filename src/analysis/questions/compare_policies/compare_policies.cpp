#include <fmt/format.h>

#include <utility>

#include "analysis/pooled_configurations.hpp"
#include "analysis/questions/compare_policies/policy_answer.hpp"
#include "core/counted.hpp"
#include "spurion/question.hpp"

namespace spurion::analysis::questions {

namespace {

constexpr std::size_t kMostLines = 12;

const char* verdict_text(ActingVerdict verdict) {
  switch (verdict) {
    case ActingVerdict::as_good_as_best:
      return "is as good as the best policy, within the margin";
    case ActingVerdict::did_not_learn:
      return "did not learn its task";
    case ActingVerdict::worse_than_cue:
      return "is worse than the policy that follows the cue only";
    case ActingVerdict::follows_the_cue:
      return "follows the cue";
    case ActingVerdict::fails_without_cue:
      return "fails, and its actions do not follow the cue";
    case ActingVerdict::worse_than_best:
      return "is below the best policy";
    case ActingVerdict::not_shown:
      return "is shown neither to be as good as the best policy nor to be worse";
    case ActingVerdict::actions_as_evidence:
      return "takes its own actions as evidence";
    case ActingVerdict::actions_as_interventions:
      return "takes its own actions as interventions";
    case ActingVerdict::no_index:
      return "acts where following the cue costs nothing";
  }
  return "";
}

std::string cost_text(const ActingLine& line) {
  if (line.queries <= 0.0 && line.steps <= 0.0) return "";
  if (line.queries <= 0.0) return fmt::format(" It took {:.0f} environment steps.", line.steps);
  return fmt::format(" It took {:.0f} environment steps and asked the expert {:.0f} times.",
                     line.steps, line.queries);
}

std::string change_text(const ActingLine& line) {
  if (!line.change) return "";
  if (line.change->seeds < 2) {
    return fmt::format(
        " Its return differs from that of the baseline by {}; one seed cannot show a "
        "difference.",
        show(*line.change, 2));
  }
  const Shown shown = line.test.shown(*line.change);
  if (shown == Shown::no) {
    return fmt::format(" No difference from the baseline is shown: {} ({}{}).",
                       show(*line.change, 2), line.test.text(),
                       line.test.not_shown_text(*line.change));
  }
  return fmt::format(" Its return is {} than that of the baseline, by {} ({}).",
                     shown == Shown::above ? "higher" : "lower", show(*line.change, 2),
                     line.test.text());
}

/// How far a policy is from what is exactly known of beliefs.
std::string belief_text(const ActingLine& line) {
  if (line.conditional.count == 0 || line.interventional.count == 0) return "";
  return fmt::format(
      " Its probabilities are {} nats from the posterior that takes own actions as evidence, and "
      "{} "
      "nats from the one under which they are interventions.",
      show(line.conditional, 4), show(line.interventional, 4));
}

std::string line_text(const ActingLine& line) {
  return fmt::format("{}{} {}: return {}, best {:.2f}.{}{}{}\n", line.name,
                     line.watches ? " (the baseline)" : "", verdict_text(line.verdict),
                     show(line.reached, 2), line.best, change_text(line), belief_text(line),
                     cost_text(line));
}

class ComparePolicies final : public Question {
 public:
  using Options = ActingOptions;
  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("domain", &Options::domain,
                   "Domain in which the policies act: \"in_distribution\" (the mean over the train "
                   "domains), \"test\", or one train domain such as \"train_0\".")
            .field("baseline_regime", &Options::baseline_regime,
                   "Regime of the policy that the others are compared with.")
            .field("baseline_method", &Options::baseline_method,
                   "Method of the policy that the others are compared with.")
            .field("best", &Options::best,
                   "The policy whose return counts as the best: \"optimal\", or \"expert\", which "
                   "policies that imitate can reach.",
                   one_of({"optimal", "expert"}))
            .field("one_baseline", &Options::one_baseline,
                   "Whether all policies are compared with the first one that is a baseline, also "
                   "across environments. Else each is compared with that of its own environment, "
                   "if it "
                   "has one.")
            .field("margin", &Options::margin,
                   "Return confusion up to which a policy counts as good as the best.",
                   Bounds{0.0, 0.5, false, false, {}});
    return schema;
  }
  explicit ComparePolicies(Options options) : options_(std::move(options)) {}

  [[nodiscard]] Answer answer(const Study& study, const std::string& experiment) const override {
    const ResultsView view(study, experiment);
    const ActingFindings findings{view, experiment, options_,
                                  acting_lines(view, experiment, options_)};
    Answer answer;
    if (findings.lines.empty()) {
      answer.sentence = fmt::format(
          "No finished trial of this experiment has a return in domain '{}': only environments "
          "that answer to actions give one. ",
          options_.domain);
      return answer;
    }
    answer.sentence = acting_sentence(findings);
    answer.tables = {acting_table(findings), acting_habits_table(findings)};
    answer.charts = acting_charts(findings);
    return answer;
  }

 private:
  Options options_;
};

}  // namespace

std::string acting_sentence(const ActingFindings& findings) {
  std::string text;
  std::int64_t mended = 0;
  std::int64_t compared = 0;
  const ActingLine* watching = nullptr;
  for (const ActingLine& line : findings.lines) {
    if (line.watches && watching == nullptr) watching = &line;
  }
  for (const ActingLine& line : findings.lines) {
    if (line.change) ++compared;
    if (!line.watches && line.verdict == ActingVerdict::as_good_as_best && line.change &&
        line.change->seeds > 1 && line.test.shown(*line.change) == Shown::above) {
      ++mended;
    }
  }
  if (watching != nullptr && watching->verdict == ActingVerdict::follows_the_cue) {
    text += fmt::format(
        "The baseline is confused: {} follows the cue, with an accuracy of {} on the expert's "
        "actions.",
        watching->name, show(watching->accuracy));
    if (compared > 0) {
      text += fmt::format(
          " Of {} other {}, {} {} as good as the best policy and better than the baseline.",
          compared, compared == 1 ? "policy" : "policies", mended, core::is_or_are(mended));
    }
    text += '\n';
  }
  for (std::size_t i = 0; i < findings.lines.size() && i < kMostLines; ++i) {
    text += line_text(findings.lines[i]);
  }
  if (findings.lines.size() > kMostLines) text += "The table shows the others. ";
  std::vector<PairedTest> tests;
  std::vector<ResultsView::Line> lines;
  for (const ActingLine& line : findings.lines) {
    if (line.change) tests.push_back(line.test);
    lines.push_back(line.line);
  }
  return text + few_seeds_text(tests) + pooled_text(findings.view, lines) +
         findings.view.fates_text(lines);
}

void register_compare_policies(QuestionKinds& kinds);
void register_compare_policies(QuestionKinds& kinds) {
  kinds.add<ComparePolicies>("compare_policies", "Does acting resolve what watching did not?",
                             "de Haan et al. 2019; Ortega et al. 2021");
}

}  // namespace spurion::analysis::questions
