#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "analysis/questions.hpp"
#include "analysis/results_view.hpp"
#include "analysis/seed_cells.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

/// What a question of kind 'trend' asks.
struct Claim {
  std::string axis;
  std::string metric;
  std::string domain;
  bool rises = true;
  double margin = 0.0;
  double from = -std::numeric_limits<double>::infinity();
  double to = std::numeric_limits<double>::infinity();
  std::string method;  ///< empty: each of them
  const Value* where = nullptr;

  [[nodiscard]] const char* verb() const { return rises ? "rises" : "falls"; }
  /// "worst group error in 'test'"
  [[nodiscard]] std::string text() const {
    std::string words = metric;
    std::replace(words.begin(), words.end(), '_', ' ');
    return fmt::format("{} in '{}'", words, domain);
  }
};

Claim read_claim(const Question& question) {
  Claim claim;
  claim.axis = text_option(question, "axis", "");
  if (claim.axis.find('.') == std::string::npos) {
    throw UsageError("a question of kind 'trend' needs axis = \"section.field\"");
  }
  const std::string direction = text_option(question, "claim", "");
  if (direction != "rises" && direction != "falls") {
    throw UsageError(fmt::format(
        "a question of kind 'trend' needs claim = \"rises\" or \"falls\", got \"{}\"", direction));
  }
  claim.rises = direction == "rises";
  claim.metric = text_option(question, "metric", "worst_group_error");
  claim.domain = text_option(question, "domain", "test");
  claim.margin = number_option(question, "margin", 0.0);
  if (claim.margin < 0.0) throw UsageError("'margin' of a question must not be negative");
  claim.from = number_option(question, "from", claim.from);
  claim.to = number_option(question, "to", claim.to);
  claim.method = text_option(question, "method", "");
  claim.where = where_option(question.options);
  return claim;
}

/// Tells the charts and tables of one experiment's questions apart.
std::string name_of(const Claim& claim, const std::string& experiment) {
  std::string name =
      fmt::format("trend_{}_{}_{}_{}", experiment, claim.axis, claim.domain, claim.metric);
  if (!claim.method.empty()) name += "_" + claim.method;
  if (std::isfinite(claim.from)) name += fmt::format("_from_{}", claim.from);
  if (std::isfinite(claim.to)) name += fmt::format("_to_{}", claim.to);
  if (claim.where != nullptr) {
    for (const auto& [axis, value] : claim.where->as_table()) {
      for (const char letter : "_" + axis + "_" + value.canonical_json()) {
        if (std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '.' ||
            letter == '_' || letter == '-') {
          name += letter;
        }
      }
    }
  }
  return name;
}

/// The number of a trial; "..._error" is 1 - "..._accuracy" where it is not measured itself.
std::optional<double> measured(const TrialResult& trial, const Claim& claim) {
  if (const auto value = number(trial, claim.domain, claim.metric)) return value;
  constexpr std::size_t kError = 5;
  const std::size_t stem = claim.metric.size() - std::min(claim.metric.size(), kError);
  if (claim.metric.compare(stem, kError, "error") != 0) return std::nullopt;
  const auto right = number(trial, claim.domain, claim.metric.substr(0, stem) + "accuracy");
  if (!right) return std::nullopt;
  return 1.0 - *right;
}

/// Ranks 1 .. n, ties sharing the mean of theirs.
std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> out(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t last = i;
    while (last < order.size() && values[order[last]] == values[order[i]]) ++last;
    const double shared = 0.5 * static_cast<double>(i + last + 1);
    for (; i < last; ++i) out[order[i]] = shared;
  }
  return out;
}

/// Spearman's rank correlation; 0 where one of them does not vary.
double rank_correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const std::vector<double> a = ranks(x);
  const std::vector<double> b = ranks(y);
  const double centre = mean(a);
  double both = 0.0;
  double first = 0.0;
  double second = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    both += (a[i] - centre) * (b[i] - centre);
    first += (a[i] - centre) * (a[i] - centre);
    second += (b[i] - centre) * (b[i] - centre);
  }
  return first * second > 0.0 ? both / std::sqrt(first * second) : 0.0;
}

/// Values along the axis of one setting and seed; of several at one place the mean.
using Run = std::map<double, std::vector<double>>;
/// By what else varies and by seed.
using Runs = std::map<std::string, std::map<std::int64_t, Run>>;

/// How runs go from the first value of the axis to the last.
struct Changes {
  SeedCells change;       ///< last minus first
  SeedCells correlation;  ///< of all values with the axis
};

Changes follow(const Runs& runs, double first, double last) {
  Changes changes;
  for (const auto& [setting, by_seed] : runs) {
    for (const auto& [seed, run] : by_seed) {
      const auto start = run.find(first);
      const auto end = run.find(last);
      if (start == run.end() || end == run.end()) continue;
      changes.change.add(setting, seed, mean(end->second) - mean(start->second));
      std::vector<double> x;
      std::vector<double> y;
      for (const auto& [place, values] : run) {
        x.push_back(place);
        y.push_back(mean(values));
      }
      changes.correlation.add(setting, seed, rank_correlation(x, y));
    }
  }
  return changes;
}

