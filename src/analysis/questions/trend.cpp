#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "analysis/contrasts.hpp"
#include "analysis/error_names.hpp"
#include "analysis/paired_test.hpp"
#include "analysis/pooled_configurations.hpp"
#include "analysis/rank_statistics.hpp"
#include "core/counted.hpp"
#include "core/measurement_names.hpp"
#include "spurion/analysis/learning.hpp"
#include "spurion/analysis/results_view.hpp"
#include "spurion/analysis/seed_cells.hpp"
#include "spurion/error.hpp"
#include "spurion/question.hpp"

namespace spurion::analysis::questions {

namespace {

/// What a question of kind 'trend' asks.
struct Claim {
  std::string axis;
  std::string claim;
  std::string metric = "worst_group_error";
  std::string domain = "test";
  double margin = 0.0;
  std::optional<double> from;
  std::optional<double> to;
  std::string method;

  [[nodiscard]] bool rises() const { return claim == "rises"; }
  /// "worst group error in 'test'"
  [[nodiscard]] std::string text() const {
    std::string words = metric;
    std::replace(words.begin(), words.end(), '_', ' ');
    return fmt::format("{} in '{}'", words, domain);
  }
  [[nodiscard]] bool holds(double place) const {
    return (!from || place >= *from) && (!to || place <= *to);
  }
};

/// Tells the charts and tables of one experiment's questions apart.
std::string name_of(const Claim& claim, const std::string& experiment) {
  std::string name =
      fmt::format("trend_{}_{}_{}_{}", experiment, claim.axis, claim.domain, claim.metric);
  if (!claim.method.empty()) name += "_" + claim.method;
  if (claim.from) name += fmt::format("_from_{}", *claim.from);
  if (claim.to) name += fmt::format("_to_{}", *claim.to);
  return name;
}

/// A number of a trial and the noise of its rows.
struct Measured {
  double value = 0.0;
  RowNoise noise;
};

/// A claim about the trials of one study.
struct Asked {
  const Claim& claim;
  MetricInfo metric;  ///< what the claim follows
  bool accuracy;      ///< trials are scored by accuracy, not for regression
};

/// The number of a trial; "..._error" is 1 - "..._accuracy" where it is not measured itself.
std::optional<Measured> measured(const TrialResult& trial, const Asked& asked) {
  const Claim& claim = asked.claim;
  if (const auto value = number(trial, claim.domain, claim.metric)) {
    return Measured{*value, row_noise(trial, claim.domain, asked.metric, *value)};
  }
  const std::string other = accuracy_of_error(claim.metric);
  if (other.empty()) return std::nullopt;
  const auto right = number(trial, claim.domain, other);
  if (!right) return std::nullopt;
  MetricInfo right_info = asked.metric;  // says whether it is a rate
  right_info.name = other;
  return Measured{1.0 - *right, row_noise(trial, claim.domain, right_info, *right)};
}

/// Values along the axis of one configuration and seed; of several at one place the mean.
using Run = std::map<double, std::vector<double>>;
/// By what else varies and by seed.
using Runs = std::map<std::string, std::map<std::int64_t, Run>>;

/// What the trials of a line say along the axis.
struct TrendCells {
  Runs runs;
  std::map<double, SeedCells> places;    ///< the number
  std::map<double, SeedCells> learning;  ///< score in distribution beyond half-way

