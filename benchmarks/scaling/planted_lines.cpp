#include "planted_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "spurion/random.hpp"

namespace spurion::planted {

using analysis::fits::ScalingData;
using analysis::fits::ScalingJudgement;
using analysis::fits::ScalingOptions;
using analysis::fits::ScalingOutcome;

namespace {

/// Of the difference of two accuracies of .8, each on so many rows.
double row_deviation(double rows) { return rows > 0.0 ? std::sqrt(2.0 * 0.8 * 0.2 / rows) : 0.0; }

PlantedLine closing(const std::string& name, double exponent) {
  PlantedLine line;
  line.name = name;
  line.formula = fmt::format(".4 x^-{}", exponent);
  line.gap = [exponent](double x) { return 0.4 * std::pow(x, -exponent); };
  line.right = {ScalingOutcome::closes};
  line.wrong = {ScalingOutcome::plateaus, ScalingOutcome::grows, ScalingOutcome::non_monotone,
                ScalingOutcome::mixture, ScalingOutcome::no_gap};
  return line;
}

PlantedLine plateau(const std::string& name, double g_inf, double exponent) {
  PlantedLine line;
  line.name = name;
  line.formula = fmt::format("{} + .3 x^-{}", g_inf, exponent);
  line.gap = [g_inf, exponent](double x) { return g_inf + 0.3 * std::pow(x, -exponent); };
  line.g_inf = g_inf;
  line.right = {ScalingOutcome::plateaus};
  line.wrong = {ScalingOutcome::closes,       ScalingOutcome::grows,   ScalingOutcome::no_gap,
                ScalingOutcome::non_monotone, ScalingOutcome::mixture, ScalingOutcome::overshoots};
  return line;
}

void add_closing(std::vector<PlantedLine>& out) {
  out.push_back(closing("closing", 0.7));
  out.push_back(closing("closing within the range", 1.0));
  PlantedLine slow = closing("closing slowly", 0.2);
  slow.right = {ScalingOutcome::not_identifiable, ScalingOutcome::shrinks_open,
                ScalingOutcome::closes};
  out.push_back(slow);
}

void add_plateaus(std::vector<PlantedLine>& out) {
  PlantedLine low = plateau("plateau .02", 0.02, 1.0);
  low.margin = 0.01;
  low.noise = {0.004, 0.004, 0.004, 10000.0};
  out.push_back(low);
  out.push_back(plateau("plateau .10", 0.10, 0.7));
  PlantedLine few = plateau("plateau .10, 5 seeds", 0.10, 0.7);
  few.seeds = 5;
  out.push_back(few);
  PlantedLine flat = plateau("flat .10", 0.10, 0.7);
  flat.formula = ".1";
  flat.gap = [](double) { return 0.1; };
  flat.has_g_inf = false;  // any exponent fits
  out.push_back(flat);
  PlantedLine uneven = plateau("plateau .10, uneven noise", 0.10, 0.7);
  uneven.noise = {0.005, 0.04, 0.008, 4000.0};
  out.push_back(uneven);
}

void add_other_shapes(std::vector<PlantedLine>& out) {
  PlantedLine grows = plateau("growing", 0.25, 0.4);
  grows.formula = ".25 - .2 x^-.4";
  grows.gap = [](double x) { return 0.25 - 0.2 * std::pow(x, -0.4); };
  grows.right = {ScalingOutcome::grows};
  grows.wrong = {ScalingOutcome::closes, ScalingOutcome::shrinks_open, ScalingOutcome::no_gap,
                 ScalingOutcome::non_monotone, ScalingOutcome::mixture};
  out.push_back(grows);
  PlantedLine broken = closing("broken: slow, then fast", 0.1);
  broken.formula = ".3 x^-.05 (1 + (x/16)^2)^-.4";
  broken.gap = [](double x) {
    return 0.3 * std::pow(x, -0.05) * std::pow(1.0 + x * x / 256.0, -0.4);
  };
  broken.right = {ScalingOutcome::shrinks_open, ScalingOutcome::closes};
  broken.wrong.push_back(ScalingOutcome::overshoots);
  broken.has_g_inf = false;
  out.push_back(broken);
  PlantedLine bump = closing("falling, then rising", 0.5);
  bump.formula = ".1 + .03 (ln(x/8))^2";
  bump.gap = [](double x) { return 0.1 + 0.03 * std::pow(std::log(x / 8.0), 2.0); };
  bump.right = {ScalingOutcome::non_monotone};
  bump.wrong = {ScalingOutcome::closes, ScalingOutcome::plateaus, ScalingOutcome::no_gap,
                ScalingOutcome::shrinks_open, ScalingOutcome::mixture};
  bump.has_g_inf = false;
  out.push_back(bump);
  PlantedLine none = closing("no shift", 0.5);
  none.formula = "0";
  none.gap = [](double) { return 0.0; };
  none.right = {ScalingOutcome::no_gap};
  none.wrong = {ScalingOutcome::closes,    ScalingOutcome::plateaus,
                ScalingOutcome::grows,     ScalingOutcome::non_monotone,
                ScalingOutcome::mixture,   ScalingOutcome::shrinks_open,
                ScalingOutcome::overshoots};
  out.push_back(none);
}

void add_mixtures(std::vector<PlantedLine>& out) {
  PlantedLine modes = plateau("two modes, more find the core", 0.10, 0.7);
  modes.right = {ScalingOutcome::mixture};
  modes.wrong = {ScalingOutcome::closes, ScalingOutcome::plateaus, ScalingOutcome::grows,
                 ScalingOutcome::non_monotone, ScalingOutcome::no_gap};
  modes.formula = "0, or .1 + .3 x^-.7";
  modes.found = [](double x) { return 0.15 + 0.06 * std::log2(x); };
  modes.has_g_inf = false;
  out.push_back(modes);
  PlantedLine fixed = modes;
  fixed.name = "two modes, 4 of 10 find the core";
  fixed.seeds = 30;
  fixed.found = [](double) { return 0.4; };
  fixed.has_g_inf = true;
  fixed.g_inf = 0.06;
  out.push_back(fixed);
  PlantedLine untrained = plateau("ID below its ceiling", 0.10, 0.7);
  untrained.id_shortfall = 0.05;
  untrained.right = {ScalingOutcome::under_trained};
  untrained.wrong.push_back(ScalingOutcome::plateaus);
  out.push_back(untrained);
}

}  // namespace

double PlantedLine::decades() const { return std::log10(ratio) * (scales - 1); }

double PlantedLine::deviation() const {
  return std::sqrt(noise.seed * noise.seed + noise.trial * noise.trial +
                   std::pow(row_deviation(noise.rows), 2.0));
}

std::vector<PlantedLine> planted_lines() {
  std::vector<PlantedLine> out;
  add_closing(out);
  add_plateaus(out);
  add_other_shapes(out);
  add_mixtures(out);
  return out;
}

ScalingData draw(const PlantedLine& line, std::int64_t repeat) {
  const RandomKey key = RandomKey(static_cast<std::uint64_t>(repeat)).child(line.name);
  const RandomStream of_seed(key.child("seed"));
  const RandomStream of_trial(key.child("trial"));
  const RandomStream of_id(key.child("id"));
  const double rows = row_deviation(line.noise.rows);
  ScalingData data;
  for (std::int64_t seed = 0; seed < line.seeds; ++seed) {
    const double shared = line.noise.seed * of_seed.normal(seed);
    const double luck = of_seed.uniform(seed, 1);
    for (int i = 0; i < line.scales; ++i) {
      const double x = std::pow(line.ratio, i);
      const double along = static_cast<double>(i) / (line.scales - 1);
      const double trial = line.noise.trial * std::pow(line.noise.last / line.noise.trial, along);
      const double deviation = std::hypot(trial, rows);
      const bool found = line.found && luck < line.found(x);
      const double value =
          (found ? 0.0 : line.gap(x)) + shared + deviation * of_trial.normal(seed, i);
      data.gap.push_back({{16.0 * x}, seed, value, rows});
      if (line.id_shortfall >= 0.0) {
        const double id = line.id_shortfall + rows * of_id.normal(seed, i);
        data.id_shortfall.push_back({{16.0 * x}, seed, id, rows});
      }
    }
  }
  return data;
}

PlantedScore score(const PlantedLine& line, std::int64_t repeats, int resamples) {
  PlantedScore out;
  out.repeats = repeats;
  out.by_outcome.assign(static_cast<std::size_t>(ScalingOutcome::undecided) + 1, 0);
  ScalingOptions options;
  options.margin = line.margin;
  options.resamples = resamples;
  const auto has = [](const std::vector<ScalingOutcome>& all, ScalingOutcome one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  const std::clock_t start = std::clock();
  for (std::int64_t repeat = 0; repeat < repeats; ++repeat) {
    const ScalingJudgement judged =
        judge_scaling(draw(line, repeat), options, fmt::format("{} {}", line.name, repeat));
    out.by_outcome[static_cast<std::size_t>(judged.outcome)] += 1;
    out.right += has(line.right, judged.outcome) ? 1 : 0;
    out.wrong += has(line.wrong, judged.outcome) ? 1 : 0;
    const analysis::Estimate& g_inf = judged.asymptote.g_inf;
    out.covered += g_inf.low <= line.g_inf && line.g_inf <= g_inf.high ? 1 : 0;
    out.below += g_inf.high < line.g_inf ? 1 : 0;
    out.widths.push_back(g_inf.high - g_inf.low);
  }
  out.seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  std::sort(out.widths.begin(), out.widths.end());
  return out;
}

}  // namespace spurion::planted
