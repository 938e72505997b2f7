#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>

#include "analysis/questions.hpp"
#include "analysis/results_view.hpp"

namespace spurion::analysis {

namespace {

using Strata = std::map<std::string, std::vector<double>>;

Estimate estimate(const Strata& strata, const std::string& metric, const std::string& key) {
  std::vector<std::vector<double>> each;
  for (const auto& [setting, values] : strata) each.push_back(values);
  return confined(stratified_mean(each, key), range_of(metric));
}

std::int64_t last_phase(const TrialResult& trial) {
  std::int64_t last = 0;
  for (const Measurement& row : trial.measurements) last = std::max(last, row.phase);
  return last;
}

/// Accuracy on the stream, predicted before learned from, over steps.
Chart stream_chart(const ResultsView& view, const Question& question) {
  Chart chart;
  chart.name = "stream_" + question.experiment;
  chart.title = "Over the stream";
  chart.x_label = "updates";
  chart.y_label = "prequential " + view.score_text();
  chart.note = fmt::format("Band: {} over seeds. Vertical lines: the cue's correlation shifts.",
                           kIntervalText);
  const std::string metric =
      view.score() == "accuracy" ? "prequential_accuracy" : "prequential_loss";
  for (const std::string& regime : view.regimes()) {
    std::map<std::int64_t, Strata> points;
    std::map<std::int64_t, std::set<std::int64_t>> starts;
    for (const auto& row : view.rows()) {
      if (row.regime != regime) continue;
      std::int64_t previous_step = -1;
      std::int64_t previous_phase = -1;
      for (const Measurement& m : row.trial->measurements) {
        if (m.domain == "stream" && m.metric == metric) {
          points[m.step][row.setting].push_back(m.value);
          if (m.phase != previous_phase && previous_phase >= 0)
            starts[m.phase].insert(previous_step);
          previous_phase = m.phase;
          previous_step = m.step;
        }
      }
    }
    if (points.empty()) continue;
    Series series;
    series.name = regime;
    for (const auto& [step, strata] : points) {
      series.x.push_back(static_cast<double>(step));
      series.y.push_back(estimate(strata, metric, fmt::format("stream {} {}", regime, step)));
    }
    for (const auto& [phase, steps] : starts) {
      chart.marks.push_back(static_cast<double>(*steps.begin()));
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

/// Score on each phase's distribution after training on it, against the same model where the cue is
/// neutral: what is left of the score when the new cue says nothing.
struct PhaseNumbers {
  std::map<std::int64_t, Strata> own;      // on the phase's own distribution
  std::map<std::int64_t, Strata> first;    // on phase 0's
  std::map<std::int64_t, Strata> neutral;  // at dial = 0.5
  std::map<std::int64_t, Strata> flip;     // flip rate on the test domain
};

PhaseNumbers collect(const ResultsView& view, const std::string& regime) {
  PhaseNumbers numbers;
  for (const auto& row : view.rows()) {
    if (row.regime != regime) continue;
    for (std::int64_t phase = 0; phase <= last_phase(*row.trial); ++phase) {
      const auto add = [&](auto& target, const std::string& domain, const std::string& metric) {
        if (const auto value = number(*row.trial, domain, metric, phase)) {
          target[phase][row.setting].push_back(*value);
        }
      };
      const std::string own = fmt::format("phase_{}", phase);
      add(numbers.own, number(*row.trial, own, view.score(), phase) ? own : "id", view.score());
      add(numbers.first, "id", view.score());
      add(numbers.neutral, "dial=0.5", view.score());
      add(numbers.flip, "test", "flip_rate");
    }
  }
  return numbers;
}

struct Judgement {
  const char* text;
  bool resolved;
};

/// Resolved: fewer than a tenth of the predictions follow the cue. Replaced: most do, and the score
/// on the last phase is what the cue gives, for it falls where the cue is neutral.
Judgement judge(const Estimate& own, const Estimate& flip, const std::optional<Estimate>& neutral) {
  if (flip.high < 0.1) return {"hardly uses the cue", true};
  if (flip.low <= 0.5) return {"still uses the cue", false};
  const bool falls = neutral && std::abs(own.value - neutral->value) > 0.1;
  return {falls ? "scores by the newest cue" : "follows the cue", false};
}

}  // namespace

Answer compare_regimes(const StoredResults& results, const Question& question) {
  const ResultsView view(results, question.experiment);
  Answer answer;
  Chart stream = stream_chart(view, question);
  if (!stream.series.empty()) answer.charts.push_back(std::move(stream));
  Table table{
      "regimes_" + question.experiment,
      fmt::format("After each phase: {} on the phase's own distribution, on the train domains, and "
                  "where the cue is neutral; flip rate: share of predictions that change when "
                  "only the cue does. Mean with {} over seeds. A high score "
                  "with a high flip rate is a replaced cue, not a resolved confusion.",
                  view.score_text(), kIntervalText),
      {"regime", "after phase", "own phase", "train domains", "cue neutral", "flip rate"},
      {}};
  int trained_on = 0;
  int resolved = 0;
  for (const std::string& regime : view.regimes()) {
    const PhaseNumbers numbers = collect(view, regime);
    const auto get = [&](const std::map<std::int64_t, Strata>& source, std::int64_t phase,
                         const char* what) -> std::optional<Estimate> {
      const auto found = source.find(phase);
      if (found == source.end()) return std::nullopt;
      return estimate(found->second, &source == &numbers.flip ? "flip_rate" : view.score(),
                      fmt::format("{} {} {} {}", question.experiment, regime, phase, what));
    };
    const auto text = [](const std::optional<Estimate>& value) {
      return value ? show(*value) : std::string("-");
    };
    std::optional<Estimate> own;
    std::optional<Estimate> flip;
    std::optional<Estimate> neutral;
    for (const auto& [phase, strata] : numbers.own) {
      own = get(numbers.own, phase, "own");
      flip = get(numbers.flip, phase, "flip");
      neutral = get(numbers.neutral, phase, "neutral");
      table.rows.push_back({regime, fmt::format("{}", phase), text(own),
                            text(get(numbers.first, phase, "first")), text(neutral), text(flip)});
    }
    if (!own || !flip) continue;
    Judgement judgement = judge(*own, *flip, neutral);
    if (regime == "offline" && !judgement.resolved)
      judgement.text = "keeps to the cue it was trained on";
    if (regime != "offline") {
      ++trained_on;
      resolved += judgement.resolved ? 1 : 0;
    }
    answer.sentence += fmt::format(
        "{} {}: {} on its last phase{}, flip rate {}. ", regime, judgement.text, show(*own),
        neutral ? fmt::format(", {} where the cue is neutral", show(*neutral)) : std::string(),
        show(*flip));
  }
  if (trained_on > 0) {
    answer.sentence = fmt::format("{} {}",
                                  resolved == trained_on ? "It resolves the confusion."
                                  : resolved == 0        ? "It does not resolve the confusion."
                                                         : "Some do.",
                                  answer.sentence);
  }
  if (answer.sentence.empty()) answer.sentence = "No trial of this experiment has finished.";
  answer.tables.push_back(std::move(table));
  return answer;
}

}  // namespace spurion::analysis
