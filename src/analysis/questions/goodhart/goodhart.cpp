// A probe as a filter or in the loss: proxy and truth while the proxy is optimised. The best of n
// is exact from stored candidates; forms of over-optimisation are those of Gao et al. (2022,
// arXiv:2210.10760). Verdicts are adjusted over the suite (Holm 1979).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "analysis/questions/goodhart/goodhart_answer.hpp"
#include "analysis/suite_family.hpp"
#include "core/counted.hpp"
#include "spurion/error.hpp"
#include "spurion/question.hpp"

namespace spurion::analysis::questions {

namespace goodhart {

namespace {

constexpr std::size_t kMostLinesInWords = 12;

std::string distance_words(const PressureLine& line, std::size_t place) {
  const double d = place == 0 ? 0.0 : line.distance(place - 1);
  const std::string text = line.place_text(place);
  return std::isnan(d) ? text : fmt::format("d = {:.2f} ({})", d, text);
}

std::string gains_words(const PressureLine& line) {
  const std::size_t last = line.judged - 1;
  return fmt::format(
      " At {} the proxy is better by {}, the truth by {}, the score out of "
      "distribution by {}.",
      distance_words(line, line.judged), show(line.gain(last, kProxy)),
      show(line.gain(last, kTruth)), show(line.gain(last, kOod)));
}

std::string parts_words(const PressureLine& line) {
  if (line.parts == 0) return "";
  return fmt::format(" From {} on the proxy overstates by more than the margin.",
                     distance_words(line, line.parts));
}

std::string verdict_words(const PressureLine& line, double margin) {
  switch (line.verdict) {
    case GoodhartVerdict::faithful:
      return fmt::format(
          "is faithful up to {}: the truth gets better and is shown not to fall "
          "again by more than {}",
          distance_words(line, line.judged), margin);
    case GoodhartVerdict::over_optimised:
      return fmt::format("is over-optimised from {} on: the truth falls again, by {}",
                         distance_words(line, line.peak), show(line.fall));
    case GoodhartVerdict::blind:
      return "is blind: the proxy gets better and the truth does not change";
    case GoodhartVerdict::no_pressure:
      return "is not shown to make the proxy better";
    case GoodhartVerdict::did_not_learn:
      return "leaves models that did not learn";
    case GoodhartVerdict::undecided:
      return "is undecided";
  }
  throw LogicError("unknown verdict on a pressure");
}

std::string line_words(const PressureLine& line, double margin, std::size_t family) {
  std::string text = fmt::format("{} {}.", line.name, verdict_words(line, margin));
  if (line.verdict != line.alone) {
    text += fmt::format(" The verdict '{}' is shown alone, but not as one of {} of the suite.",
                        goodhart_verdict_name(line.alone), family);
  }
  if (line.judged > 0) text += gains_words(line) + parts_words(line);
  if (line.unlearned > 0) {
    text += fmt::format(" At {} of the pressure models did not learn.",
                        core::counted(line.unlearned, "place"));
  }
  return text + "\n";
}

/// At which of the gains that were compared this was shown; empty where at none.
std::string gains_with(const GainComparison& one, EqualGain result) {
  std::vector<std::string> gains;
  for (const GainLevel& level : one.levels) {
    if (level.result == result) gains.push_back(fmt::format("{:.3f}", level.gain));
  }
  if (gains.empty()) return "";
  if (gains.size() == one.levels.size()) {
    return fmt::format("at each gain that was compared, up to {}", gains.back());
  }
  return fmt::format("at {} of {} that were compared ({})", gains.size(),
                     core::counted(one.levels.size(), "gain"), fmt::join(gains, ", "));
}

std::string comparison_words(const GainComparison& one) {
  std::string text =
      fmt::format("The filter reaches a gain out of distribution of {}, {} one of {}.",
                  show(one.filter_reach), one.other, show(one.other_reach));
  if (one.levels.empty()) return text + " No gain that both reach is shown.\n";
  const std::string filter = gains_with(one, EqualGain::filter_better);
  const std::string other = gains_with(one, EqualGain::other_better);
  if (!filter.empty()) {
    text += fmt::format(
        " At equal gain the filter beats it {}: the proxy overstates less under the filter.",
        filter);
  }
  if (!other.empty()) {
    text += fmt::format(" It beats the filter {}: the proxy overstates less under it.", other);
  }
  if (filter.empty() && other.empty()) {
    const GainLevel& last = one.levels.back();
    text += fmt::format(
        " At equal gain neither is shown to be better: at a gain of {:.3f} the difference in what "
        "the proxy overstates is {}.",
        last.gain, show(last.difference));
  }
  return text + "\n";
}

/// Whether this was shown at some gain.
bool has_level(const GainComparison& one, EqualGain result) {
  return std::any_of(one.levels.begin(), one.levels.end(),
                     [&](const GainLevel& level) { return level.result == result; });
}

/// All verdicts in one sentence, and all comparisons at equal gain in another.
std::string summary_words(const GoodhartFindings& findings) {
  std::vector<std::string> verdicts;
  for (const PressureLine& line : findings.found.lines) {
    verdicts.push_back(fmt::format("{}: {}", line.name, goodhart_verdict_name(line.verdict)));
  }
  std::string text = fmt::format("{}: {}.\n", core::counted(verdicts.size(), "pressure"),
                                 fmt::join(verdicts, "; "));
  if (findings.comparisons.empty()) return text;
  const auto shown = [&](EqualGain result) {
    return std::count_if(findings.comparisons.begin(), findings.comparisons.end(),
                         [&](const GainComparison& one) { return has_level(one, result); });
  };
  return text + fmt::format(
                    "At some equal gain out of distribution the filter beats {} of {}, and {} "
                    "beat the filter.\n",
                    shown(EqualGain::filter_better),
                    core::counted(findings.comparisons.size(), "other pressure"),
                    shown(EqualGain::other_better));
}

std::vector<FamilyClaim> claims_of(const Pressures& found) {
  std::vector<FamilyClaim> claims;
  for (const PressureLine& line : found.lines) claims.push_back({line.key(), line.p});
  return claims;
}

std::string left_out_words(const Pressures& found) {
  std::string text;
  if (found.unlearned > 0) {
    text +=
        fmt::format("{} that did not learn {} left out. ",
                    core::counted(found.unlearned, "candidate"), core::is_or_are(found.unlearned));
  }
  if (found.unpaired > 0) {
    text += fmt::format(
        "{} under pressure {} left out, because no trial without pressure has the "
        "same environment and seed. ",
        core::counted(found.unpaired, "trial"), core::is_or_are(found.unpaired));
  }
  if (found.others > 0) {
    text += fmt::format("{} under another pressure than that of the proxy {} left out. ",
                        core::counted(found.others, "trial"), core::is_or_are(found.others));
  }
  return text;
}

class Goodhart final : public Question {
 public:
  using Options = GoodhartOptions;
  static const Schema<Options>& schema() { return goodhart_schema(); }
  explicit Goodhart(Options options) : options_(std::move(options)) {}
  [[nodiscard]] Answer answer(const Study& study, const std::string& experiment) const override;
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  Options options_;
};

void add_goodhart(QuestionKinds& kinds) {
  kinds.add<Goodhart>("goodhart", "Does the truth follow while a probe is optimised?",
                      "Gao et al. 2022; Baker et al. 2025; Holm 1979");
}

Answer Goodhart::answer(const Study& study, const std::string& experiment) const {
  QuestionKinds kinds;
  add_goodhart(kinds);
  const auto family =
      suite_family(study, std::move(kinds),
                   [](const Question& question, const Study& part, const std::string& of) {
                     const auto& own = dynamic_cast<const Goodhart&>(question);
                     return claims_of(pressures_of(part, of, own.options()));
                   });
  const Study joined = joined_study(study, experiment, options_);
  const ResultsView view(joined, experiment, {options_.weight});
  GoodhartFindings findings{experiment,
                            options_,
                            family->size(),
                            view.note(false),
                            view.score_text(),
                            pressures_of(study, experiment, options_),
                            {}};
  Answer answer;
  if (findings.found.lines.empty()) {
    answer.sentence = fmt::format(
        "No finished trials of this experiment have '{}' and '{}' in domain '{}', without pressure "
        "(method {}, regime {}). ",
        options_.proxy, options_.truth_name(), options_.domain, options_.baseline_method,
        options_.baseline_regime);
    answer.sentence += left_out_words(findings.found);
    return answer;
  }
  for (PressureLine& line : findings.found.lines) {
    line.adjusted_p = family->adjusted({line.key(), line.p});
    adjust_verdict(line);
  }
  findings.comparisons = equal_gain_comparisons(findings.found.lines);
  answer.sentence = goodhart_sentence(findings) + view.fates_text(view.lines_by_environment("erm"));
  answer.tables = goodhart_tables(findings);
  answer.charts = goodhart_charts(findings);
  return answer;
}

}  // namespace

std::string goodhart_sentence(const GoodhartFindings& findings) {
  std::string text = summary_words(findings);
  const std::vector<PressureLine>& lines = findings.found.lines;
  for (std::size_t i = 0; i < lines.size() && i < kMostLinesInWords; ++i) {
    text += line_words(lines[i], findings.options.margin, findings.family);
  }
  if (lines.size() > kMostLinesInWords) text += "The table shows the others.\n";
  for (std::size_t i = 0; i < findings.comparisons.size() && i < kMostLinesInWords; ++i) {
    text += comparison_words(findings.comparisons[i]);
  }
  return text + left_out_words(findings.found);
}

}  // namespace goodhart

void register_goodhart(QuestionKinds& kinds);
void register_goodhart(QuestionKinds& kinds) { goodhart::add_goodhart(kinds); }

}  // namespace spurion::analysis::questions