/// The values of all runs at each place.
std::map<double, SeedCells> by_place(const Runs& runs) {
  std::map<double, SeedCells> places;
  for (const auto& [setting, by_seed] : runs) {
    for (const auto& [seed, run] : by_seed) {
      for (const auto& [place, values] : run) {
        for (const double value : values) places[place].add(setting, seed, value);
      }
    }
  }
  return places;
}

constexpr double kLevel = 0.05;

/// holds: the change goes the claimed way by more than the margin, refuted: it does not, both by
/// interval and test; else undecided.
std::string verdict(const Claim& claim, const Estimate& change, double p) {
  const double low = claim.rises ? change.low : -change.high;
  const double high = claim.rises ? change.high : -change.low;
  if (p > kLevel) return "undecided";
  return low > claim.margin ? "holds" : high < claim.margin ? "refuted" : "undecided";
}

}  // namespace

Answer trend(const Study& study, const Question& question) {
  const Claim claim = read_claim(question);
  const ResultsView view(study, question.experiment, {claim.axis});
  const auto asked = [&](const ResultsView::Row& row) {
    return matches(row.trial->spec, claim.where) &&
           (claim.method.empty() || row.method == claim.method ||
            row.trial->spec.method.name == claim.method);
  };
  Answer answer;
  Chart chart;
  chart.name = name_of(claim, question.experiment);
  chart.title = fmt::format("{} against {}", claim.text(), claim.axis);
  chart.x_label = claim.axis;
  chart.y_label = claim.text();
  chart.note =
      fmt::format("Band: {} over seeds; other axes averaged.{}", kIntervalText, view.note());
  Table table{
      chart.name + "_verdicts",
      fmt::format(
          "Claim: {} {} along {}. Change: last minus first on the same seed, mean with {}. "
          "p: sign-flip permutation test over seeds that "
          "the change is {} (n seeds cannot give less than 2^(1-n)). Rank correlation: "
          "Spearman's with the axis, of each seed, mean with interval. holds or refuted: "
          "interval and p <= {} agree.",
          claim.text(), claim.verb(), claim.axis, kIntervalText,
          claim.margin == 0.0 ? std::string("0") : fmt::format("{} the claimed way", claim.margin),
          kLevel),
      {{"method"},
       {"first", ColumnKind::number},
       {"value there", ColumnKind::estimate, "value_at_first"},
       {"last", ColumnKind::number},
       {"value there", ColumnKind::estimate, "value_at_last"},
       {"change", ColumnKind::estimate},
       {"p", ColumnKind::number},
       {"rank correlation", ColumnKind::estimate},
       {"seeds", ColumnKind::count},
       {"claim"}}};
  for (const ResultsView::Line& line : view.lines()) {
    Runs runs;
    for (const auto& row : view.rows()) {
      if (!line.holds(row) || !asked(row)) continue;
      const TrialSpec& spec = row.trial->spec;
      const auto place = axis_value(spec, claim.axis);
      const auto value = measured(*row.trial, claim);
      if (!place || !value || place->number < claim.from || place->number > claim.to) continue;
      runs[row.setting][spec.seed][place->number].push_back(*value);
    }
    if (runs.empty()) continue;
    const std::string& method = line.name;
    const std::string key = fmt::format("{} {}", chart.name, method);
    Series series;
    series.name = method;
    for (const auto& [place, cells] : by_place(runs)) {
      series.x.push_back(place);
      series.y.push_back(cells.estimate(fmt::format("{} {}", key, place), range_of(claim.metric)));
    }
    const double first = series.x.front();
    const double last = series.x.back();
    const Changes changes = follow(runs, first, last);
    const Estimate change = changes.change.estimate(key + " change");
    std::vector<double> beyond = changes.change.seed_means();
    const std::size_t seeds = beyond.size();
    for (double& one : beyond) one -= claim.rises ? claim.margin : -claim.margin;
    const double p = sign_flip_p(beyond, key + " p");
    const std::string decided = series.x.size() < 2 ? "one place only" : verdict(claim, change, p);
    table.add({method, Number{first}, series.y.front(), Number{last}, series.y.back(), change,
               Number{p, Notation::probability, 4},
               Interval(changes.correlation.estimate(key + " correlation", kDifference), 2),
               static_cast<std::int64_t>(seeds), decided});
    answer.sentence += fmt::format(
        "{}Under {} the {} is {} at {} = {} and {} at {}, a change of {} ({} over {} seeds): "
        "the claim that it {}{} {}.",
        answer.sentence.empty() ? (decided == "holds"     ? "Yes: "
                                   : decided == "refuted" ? "No: "
                                                          : "Undecided: ")
                                : " ",
        method, claim.text(), show(series.y.front()), claim.axis, first, show(series.y.back()),
        last, show(change), show_p(p), seeds, claim.verb(),
        claim.margin > 0.0 ? fmt::format(" by more than {}", claim.margin) : std::string(),
        decided == "holds"     ? "holds"
        : decided == "refuted" ? "is refuted"
                               : "is undecided");
    chart.series.push_back(std::move(series));
  }
  chart.log_x = std::all_of(chart.series.begin(), chart.series.end(),
                            [](const Series& series) { return series.x.front() > 0.0; });
  if (answer.sentence.empty()) {
    answer.sentence = "No finished trial that the question asks about varies along this axis.";
  }
  answer.charts.push_back(std::move(chart));
  answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace spurion::analysis
