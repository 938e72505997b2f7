#include "analysis/fits/scaling_judgement.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "analysis/fits/asymptote.hpp"
#include "analysis/fits/direction.hpp"
#include "analysis/fits/law_choice.hpp"
#include "analysis/fits/scale_table.hpp"
#include "analysis/fits/seed_modes.hpp"
#include "analysis/fits/verdict.hpp"

namespace spurion::analysis::fits {

namespace {

/// A law is rejected where chance would make it look so bad less often than this.
constexpr double kRejected = 0.01;
/// A law that takes the place of a rejected one must look better than this.
constexpr double kTrusted = 0.05;
/// Fewer scales than these do not fit a law with a plateau, and leave something to judge it by.
constexpr std::size_t kScalesOfLaw = 4;

/// What a mean of the number can be.
Range possible_values(const ScalingOptions& options) {
  return {options.least_value, options.most_value};
}

/// Decades, and the number of distinct scales, of the axis with the most decades.
std::pair<double, std::int64_t> extent(const ScaleTable& table) {
  std::pair<double, std::int64_t> best{-1.0, 0};
  for (std::size_t axis = 0; axis < table.axes(); ++axis) {
    std::set<double> values;
    for (const std::vector<double>& scale : table.scales) values.insert(scale[axis]);
    const double decades = std::log10(*values.rbegin() / *values.begin());
    if (decades > best.first) best = {decades, static_cast<std::int64_t>(values.size())};
  }
  return best;
}

std::vector<ScaleSummary> summaries(const ScaleTable& table, const ScalingOptions& options,
                                    const std::string& key) {
  std::vector<ScaleSummary> out(table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    ScaleSummary& scale = out[i];
    scale.scale = table.scales[i];
    scale.gap = confined(gap_at(table, i, key), possible_values(options));
    scale.seed_deviation = table.seed_deviations[i];
    scale.noise = table.noise[i];
    scale.deviation = table.deviations[i];
    scale.held_out = table.is_held_out(i);
    std::vector<double> values;
    std::int64_t within = 0;
    for (const auto& [seed, value] : table.by_seed(i)) {
      values.push_back(value);
      within += value < options.margin ? 1 : 0;
    }
    scale.within_margin = share_of(within, table.counts[i], options.level);
    scale.median = quantile_of(values, 0.5);
  }
  return out;
}

const RankedLaw* law_of(const std::vector<RankedLaw>& laws, LawFamily family) {
  for (const RankedLaw& one : laws) {
    if (one.law.family == family) return &one;
  }
  return nullptr;
}

/// The law whose g_inf is taken, with what it was judged by.
struct EndLaw {
  const RankedLaw* ranked = nullptr;
  FoundAsymptote found;
  double p = 0.0;  ///< the least of lack of fit and of extrapolation
};

EndLaw end_law(const ScaleTable& table, const RankedLaw& ranked, const ScalingOptions& options) {
  EndLaw out{&ranked, find_asymptote(table, ranked.family, options), 1.0};
  out.p = std::min(out.found.asymptote.p_lack_of_fit, extrapolate(table, ranked, options).p);
  return out;
}

/// The power law with a plateau; where it is rejected and the bounded law is not doubted, that one.
std::optional<EndLaw> chosen_end(const ScaleTable& table, const std::vector<RankedLaw>& laws,
                                 const ScalingOptions& options) {
  const RankedLaw* plateau = law_of(laws, table.axes() > 1 ? LawFamily::joint : LawFamily::plateau);
  if (plateau == nullptr || table.size() < kScalesOfLaw || table.fewest < 2) return std::nullopt;
  EndLaw first = end_law(table, *plateau, options);
  const RankedLaw* bounded = law_of(laws, LawFamily::bounded);
  if (first.p >= kRejected || bounded == nullptr) return first;
  if (!(bounded->law.loss < plateau->law.loss)) return first;
  EndLaw second = end_law(table, *bounded, options);
  return second.p >= kTrusted ? second : first;
}

void judge_id(const std::vector<ScalingPoint>& points, const ScalingOptions& options,
              const std::string& key, IdJudgement& out) {
  if (points.empty()) return;
  ScalingOptions own = options;
  own.margin = options.id_margin;
  // A shortfall of a score between 0 and 1 is a difference of two such scores.
  if (std::isfinite(options.most_value)) {
    own.least_value = -options.bound;
    own.most_value = options.bound;
  }
  const ScaleTable table = tabulate(points, own, key);
  out.given = true;
  out.shortfall = confined(gap_at(table, table.last, key), possible_values(own));
  out.p = open_p(table, options.id_margin);
  out.reached = out.shortfall.high <= options.id_margin;
  out.not_reached = out.shortfall.low > options.id_margin && table.fewest > 1;
  if (table.size() < 2) return;
  const std::vector<RankedLaw> laws = rank_laws(table, own);
  for (const RankedLaw& one : laws) out.laws.push_back(one.law);
  out.curve = law_curve(table, laws.front(), own);
}

/// Whether a law that falls did better on the held-out scales than the last value carried forward.
bool beats_carried(const std::vector<RankedLaw>& laws, const Extrapolation& extrapolation) {
  return std::any_of(laws.begin(), laws.end(), [&](const RankedLaw& one) {
    return one.law.family != LawFamily::constant &&
           one.law.held_out_error < extrapolation.carried_error;
  });
}

void judge_laws(const ScaleTable& table, const ScalingOptions& options, VerdictFacts& facts,
                ScalingJudgement& out) {
  const std::vector<RankedLaw> laws = rank_laws(table, options);
  for (const RankedLaw& one : laws) out.laws.push_back(one.law);
  out.extrapolation = extrapolate(table, laws.front(), options);
  out.curve = law_curve(table, laws.front(), options);
  facts.beats_carried = beats_carried(laws, out.extrapolation);
  std::optional<EndLaw> end = chosen_end(table, laws, options);
  if (!end) return;
  out.law_holds = facts.law_holds = end->p >= kRejected;
  if (table.axes() == 1) out.reach = find_reach(table, options, end->found);
  out.asymptote = end->found.asymptote;
  out.draws = std::move(end->found.draws);
  out.needed = find_needed(table, end->ranked->family, options, end->found);
}

}  // namespace

ScalingJudgement judge_scaling(const ScalingData& data, const ScalingOptions& options,
                               const std::string& key) {
  const ScaleTable table = tabulate(data.gap, options, key);
  ScalingJudgement out;
  VerdictFacts facts;
  out.seeds = static_cast<std::int64_t>(table.seeds.size());
  std::tie(out.decades, facts.scales) = extent(table);
  facts.seeds_suffice = table.fewest > 1;
  out.scales = summaries(table, options, key);
  out.largest = out.scales[table.last].gap;
  out.tests.two_modes = find_modes(table, options, out.scales);
  const DirectionTests directions = direction_tests(table);
  facts.falls = directions.falls;
  facts.rises = directions.rises;
  out.tests.falls = facts.falls.p;
  out.tests.rises = facts.rises.p;
  const Range values = possible_values(options);
  out.change = confined(paired_change(table, key), range_of_difference(values, values));
  out.tests.change = change_p(table, 0.0);
  facts.p_change_beyond =
      change_p(table, out.change.value > 0.0 ? options.margin : -options.margin);
  out.tests.open = open_p(table, options.margin);
  facts.p_below = open_p(table, -options.margin);
  if (table.size() > 1) judge_laws(table, options, facts, out);
  judge_id(data.id_shortfall, options, key + "/id", out.id);
  set_verdict(facts, options, out);
  return out;
}

}  // namespace spurion::analysis::fits
