// Does a probe show the reliance that is there? Probes of trained models beside what interventions
// find: rank agreement (Kendall 1945), calibration, false reassurance, and their change along a
// scale. Verdicts are adjusted over the suite (Holm 1979).
#include <fmt/format.h>

#include <set>
#include <utility>

#include "analysis/questions/authenticity/authenticity_answer.hpp"
#include "analysis/suite_family.hpp"
#include "spurion/error.hpp"
#include "spurion/question.hpp"

namespace spurion::analysis::questions {

namespace authenticity {

namespace {

std::vector<FamilyClaim> claims_of(const Authenticity& found) {
  std::vector<FamilyClaim> claims;
  for (const ProbeLine& line : found.lines) {
    claims.push_back({line.key(), line.p});
    if (line.alone == AuthenticityVerdict::authentic) {
      claims.push_back({line.weaker_key(), line.weaker_p});
    }
  }
  for (const AgreementTrend& trend : found.trends) claims.push_back({trend.key, trend.p});
  return claims;
}

class AuthenticityQuestion final : public Question {
 public:
  using Options = AuthenticityOptions;
  static const Schema<Options>& schema();
  explicit AuthenticityQuestion(Options options) : options_(std::move(options)) {
    if (options_.clean_below > options_.confused_above) {
      throw UsageError("'clean_below' is above 'confused_above'");
    }
  }
  [[nodiscard]] Answer answer(const Study& study, const std::string& experiment) const override;
  [[nodiscard]] Authenticity measured(const ResultsView& view) const {
    return measured_authenticity(view, options_);
  }
  [[nodiscard]] ResultsView view_of(const Study& study, const std::string& experiment) const {
    std::set<std::string> axes;
    if (!options_.axis.empty()) axes.insert(axis_option(options_.axis));
    return ResultsView(study, experiment, axes);
  }

 private:
  Options options_;
};

void add_authenticity(QuestionKinds& kinds) {
  kinds.add<AuthenticityQuestion>("authenticity",
                                  "Do probes show the reliance that interventions find?",
                                  "Kendall 1945; Adebayo et al. 2018; Holm 1979");
}

const Schema<AuthenticityOptions>& AuthenticityQuestion::schema() {
  static const auto built =
      Schema<Options>()
          .field("probes", &Options::probes,
                 "Stored numbers that are judged, such as \"probe_occlusion_on_colour\"; any other "
                 "stored number can be one. Empty: every number of a probe.")
          .names(FieldUse::probe)
          .field("truth", &Options::truth,
                 "Stored number that counts as the truth. Empty: the output change of the cue that "
                 "the probe is about; of other numbers the flip rate.")
          .field("domain", &Options::domain, "Domain in which probes and truth are measured.")
          .field("axis", &Options::axis,
                 "A field of the trials, such as \"model.width\": the agreement is found at each "
                 "of its values, and its change from the smallest to the largest. Empty: none.")
          .names(FieldUse::axis)
          .field("controls", &Options::controls,
                 "Trials with these values are sanity controls, such as models trained on random "
                 "labels: they have a table of their own and count nowhere else.")
          .names(FieldUse::trial_field)
          .field("clean_below", &Options::clean_below,
                 "Below this a probe calls a model clean, and the truth does.", at_least(0))
          .field("confused_above", &Options::confused_above,
                 "Above this the truth calls a model confused, and a probe does.", at_least(0))
          .field("least_agreement", &Options::least_agreement,
                 "Kendall's tau-b above which a probe counts as authentic.",
                 Bounds{0.0, 1.0, true, true, {}})
          .field("blind_within", &Options::blind_within,
                 "A tau-b within this distance of 0 counts as none.",
                 Bounds{0.0, 1.0, true, true, {}})
          .field("least_spread", &Options::least_spread,
                 "Where the truth of the middle 90 % of models varies by less there is nothing to "
                 "rank.",
                 at_least(0));
  return built;
}

Answer AuthenticityQuestion::answer(const Study& study, const std::string& experiment) const {
  const ResultsView view = view_of(study, experiment);
  QuestionKinds kinds;
  add_authenticity(kinds);
  const auto family =
      suite_family(study, std::move(kinds),
                   [](const Question& question, const Study& part, const std::string& of) {
                     const auto& own = dynamic_cast<const AuthenticityQuestion&>(question);
                     return claims_of(own.measured(own.view_of(part, of)));
                   });
  AuthenticityFindings findings{experiment, options_, family->size(), view.note(false),
                                measured(view)};
  Answer answer;
  if (findings.found.lines.empty() && findings.found.controls.empty()) {
    answer.sentence = fmt::format(
        "No finished trial of this experiment has the number of a probe and the truth in domain "
        "'{}': evaluation.probes asks for probes. ",
        options_.domain);
    return answer;
  }
  for (ProbeLine& line : findings.found.lines) {
    line.adjusted_p = family->adjusted({line.key(), line.p});
    line.adjusted_weaker_p = family->adjusted({line.weaker_key(), line.weaker_p});
  }
  for (AgreementTrend& trend : findings.found.trends) {
    trend.adjusted_p = family->adjusted({trend.key, trend.p});
  }
  adjust_verdicts(findings.found);
  answer.sentence =
      authenticity_sentence(findings) + view.fates_text(view.lines_by_environment("erm"));
  answer.tables = authenticity_tables(findings);
  answer.charts = authenticity_charts(findings);
  return answer;
}

}  // namespace

}  // namespace authenticity

void register_authenticity(QuestionKinds& kinds);
void register_authenticity(QuestionKinds& kinds) { authenticity::add_authenticity(kinds); }

}  // namespace spurion::analysis::questions
