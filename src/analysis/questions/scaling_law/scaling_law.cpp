// Laws of a gap along scales: families of curves, chosen by their error on the largest scales,
// which they had not seen; a plateau is an interval of g_inf above the margin; the score in
// distribution must reach its ceiling along the same axis; verdicts are adjusted over the suite
// (Holm 1979).
#include "analysis/questions/scaling_law/scaling_law.hpp"

#include <utility>

#include "analysis/paired_test.hpp"
#include "analysis/questions/scaling_law/law_answer.hpp"
#include "spurion/question.hpp"

namespace spurion::analysis::questions {

namespace {

class ScalingLaw final : public Question {
 public:
  using Options = scaling_law::LawOptions;
  static const Schema<Options>& schema() { return scaling_law::law_schema(); }
  explicit ScalingLaw(Options options) : options_(std::move(options)) {
    scaling_law::check(options_);
  }
  [[nodiscard]] Answer answer(const Study& study, const std::string& experiment) const override;
  [[nodiscard]] bool decides() const override { return true; }
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  Options options_;
};

Answer ScalingLaw::answer(const Study& study, const std::string& experiment) const {
  using namespace scaling_law;
  const std::vector<std::string> axes = options_.axes();
  const ResultsView view(study, experiment, {axes.begin(), axes.end()});
  const std::shared_ptr<const Family> family = family_of(study);
  LawAnswer law;
  law.experiment = experiment;
  law.options = options_;
  law.lines = judged_lines(study, experiment, options_);
  if (!law.lines.empty()) law.controls = control_counts(*family, law.lines, experiment, options_);
  law.primaries = family->primaries;
  law.score_text = view.score_text();
  law.range = options_.range(study, view.scored_by_accuracy());
  law.note = view.note(false);
  Answer answer;
  law.level_share = study.test_level(experiment) / kTestLevel;
  answer.sentence = sentence_of(law) + view.fates_text(view.lines_by_environment("erm"));
  answer.charts = charts_of(law);
  answer.tables = tables_of(law);
  answer.contrasts = contrasts_of(law);
  return answer;
}

}  // namespace

namespace scaling_law {

void add_scaling_law(QuestionKinds& kinds) {
  kinds.add<ScalingLaw>(
      "scaling_law", "Does scale close the gap: what law does it follow, and where does it end?",
      "variable projection; profile likelihood; Alabdulmohsin et al. 2022; Caballero et al. 2023; "
      "Holm 1979");
}

const LawOptions* options_of(const Question* question) {
  const auto* own = dynamic_cast<const ScalingLaw*>(question);
  return own == nullptr ? nullptr : &own->options();
}

}  // namespace scaling_law

void register_scaling_law(QuestionKinds& kinds);
void register_scaling_law(QuestionKinds& kinds) { scaling_law::add_scaling_law(kinds); }

}  // namespace spurion::analysis::questions
