#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/trial_fates.hpp"
#include "spurion/question.hpp"

namespace spurion::analysis::questions {

namespace {

/// A published number: mean and population standard deviation over runs.
struct PublishedRow {
  std::string label;
  std::string domain;
  std::string metric;
  std::string note;
  double value = 0.0;
  double spread = 0.0;
  double runs = 1.0;
  double rounding = 0.0;
  TrialFilter where;

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
                   "The published population standard deviation over runs.", at_least(0))
            .required()
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

/// What a comparison comes to.
enum class Agreement {
  yes,        ///< within 3 standard errors, beyond the rounding of what is printed
  no,         ///< further apart
  no_number,  ///< its trials are done and lack the number
  not_run     ///< no trial of it is done
};

const char* agreement_name(Agreement agreement) {
  switch (agreement) {
    case Agreement::yes:
      return "yes";
    case Agreement::no:
      return "no";
    case Agreement::no_number:
      return "no number";
    case Agreement::not_run:
      break;
  }
  return "not run";
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
  Table table{
      "published_" + experiment,
      "Our numbers and published ones: mean ± population standard deviation over runs. difference "
      "in SE: "
      "in standard errors sqrt(s1²/n1 + s2²/n2); a single run of ours gets the published spread. "
      "agrees: the difference is at most 3, after the rounding of the printed number.",
      {{"number"},
       {"ours", ColumnKind::spread},
       {"runs", ColumnKind::count},
       {"published", ColumnKind::spread},
       {"published runs", ColumnKind::number},
       {"difference in SE", ColumnKind::number, "difference_in_standard_errors"},
       {"agrees"},
       {"note"}}};
  std::int64_t agreeing = 0;
  std::int64_t compared = 0;
  std::int64_t lacking = 0;  // numbers of trials that are done
  std::string told;          // of trials that have no numbers
  for (const PublishedRow& row : options_.rows) {
    TrialList trials;
    TrialFates fates;
    for (const TrialResult* trial : study.trials(experiment)) {
      if (!row.where.matches(trial->spec)) continue;
      fates.add(*trial);
      if (trial->status == Status::done) trials.push_back(trial);
    }
    const bool run = !trials.empty();
    std::vector<double> values;
    for (const TrialResult* trial : trials) {
      if (const auto value = number(*trial, row.domain, row.metric)) values.push_back(*value);
    }
    told += fates.sentence(row.label);
    if (values.empty()) {
      lacking += run ? 1 : 0;
      table.add({row.label, Missing(), std::int64_t{0}, Spread{row.value, row.spread},
                 Number{row.runs}, Missing(),
                 std::string(agreement_name(run ? Agreement::no_number : Agreement::not_run)),
                 row.note});
      continue;
    }
    const double ours = mean(values);
    const double deviation = population_deviation(values);
    const double own = values.size() > 1 ? deviation : row.spread;
    const double error = std::sqrt(own * own / static_cast<double>(values.size()) +
                                   row.spread * row.spread / row.runs);
    const double difference = ours - row.value;
    const double beyond =
        std::copysign(std::max(std::abs(difference) - row.rounding, 0.0), difference);
    const double z = beyond == 0.0 ? 0.0 : beyond / error;
    const Agreement agrees = std::abs(z) <= 3.0 ? Agreement::yes : Agreement::no;
    ++compared;
    agreeing += agrees == Agreement::yes ? 1 : 0;
    table.add({row.label, Spread{ours, deviation}, static_cast<std::int64_t>(values.size()),
               Spread{row.value, row.spread}, Number{row.runs},
               Number{z, Notation::signed_fixed, 2}, std::string(agreement_name(agrees)),
               row.note});
    answer.sentence +=
        fmt::format("{}: {:.4f} against {:.4f} ({:+.1f} SE). ", row.label, ours, row.value, z);
  }
  const auto asked = static_cast<std::int64_t>(options_.rows.size());
  std::string headline = agreeing == compared ? "Yes. " : "No. ";
  if (compared == 0) headline = lacking > 0 ? "The trials lack the numbers. " : "Not run. ";
  if (compared > 0 && compared < asked) {
    const char* why = lacking == 0                  ? "were not run"
                      : lacking == asked - compared ? "are missing in the trials"
                                                    : "were not run or are missing in the trials";
    headline = fmt::format("{}, for {} of {} numbers (the others {}). ",
                           agreeing == compared ? "Yes" : "No", compared, asked, why);
  }
  answer.sentence = headline + answer.sentence + told;
  answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace

void register_published(QuestionKinds& kinds);
void register_published(QuestionKinds& kinds) {
  kinds.add<Published>("published", "Do our numbers agree with published ones?", "-");
}

}  // namespace spurion::analysis::questions
