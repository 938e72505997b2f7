#include "analysis/questions/scaling_law/judged_line.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "analysis/asked_question.hpp"
#include "analysis/paired_test.hpp"
#include "analysis/question_trials.hpp"
#include "analysis/questions/scaling_law/scaling_law.hpp"
#include "spurion/analysis/learning.hpp"
#include "spurion/registry.hpp"

namespace spurion::analysis::questions::scaling_law {

namespace {

using fits::ScalingOutcome;

/// Whether a verdict would be praise, which a model must have earned by learning.
bool is_praise(ScalingOutcome outcome) {
  return outcome == ScalingOutcome::closes || outcome == ScalingOutcome::no_gap ||
         outcome == ScalingOutcome::overshoots;
}

std::optional<GapOutcome> learning_of(const LawLine& line, const fits::ScalingJudgement& law,
                                      const std::string& key) {
  const auto at = [&](const ScaleNumbers& numbers, const std::string& name) {
    return numbers.learning.empty()
               ? Learned::unknown
               : learned(numbers.learning.estimate(fmt::format("{} learned {}", key, name)));
  };
  const Learned last = at(line.scales.rbegin()->second, "last");
  if (last == Learned::no) {
    std::size_t number = 0;
    const bool once = std::any_of(line.scales.begin(), line.scales.end(), [&](const auto& scale) {
      return at(scale.second, fmt::format("{}", number++)) == Learned::yes;
    });
    return once ? GapOutcome::collapsed : GapOutcome::did_not_learn;
  }
  if (last == Learned::unsure && is_praise(law.outcome)) return GapOutcome::learning_unsure;
  return std::nullopt;
}

/// Names the random numbers of a line.
std::string random_key(const LawLine& line, const std::string& experiment,
                       const LawOptions& options) {
  return fmt::format("scaling law {} {} {} {} {} {}", experiment, line.environment, line.line.name,
                     options.axes_text(), options.domain, options.metric);
}

void add_points(const std::vector<fits::ScalingPoint>& points, std::string& text) {
  for (const fits::ScalingPoint& one : points) {
    text += fmt::format("{}:{}:{}:{};", fmt::join(one.scale, ","), one.seed, one.value, one.noise);
  }
  text += '|';
}

/// All that a judgement depends on.
std::string key_of(const LawLine& line, const fits::ScalingData& data,
                   const std::string& experiment, const LawOptions& options) {
  std::string text =
      fmt::format("{} {} {} {} {} {}|", random_key(line, experiment, options), options.margin,
                  options.id_margin, options.held_out, options.resamples, options.level_share);
  add_points(data.gap, text);
  add_points(data.id_shortfall, text);
  return text;
}

/// The largest value that is possible: of a gap in accuracy 1, else no more than ten times what was
/// seen.
double bound_of(const LawLine& line) {
  double most = 0.0;
  for (const LawTrial& one : line.trials) most = std::max(most, std::abs(one.value));
  return line.accuracy && most <= 1.0 ? 1.0 : 10.0 * most;
}

LineJudgement judge(const LawLine& line, const fits::ScalingData& data, const std::string& key,
                    const LawOptions& options, const MetricRange& range) {
  LineJudgement out;
  if (!line.problem.empty()) return out;
  fits::ScalingOptions fit = options.for_fits(bound_of(line));
  fit.least_value = range.low;
  fit.most_value = range.high;
  out.law = fits::judge_scaling(data, fit, key);
  out.learning = learning_of(line, out.law, key);
  return out;
}

/// A line with its judgement, before it is adjusted.
struct RawLine {
  LawLine line;
  std::string key;
  std::shared_ptr<const LineJudgement> judgement;
};

std::vector<RawLine> raw_lines(const Study& study, const std::string& experiment,
                               const LawOptions& options) {
  std::vector<RawLine> out;
  for (LawLine& line : lines_of(study, experiment, options)) {
    const fits::ScalingData data = line.data();
    RawLine raw;
    raw.key = key_of(line, data, experiment, options);
    raw.judgement = study.once<LineJudgement>(raw.key, [&] {
      return judge(line, data, random_key(line, experiment, options), options,
                   options.range(study, line.accuracy));
    });
    raw.line = std::move(line);
    out.push_back(std::move(raw));
  }
  return out;
}

/// Over what the members claim; those that claim nothing count too, for it was looked for.
///
/// Where a run may stop early, a p value of a look that has a share s of the level is divided by s.
/// Whatever stops the run, it is then at most t with a probability of at most t, by the union bound
/// over the looks: as a p value must be for Holm's method.
void adjust(Family& family) {
  std::vector<const fits::ScalingJudgement*> laws;
  std::vector<double> factors;
  for (const FamilyMember& one : family.members) {
    laws.push_back(&one.judgement->law);
    factors.push_back(one.looks_factor);
  }
  const std::vector<fits::AdjustedP> adjusted = fits::adjusted_for_all(laws, factors, kTestLevel);
  for (std::size_t i = 0; i < adjusted.size(); ++i) {
    FamilyMember& one = family.members[i];
    one.adjusted = adjusted[i];
    one.outcome = fits::adjusted_outcome(one.judgement->law, one.adjusted, kTestLevel);
  }
}

/// As one more of the family.
fits::AdjustedP as_one_more(const fits::ScalingJudgement& law, double factor, std::size_t family) {
  const double times = factor * static_cast<double>(family);
  return {std::min(1.0, times * law.p),
          law.implies_open ? std::min(1.0, times * law.tests.open) : 1.0};
}

/// The options of a question, with the share of the level that this look at its experiment has.
LawOptions at_this_look(const Study& study, const std::string& experiment, LawOptions options) {
  options.level_share = study.test_level(experiment) / kTestLevel;
  return options;
}

Family make_family(const Study& whole) {
  QuestionKinds kinds;
  add_scaling_law(kinds);
  kinds.selectors = whole.selectors();
  Family family;
  for (const auto& [method, control] : whole.controls()) {
    if (control == control_name(Control::placebo)) family.placebos.insert(method);
  }
  std::set<std::string> known;
  std::size_t number = 0;
  for (const AskedQuestion& asked : whole.suite().questions) {
    if (!kinds.contains(asked.kind)) continue;
    Problems problems;
    const ReadQuestion read = read_question(asked, kinds, problems);
    const LawOptions* stated = options_of(read.kind.get());
    if (stated == nullptr) continue;
    const LawOptions options = at_this_look(whole, asked.experiment, *stated);
    family.primaries += options.primary ? 1 : 0;
    ++number;
    for (const StudyPart& part : trials_of(whole, read).parts) {
      for (const RawLine& raw : raw_lines(part.study, asked.experiment, options)) {
        if (!known.insert(raw.key).second) continue;  // asked twice
        const TrialSpec& spec = raw.line.trials.front().trial->spec;
        family.members.push_back({raw.key, raw.line.component, spec.method.name,
                                  fmt::format("{} {} {} {}", number, part.value,
                                              raw.line.environment, raw.line.line.regime),
                                  raw.judgement, 1.0 / options.level_share});
      }
    }
  }
  adjust(family);
  return family;
}

}  // namespace

bool claims(ScalingOutcome outcome) {
  return outcome != ScalingOutcome::undecided && outcome != ScalingOutcome::not_identifiable &&
         outcome != ScalingOutcome::under_trained;
}

bool JudgedLine::decided() const {
  return !judgement->learning && claims(outcome) && outcome != ScalingOutcome::open;
}

std::string JudgedLine::verdict() const {
  if (judgement->learning) return gap_outcome_name(*judgement->learning);
  return fits::scaling_outcome_name(outcome);
}

std::shared_ptr<const Family> family_of(const Study& study) {
  return study.once<Family>("scaling laws", [&] { return make_family(study.whole()); });
}

std::vector<JudgedLine> judged_lines(const Study& study, const std::string& experiment,
                                     const LawOptions& stated) {
  const std::shared_ptr<const Family> family = family_of(study);
  const LawOptions options = at_this_look(study, experiment, stated);
  std::vector<JudgedLine> out;
  for (RawLine& raw : raw_lines(study, experiment, options)) {
    JudgedLine one;
    one.judgement = raw.judgement;
    one.numbers = std::move(raw.line);
    one.family = std::max<std::size_t>(family->members.size(), 1);
    const auto member =
        std::find_if(family->members.begin(), family->members.end(),
                     [&](const FamilyMember& other) { return other.key == raw.key; });
    // A question that the stored suite does not ask is adjusted as one more of the family.
    one.adjusted = member != family->members.end()
                       ? member->adjusted
                       : as_one_more(one.law(), 1.0 / options.level_share, ++one.family);
    one.outcome = fits::adjusted_outcome(one.law(), one.adjusted, kTestLevel);
    one.demoted = one.outcome != one.law().outcome;
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace spurion::analysis::questions::scaling_law
