#include "analysis/questions/scaling_law/truth_controls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <map>
#include <set>

#include "spurion/random.hpp"

namespace spurion::analysis::questions::scaling_law {

namespace {

using fits::ScalingOutcome;

/// What a control must come to.
enum class Truth { no_gap, unlearnable, plateau, closing };

const char* truth_text(Truth truth) {
  switch (truth) {
    case Truth::no_gap:
      return "there is no gap";
    case Truth::unlearnable:
      return "the score in distribution never reaches its ceiling";
    case Truth::plateau:
      return "plateaus";
    case Truth::closing:
      break;
  }
  return "closes";
}

bool is_right(Truth truth, const LineJudgement& judgement, ScalingOutcome outcome) {
  const auto is = [&](std::initializer_list<ScalingOutcome> right) {
    return !judgement.learning && std::find(right.begin(), right.end(), outcome) != right.end();
  };
  switch (truth) {
    case Truth::no_gap:
      // A small model may have had one by chance.
      return is({ScalingOutcome::no_gap, ScalingOutcome::closes});
    case Truth::unlearnable:
      return is({ScalingOutcome::under_trained}) || judgement.learning.has_value();
    case Truth::plateau:
      return is({ScalingOutcome::plateaus});
    case Truth::closing:
      break;
  }
  return is({ScalingOutcome::closes});
}

/// Whether a verdict is true, but says less than the truth.
bool says_less(Truth truth, ScalingOutcome outcome) {
  return truth == Truth::plateau &&
         (outcome == ScalingOutcome::shrinks_open || outcome == ScalingOutcome::open);
}

void count(ControlCount& out, Truth truth, const LineJudgement& judgement, ScalingOutcome outcome) {
  ++out.verdicts;
  if (is_right(truth, judgement, outcome)) {
    ++out.right;
  } else if (judgement.learning || !claims(outcome) || says_less(truth, outcome)) {
    ++out.none;
  } else {
    ++out.wrong;
  }
}

ControlCount environment_count(const Family& family, const std::string& component, Truth truth) {
  ControlCount out{component, truth_text(truth)};
  for (const FamilyMember& one : family.members) {
    if (one.component == component) count(out, truth, *one.judgement, one.outcome);
  }
  return out;
}

/// What a method without information comes to, which must be what erm comes to.
ControlCount placebo_count(const Family& family, const std::string& method) {
  ControlCount out{method, "the verdict is that of erm"};
  for (const FamilyMember& one : family.members) {
    if (one.method != method) continue;
    const auto erm =
        std::find_if(family.members.begin(), family.members.end(), [&](const FamilyMember& other) {
          return other.method == "erm" && other.place == one.place;
        });
    if (erm == family.members.end()) continue;
    ++out.verdicts;
    const bool silent = !claims(one.outcome) || !claims(erm->outcome);
    if (one.outcome == erm->outcome && one.judgement->learning == erm->judgement->learning) {
      ++out.right;
    } else {
      ++(silent ? out.none : out.wrong);
    }
  }
  return out;
}

/// Deviations of seeds from the mean of their scale.
struct Deviations {
  std::map<Scale, std::map<std::int64_t, double>> values;
  std::map<Scale, double> noise;
  std::vector<std::int64_t> seeds;