  [[nodiscard]] double first() const { return places.begin()->first; }
  [[nodiscard]] double last() const { return places.rbegin()->first; }
  /// Rank correlation of all values with the axis, of the runs that have both ends.
  [[nodiscard]] SeedCells correlation() const {
    SeedCells cells;
    for (const auto& [configuration, by_seed] : runs) {
      for (const auto& [seed, run] : by_seed) {
        if (run.count(first()) == 0 || run.count(last()) == 0) continue;
        std::vector<double> x;
        std::vector<double> y;
        for (const auto& [place, values] : run) {
          x.push_back(place);
          y.push_back(mean(values));
        }
        cells.add(configuration, seed, rank_correlation(x, y));
      }
    }
    return cells;
  }
};

enum class TrendOutcome {
  holds,          ///< the change goes the claimed way by more than the margin
  refuted,        ///< it does not; of both, interval and tests agree
  did_not_learn,  ///< what gets better holds, but where the model had learned nothing
  undecided,      ///< neither is shown
  one_scale       ///< all trials have one value of the axis
};

struct OutcomeText {
  const char* name;      ///< in the table
  const char* headline;  ///< begins the first sentence
  const char* clause;    ///< "the claim that it rises ..."
  Agreement agreement;   ///< with whoever claims it
};

OutcomeText outcome_text(TrendOutcome outcome) {
  switch (outcome) {
    case TrendOutcome::holds:
      return {"holds", "Yes. ", "holds", Agreement::agree};
    case TrendOutcome::refuted:
      return {"refuted", "No. ", "is refuted", Agreement::differ};
    case TrendOutcome::did_not_learn:
      return {"did not learn", "Undecided. ", "is no success", Agreement::differ};
    case TrendOutcome::one_scale:
      return {"one scale only", "Undecided. ", "is undecided", Agreement::undecided};
    case TrendOutcome::undecided:
      break;
  }
  return {"undecided", "Undecided. ", "is undecided", Agreement::undecided};
}

TrendOutcome outcome_of(const Claim& claim, const Estimate& change, const PairedTest& test) {
  const double low = claim.rises() ? change.low : -change.high;
  const double high = claim.rises() ? change.high : -change.low;
  if (!test.shown() || !change.has_spread()) return TrendOutcome::undecided;
  if (low > claim.margin) return TrendOutcome::holds;
  return high < claim.margin ? TrendOutcome::refuted : TrendOutcome::undecided;
}

/// Whether the claim says that something gets better.
bool praises(const Asked& asked) {
  return asked.metric.better == (asked.claim.rises() ? Better::high : Better::low);
}

/// What became of the claim under one line.
struct TrendVerdict {
  std::string method;
  double first = 0.0;
  double last = 0.0;
  Series series;
  Estimate change;
  Estimate correlation;
  PairedTest test;
  Learned learned_first = Learned::unknown;
  Learned learned_last = Learned::unknown;
  TrendOutcome outcome = TrendOutcome::undecided;
};

TrendVerdict judge(const Asked& asked, const TrendCells& cells, const std::string& method,
                   const std::string& key, double level) {
  const Claim& claim = asked.claim;
  TrendVerdict out;
  out.method = out.series.name = method;
  out.first = cells.first();
  out.last = cells.last();
  const Range range = range_of(asked.metric, asked.accuracy);
  for (const auto& [place, values] : cells.places) {
    out.series.x.push_back(place);
    out.series.y.push_back(values.estimate(fmt::format("{} {}", key, place), range));
  }
  const SeedCells changes = cells.places.rbegin()->second.minus(cells.places.begin()->second);
  out.change = changes.estimate(key + " change", range_of_difference(range, range));
  out.correlation = cells.correlation().estimate(key + " correlation", kDifference);
  out.test = paired_test(changes, key + " p", claim.rises() ? claim.margin : -claim.margin);
  out.test.level = level;
  const auto learned_at = [&](double place) {
    const auto found = cells.learning.find(place);
    if (found == cells.learning.end()) return Learned::unknown;
    return learned(found->second.estimate(fmt::format("{} learned {}", key, place)));
  };
  out.learned_first = learned_at(out.first);
  out.learned_last = learned_at(out.last);
  out.outcome =
      out.series.x.size() < 2 ? TrendOutcome::one_scale : outcome_of(claim, out.change, out.test);
  // What gets better where a model learned nothing is no success.
  if (out.outcome == TrendOutcome::holds && out.learned_last == Learned::no && praises(asked)) {
    out.outcome = TrendOutcome::did_not_learn;
  }
  return out;
}

/// How the answer begins: with what holds under every method, else that they differ.
std::string headline(const std::vector<TrendVerdict>& verdicts) {
  std::set<std::string> headlines;
  for (const TrendVerdict& one : verdicts) headlines.insert(outcome_text(one.outcome).headline);
  return headlines.size() == 1 ? *headlines.begin() : "It depends on the method. ";
}

std::string sentence_of(const Claim& claim, const TrendVerdict& one) {
  std::string unlearned;
  if (one.learned_first == Learned::no) unlearned = fmt::format("{}", one.first);
  if (one.learned_last == Learned::no) {
    unlearned += fmt::format("{}{}", unlearned.empty() ? "" : " and ", one.last);
  }
  if (!unlearned.empty()) {
    unlearned = fmt::format("{} did not learn at {} = {}. ", one.method, claim.axis, unlearned);
  }
  return fmt::format(
      "{}Under {} the {} is {} at {} = {} and {} at {}. The change is {} ({}: {}): the claim that "
      "it {}{} {}. ",
      unlearned, one.method, claim.text(), show(one.series.y.front()), claim.axis, one.first,
      show(one.series.y.back()), one.last, show(one.change), core::counted(one.test.seeds, "seed"),
      one.test.text(), claim.claim,
      claim.margin > 0.0 ? fmt::format(" by more than {}", claim.margin) : std::string(),
      outcome_text(one.outcome).clause);
}

/// What the metric is, where the glossary does not say it: columns of registered metrics.
std::string metric_text(const MetricInfo& metric) {
  if (metric.meaning.empty() || core::own_metric(metric.name) != nullptr) return {};
  const std::string unit = metric.unit.empty() ? "" : fmt::format(", in {}", metric.unit);
  return fmt::format(" {}: {}{}; range {}.", metric.title, metric.meaning, unit,
                     metric.range_text());
}

Table make_table(const std::string& name, const Asked& asked) {
  const Claim& claim = asked.claim;
  return {
      name + "_verdicts",
      fmt::format(
          "Claim: {} {} along {}. change: last minus first for the same seed, mean with {}. p and "
          "sign-flip p: tests that the change is {}. holds, refuted: the interval and both tests "
          "(p <= "
          "{}) agree; the sign-flip test counts only if there are enough seeds for it. {}, in "
          "distribution: an improvement at a value where the model did not learn is no success. "
          "The glossary (or 'spurion describe TERM') defines each column.{}",
          claim.text(), claim.claim, claim.axis, kIntervalText,
          claim.margin == 0.0 ? std::string("0") : fmt::format("{} the claimed way", claim.margin),
          kTestLevel, kLearnedText, metric_text(asked.metric)),
      {{"method"},
       {"first", ColumnKind::number},
       {"value at first", ColumnKind::estimate},
       {"last", ColumnKind::number},
       {"value at last", ColumnKind::estimate},
       {"change", ColumnKind::estimate},
       {"p", ColumnKind::number},
       {"sign-flip p", ColumnKind::number},
       {"rank correlation", ColumnKind::estimate},
       {"seeds", ColumnKind::count},
       {"claim"}}};
}

class Trend final : public Question {
 public:
  using Options = Claim;
  static const Schema<Options>& schema();
  explicit Trend(Options options) : claim_(std::move(options)) {
    if (claim_.from && claim_.to && *claim_.from > *claim_.to) {
      throw UsageError(fmt::format("'from' = {} lies above 'to' = {}", *claim_.from, *claim_.to));
    }
  }
  [[nodiscard]] Answer answer(const Study& study, const std::string& experiment) const override;
  [[nodiscard]] bool decides() const override { return true; }

