#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/configurations.hpp"
#include "analysis/pooled_configurations.hpp"
#include "analysis/published_number.hpp"
#include "core/counted.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/trial_fates.hpp"
#include "spurion/question.hpp"

namespace spurion::analysis::questions {

namespace {

/// A published number, and which number of ours stands beside it.
struct PublishedRow {
  std::string label;
  std::string domain;
  std::string metric;
  std::string note;
  double value = 0.0;
  std::optional<double> spread;
  std::string spread_kind = spread_kind_name(SpreadKind::population_deviation);
  double runs = 1.0;
  double rounding = 0.0;
  TrialFilter where;

  [[nodiscard]] PublishedNumber number() const {
    return {value, spread, analysis::spread_kind(spread_kind), runs, rounding};
  }

  static const Schema<PublishedRow>& schema() {
    static const auto built =
        Schema<PublishedRow>()
            .field("label", &PublishedRow::label, "Label of the number in the table.")
            .required()
            .field("domain", &PublishedRow::domain, "Domain of our number, such as \"test\".")
            .required()
            .field("metric", &PublishedRow::metric, "Our number, such as \"accuracy\".")
            .required()
            .field("value", &PublishedRow::value, "The published mean over runs.")
            .required()
            .field("spread", &PublishedRow::spread,
                   "The published \"±\". Without one ours is taken for it.", at_least(0))
            .field("spread_kind", &PublishedRow::spread_kind,
                   "What the published \"±\" is: a standard deviation over runs with divisor n "
                   "(population) or n - 1 (sample), or that over the root of n (standard error).",
                   one_of(spread_kind_names()))
            .field("runs", &PublishedRow::runs, "How many runs were published.", at_least(1))
            .required()
            .field("rounding", &PublishedRow::rounding,
                   "Half a unit of the last digit that was printed.", at_least(0))
            .field("where", &PublishedRow::where, "Our number is of the trials with these values.")
            .names(FieldUse::trial_field)
            .field("note", &PublishedRow::note, "Printed beside the number.");
    return built;
  }
};

struct PublishedOptions {
  std::vector<PublishedRow> rows;
};

using TrialList = std::vector<const TrialResult*>;

/// How many published numbers the suite compares: they are tested together.
std::size_t family_size(const Suite& suite) {
  std::size_t rows = 0;
  for (const AskedQuestion& asked : suite.questions) {
    const Value* list = asked.kind == "published" ? asked.options.find("rows") : nullptr;
    if (list != nullptr && list->is_list()) rows += list->as_list().size();
  }
  return std::max<std::size_t>(rows, 1);
}

/// A row, with what came of its trials.
struct JudgedRow {
  Check check;
  std::size_t runs = 0;
  std::string sentence;
  std::string fates;  ///< of trials that have no numbers
};

JudgedRow judge(const PublishedRow& row, const TrialList& all, double level) {
  JudgedRow out;
  TrialFates fates;
  std::vector<double> values;
  PooledConfigurations pooled;
  bool run = false;
  for (const TrialResult* trial : all) {
    if (!row.where.matches(trial->spec)) continue;
    fates.add(*trial);
    if (trial->status != Status::done) continue;
    run = true;
    const auto value = number(*trial, row.domain, row.metric);
    if (!value) continue;
    values.push_back(*value);
    pooled.add(row.label, canonical_without_seed(trial->spec).canonical_json());
  }
  out.fates = fates.sentence(row.label);
  const PublishedNumber published = row.number();
  out.check = {row.label,
               published.spread ? Cell(Spread{row.value, *row.spread})
                                : Cell(Spread{row.value, std::nan("")}),
               Missing(),
               Missing(),
               run ? Agreement::no_number : Agreement::not_run,
               row.note};
  if (values.empty()) return out;
  const ComparedMeans means = compare_means(values, published);
  out.runs = means.runs;
  out.check.ours = Spread{means.mean, means.deviation};
  out.check.difference = Number{means.errors, Notation::signed_fixed, 2};
  out.check.agreement = means.p < level ? Agreement::differ : Agreement::agree;
  out.sentence = fmt::format("{}: {:.4f} against {:.4f} ({:+.1f} SE). {}", row.label, means.mean,
                             row.value, means.errors, pooled.text("Our number"));
  return out;
}

std::string headline_of(const std::vector<JudgedRow>& rows) {
  const auto count = [&](Agreement one) {
    return std::count_if(rows.begin(), rows.end(),
                         [&](const JudgedRow& row) { return row.check.agreement == one; });
  };
  const auto lacking = count(Agreement::no_number);
  const auto missing = lacking + count(Agreement::not_run);
  const auto asked = static_cast<std::ptrdiff_t>(rows.size());
  const char* answer = count(Agreement::differ) == 0 ? "Yes" : "No";
  if (missing == asked) return lacking > 0 ? "The trials lack the numbers. " : "Not run. ";
  if (missing == 0) return fmt::format("{}. ", answer);
  const char* why = lacking == 0         ? "were not run"
                    : lacking == missing ? "are missing in the trials"
                                         : "were not run or are missing in the trials";
  return fmt::format("{}, for {} of {} numbers (the others {}). ", answer, asked - missing, asked,
                     why);
}

class Published final : public Question {
 public:
  using Options = PublishedOptions;
  static const Schema<Options>& schema() {
    static const auto built =
        Schema<Options>().field("rows", &Options::rows, "The published numbers.").required();
    return built;
  }
  explicit Published(Options options) : options_(std::move(options)) {}
  [[nodiscard]] Answer answer(const Study& study, const std::string& experiment) const override;

 private:
  Options options_;
};

Answer Published::answer(const Study& study, const std::string& experiment) const {
  Answer answer;
  const std::size_t family = family_size(study.suite());
  const double level = kFamilyLevel / static_cast<double>(family);
  Table table{
      "published_" + experiment,
      fmt::format(
          "Our numbers and published ones. ours: mean ± population standard deviation over runs. "
          "published: mean ± what the source gives. difference in SE: our mean minus the published "
          "one, after the rounding of the printed number, in standard errors sqrt(s1²/n1 + "
          "s2²/n2). "
          "A single run of ours gets the published spread, a published number without a spread "
          "gets ours. agreement: a number differs where Welch's t test gives p < {:.2g}. That is "
          "{} over the {} that the suite compares (Bonferroni): all are said to agree in at least "
          "95 % of cases where all do.",
          level, kFamilyLevel, core::counted(static_cast<std::int64_t>(family), "number")),
      {{"number"},
       {"ours", ColumnKind::spread},
       {"runs", ColumnKind::count},
       {"published", ColumnKind::spread},
       {"published runs", ColumnKind::number},
       {"difference in SE", ColumnKind::number, "difference_in_standard_errors"},
       {"agreement"},
       {"note"}}};
  std::vector<JudgedRow> rows;
  for (const PublishedRow& row : options_.rows) {
    rows.push_back(judge(row, study.trials(experiment), level));
    const JudgedRow& one = rows.back();
    table.add({row.label, one.check.ours, static_cast<std::int64_t>(one.runs), one.check.published,
               Number{row.runs}, one.check.difference,
               std::string(agreement_name(one.check.agreement)), row.note});
    answer.sentence += one.sentence;
    answer.checks.push_back(one.check);
  }
  std::string fates;
  for (const JudgedRow& row : rows) fates += row.fates;
  answer.sentence = headline_of(rows) + answer.sentence + fates;
  answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace

void register_published(QuestionKinds& kinds);
void register_published(QuestionKinds& kinds) {
  kinds.add<Published>("published", "Do our numbers agree with published ones?", "-");
}

}  // namespace spurion::analysis::questions