  explicit Deviations(const fits::ScalingData& data) {
    std::set<std::int64_t> all;
    for (const fits::ScalingPoint& one : data.gap) {
      values[one.scale][one.seed] = one.value;
      noise[one.scale] = std::max(noise[one.scale], one.noise);
      all.insert(one.seed);
    }
    seeds.assign(all.begin(), all.end());
    for (auto& [scale, by_seed] : values) {
      const auto n = static_cast<double>(by_seed.size());
      double middle = 0.0;
      for (const auto& [seed, value] : by_seed) middle += value / n;
      // Residuals are smaller than the noise that they came from.
      const double widened = n > 1.0 ? std::sqrt(n / (n - 1.0)) : 0.0;
      for (auto& [seed, value] : by_seed) value = widened * (value - middle);
    }
  }
};

using Curve = std::function<double(double)>;

/// As many seeds as there are, resampled with a random sign, around a curve.
fits::ScalingData planted(const Deviations& deviations, const Curve& curve, const RandomKey& key) {
  const RandomStream stream(key);
  fits::ScalingData out;
  const auto seeds = static_cast<std::int64_t>(deviations.seeds.size());
  for (std::int64_t i = 0; i < seeds; ++i) {
    const std::int64_t seed = deviations.seeds[static_cast<std::size_t>(stream.below(seeds, i, 0))];
    const double sign = stream.bernoulli(0.5, i, 1) ? 1.0 : -1.0;
    for (const auto& [scale, by_seed] : deviations.values) {
      const auto found = by_seed.find(seed);
      if (found == by_seed.end()) continue;
      out.gap.push_back(
          {scale, i, curve(scale.front()) + sign * found->second, deviations.noise.at(scale)});
    }
  }
  return out;
}

/// a (N / first)^-b + g_inf, which is `end` above g_inf at the largest scale.
Curve power_law(const Deviations& deviations, double start, double g_inf, double end) {
  const double first = deviations.values.begin()->first.front();
  const double last = deviations.values.rbegin()->first.front();
  const double exponent = std::log((start - g_inf) / end) / std::log(last / first);
  return [=](double scale) { return g_inf + (start - g_inf) * std::pow(scale / first, -exponent); };
}

/// The curves are judged in less time than the trials themselves.
constexpr std::int64_t kPlantedResamples = 100;

ControlCount planted_count(const Deviations& deviations, Truth truth, const std::string& key,
                           const LawOptions& options) {
  const double margin = options.margin;
  const double start = 20.0 * margin;
  const double g_inf = truth == Truth::plateau ? 5.0 * margin : 0.0;
  ControlCount out{truth == Truth::plateau
                       ? fmt::format("planted plateau, {:.3g} to {:.3g}", start, g_inf)
                       : fmt::format("planted closing, {:.3g} to {:.3g}", start, 0.25 * margin),
                   truth_text(truth)};
  const Curve curve = power_law(deviations, start, g_inf, 0.25 * margin);
  LawOptions fewer = options;
  fewer.resamples = std::min(options.resamples, kPlantedResamples);
  for (std::int64_t i = 0; i < options.planted; ++i) {
    const std::string name = fmt::format("{} planted {} {}", key, truth_text(truth), i);
    LineJudgement judgement;
    judgement.law = fits::judge_scaling(planted(deviations, curve, RandomKey(0).child(name)),
                                        fewer.for_fits(1.0), name);
    count(out, truth, judgement, judgement.law.outcome);
  }
  return out;
}

/// Whether curves can be planted into the noise of a line, so that a verdict is possible.
bool can_be_planted(const JudgedLine& one) {
  const fits::ScalingOptions defaults;
  return one.numbers.problem.empty() && one.law().seeds > 1 &&
         one.law().reason != fits::ScalingReason::one_seed &&
         one.law().decades >= defaults.least_decades &&
         static_cast<std::int64_t>(one.law().scales.size()) >= defaults.least_scales;
}

}  // namespace

std::vector<ControlCount> control_counts(const Family& family, const std::vector<JudgedLine>& lines,
                                         const std::string& experiment, const LawOptions& options) {
  std::vector<ControlCount> out;
  for (const char* name : {"control_no_shift", "control_no_cue", "control_causal_cue"}) {
    out.push_back(environment_count(family, name, Truth::no_gap));
  }
  out.push_back(environment_count(family, "control_unlearnable", Truth::unlearnable));
  for (const std::string& method : family.placebos) out.push_back(placebo_count(family, method));
  const auto line = std::find_if(lines.begin(), lines.end(), can_be_planted);
  if (options.planted == 0 || options.axes().size() > 1 || line == lines.end()) return out;
  const Deviations deviations(line->numbers.data());
  const std::string key =
      fmt::format("{} {} {}", experiment, line->numbers.environment, line->numbers.line.name);
  for (const Truth truth : {Truth::plateau, Truth::closing}) {
    out.push_back(planted_count(deviations, truth, key, options));
  }
  return out;
}

}  // namespace spurion::analysis::questions::scaling_law