 private:
  Claim claim_;
};

const Schema<Claim>& Trend::schema() {
  static const auto built =
      Schema<Claim>()
          .field("axis", &Claim::axis,
                 "A field of the trials, such as \"model.width\": the change is from its smallest "
                 "to its largest value, on the same seeds.")
          .names(FieldUse::axis)
          .required()
          .field("claim", &Claim::claim, "The direction of the change that is claimed.",
                 one_of({"rises", "falls"}))
          .required()
          .field("metric", &Claim::metric,
                 "The metric that the claim is about. \"..._error\" is 1 - \"..._accuracy\".")
          .field("domain", &Claim::domain, "The domain in which the metric is measured.")
          .field("margin", &Claim::margin, "The smallest change that the claim needs.", at_least(0))
          .field("from", &Claim::from, "Only this part of the axis: its smallest value.")
          .field("to", &Claim::to, "Only this part of the axis: its largest value.")
          .field("method", &Claim::method, "Only this method. Empty: each of them.")
          .names(FieldUse::method);
  return built;
}

Answer Trend::answer(const Study& study, const std::string& experiment) const {
  const Claim& claim = claim_;
  const ResultsView view(study, experiment, {claim.axis});
  const Asked asked{claim, study.metrics().of(claim.metric),
                    view.score() == core::stored_name(core::MetricId::accuracy)};
  Answer answer;
  Chart chart;
  chart.name = name_of(claim, experiment);
  chart.title = fmt::format("{} against {}", claim.text(), claim.axis);
  chart.x_label = claim.axis;
  chart.y_label = claim.text();
  chart.note =
      fmt::format("Band: {} over seeds. Other axes are averaged.{}", kIntervalText, view.note());
  Table table = make_table(chart.name, asked);
  std::vector<ResultsView::Line> lines = view.lines();
  const auto other = [&](const ResultsView::Line& line) {
    return !claim.method.empty() && line.method != claim.method &&
           line.method.rfind(claim.method + " (", 0) != 0;
  };
  lines.erase(std::remove_if(lines.begin(), lines.end(), other), lines.end());
  std::vector<TrendVerdict> verdicts;
  std::vector<PairedTest> tests;
  PooledConfigurations pooled;
  for (const ResultsView::Line& line : lines) {
    TrendCells cells;
    for (const ResultsView::Row& row : view.rows(line)) {
      const TrialSpec& spec = row.trial->spec;
      const auto place = axis_value(*row.trial, claim.axis);
      const auto value = measured(*row.trial, asked);
      if (!place || !value || !claim.holds(place->number)) continue;
      if (std::isnan(value->value)) continue;
      pooled.add(fmt::format("{} {}", line.name, place->number), row.configuration);
      cells.runs[row.configuration][spec.seed][place->number].push_back(value->value);
      cells.places[place->number].add(row.configuration, spec.seed, value->value, value->noise);
      cells.learning[place->number].add_learning(row.configuration, *row.trial, view.score());
    }
    if (cells.runs.empty()) continue;
    const std::string key = fmt::format("{} {}", chart.name, line.name);
    TrendVerdict one = judge(asked, cells, line.name, key, study.test_level(experiment));
    table.add({one.method, Number{one.first}, one.series.y.front(), Number{one.last},
               one.series.y.back(), one.change, Number{one.test.student, Notation::probability, 4},
               Number{one.test.flips, Notation::probability, 4}, Interval(one.correlation, 2),
               one.test.seeds, std::string(outcome_text(one.outcome).name)});
    answer.sentence += sentence_of(claim, one);
    answer.checks.push_back({fmt::format("{} along {}, {}", claim.text(), claim.axis, one.method),
                             claim.claim, show(one.change), Missing(),
                             outcome_text(one.outcome).agreement});
    answer.contrasts.push_back(
        contrast_of(fmt::format("change along {} under {}", claim.axis, line.name), claim.text(),
                    one.change, one.test));
    answer.contrasts.back().margin = claim.margin;
    answer.contrasts.back().decided =
        one.outcome != TrendOutcome::undecided && one.outcome != TrendOutcome::one_scale;
    chart.series.push_back(std::move(one.series));
    tests.push_back(one.test);
    verdicts.push_back(std::move(one));
  }
  chart.log_x = std::all_of(chart.series.begin(), chart.series.end(),
                            [](const Series& series) { return series.x.front() > 0.0; });
  answer.sentence = verdicts.empty()
                        ? "No trial of the question that is done has this number on this axis. "
                        : headline(verdicts) + answer.sentence + few_seeds_text(tests);
  answer.sentence += pooled.text() + view.fates_text(lines);
  answer.charts.push_back(std::move(chart));
  answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace

void register_trend(QuestionKinds& kinds);
void register_trend(QuestionKinds& kinds) {
  kinds.add<Trend>("trend", "Does a number rise or fall along an axis, as a paper claims?", "-");
}

}  // namespace spurion::analysis::questions
