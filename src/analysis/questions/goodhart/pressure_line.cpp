#include "analysis/questions/goodhart/pressure_line.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "analysis/paired_test.hpp"
#include "spurion/analysis/learning.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis::questions::goodhart {

namespace {

/// The first places that a verdict may use: up to the first at which models did not learn.
void find_judged(PressureLine& line) {
  line.judged = 0;
  bool learns = true;
  for (std::size_t place = 0; place < line.numbers.places.size(); ++place) {
    const bool unlearned = learned(line.gain(place, kLearning)) == Learned::no;
    line.unlearned += unlearned ? 1 : 0;
    learns = learns && !unlearned;
    if (learns && line.numbers.places[place].judged) line.judged = place + 1;
  }
}

/// Gains of the truth at no pressure and at the judged places, minus the gain at the last of them.
Jackknifed falls_of(const PressureLine& line) {
  return line.gains.made([&](const std::vector<double>& of) {
    const double last = of[line.at(line.judged - 1, kTruth)];
    std::vector<double> falls = {-last};
    for (std::size_t place = 0; place + 1 < line.judged; ++place) {
      falls.push_back(of[line.at(place, kTruth)] - last);
    }
    return falls;
  });
}

Jackknifed overstatement(const PressureLine& line) {
  return line.gains.made([&](const std::vector<double>& of) {
    std::vector<double> more;
    for (std::size_t place = 0; place < line.numbers.places.size(); ++place) {
      more.push_back(of[line.at(place, kProxy)] - of[line.at(place, kTruth)]);
    }
    return more;
  });
}

/// The largest p that the truth is further than the margin from no change, at any judged place.
double p_unchanged(const PressureLine& line, double margin) {
  double worst = 0.0;
  for (std::size_t place = 0; place < line.judged; ++place) {
    const std::size_t number = line.at(place, kTruth);
    worst =
        std::max({worst, line.gains.p_below(number, margin), line.gains.p_above(number, -margin)});
  }
  return worst;
}

/// The first place, counted from 1, from which on the proxy overstates by more than the margin.
std::size_t parting_place(const PressureLine& line, double margin) {
  const Jackknifed more = overstatement(line);
  std::size_t from = 0;
  for (std::size_t place = line.judged; place > 0; --place) {
    if (more.p_above(place - 1, margin) > kTestLevel) break;
    from = place;
  }
  return from;
}

}  // namespace

const char* pressure_name(PressureKind kind) {
  switch (kind) {
    case PressureKind::filter:
      return "filter";
    case PressureKind::loss:
      return "loss";
    case PressureKind::checkpoints:
      return "checkpoint choice";
    case PressureKind::iterated:
      return "iterated selection";
  }
  throw LogicError("unknown kind of pressure");
}

const char* goodhart_verdict_name(GoodhartVerdict verdict) {
  switch (verdict) {
    case GoodhartVerdict::faithful:
      return "faithful";
    case GoodhartVerdict::over_optimised:
      return "over-optimised from d on";
    case GoodhartVerdict::blind:
      return "blind";
    case GoodhartVerdict::no_pressure:
      return "pressure not shown";
    case GoodhartVerdict::did_not_learn:
      return "did not learn";
    case GoodhartVerdict::undecided:
      return "undecided";
  }
  throw LogicError("unknown verdict on a pressure");
}

Estimate PressureLine::gain(std::size_t place, std::size_t reading) const {
  return gains.estimate(at(place, reading));
}

Estimate PressureLine::overstated(std::size_t place) const {
  return overstatement(*this).estimate(place);
}

double PressureLine::distance(std::size_t place, const std::vector<double>& of) const {
  double nats = numbers.places[place].nats;
  if (std::isnan(nats) && kind == PressureKind::loss) nats = of[at(place, kDistance)];
  if (std::isnan(nats) && kind == PressureKind::iterated) nats = of[at(place, kNats)];
  return std::sqrt(std::max(0.0, nats));
}

double PressureLine::distance(std::size_t place) const { return distance(place, gains.values); }

std::string PressureLine::place_text(std::size_t place) const {
  if (place == 0) return "no pressure";
  const double amount = numbers.places[place - 1].amount;
  switch (kind) {
    case PressureKind::filter:
      return fmt::format("n = {}", amount);
    case PressureKind::loss:
      return fmt::format("weight = {}", amount);
    case PressureKind::checkpoints:
      return fmt::format("last {} checkpoints", amount);
    case PressureKind::iterated:
      return fmt::format("selection {}", amount);
  }
  return {};
}

std::string PressureLine::key() const {
  std::vector<double> amounts;
  for (const PressurePlace& place : numbers.places) amounts.push_back(place.amount);
  return fmt::format("{} {} {} {} {}", pressure_name(kind), name, environment,
                     fmt::join(amounts, ","), fmt::join(gains.values, ","));
}

void judge_pressure(PressureLine& line, double margin) {
  using Verdict = GoodhartVerdict;
  find_judged(line);
  if (line.judged == 0) {
    line.alone = line.unlearned > 0 ? Verdict::did_not_learn : Verdict::undecided;
    return;
  }
  const std::size_t last = line.judged - 1;
  const Jackknifed falls = falls_of(line);
  line.peak = static_cast<std::size_t>(std::max_element(falls.values.begin(), falls.values.end()) -
                                       falls.values.begin());
  // No later place has a larger gain than the last one.
  if (falls.values[line.peak] <= 0.0) line.peak = line.judged;
  if (line.peak < line.judged) line.fall = falls.estimate(line.peak);
  line.parts = parting_place(line, margin);
  const double p_proxy = line.gains.p_above(line.at(last, kProxy), 0.0);
  // The best of several places is looked for (Bonferroni).
  double p_falls = 1.0;
  double p_stays = 0.0;
  for (std::size_t place = 0; place < falls.values.size(); ++place) {
    p_falls = std::min(p_falls, falls.p_above(place, margin));
    if (place > 0) p_stays = std::max(p_stays, falls.p_below(place, margin));
  }
  p_falls = std::min(1.0, p_falls * static_cast<double>(falls.values.size()));
  const double p_better = std::max(p_stays, line.gains.p_above(line.at(last, kTruth), margin));
  const auto claim = [&](Verdict verdict, double p) {
    if (line.alone != Verdict::undecided || p > kTestLevel) return;
    line.alone = verdict;
    line.p = p;
  };
  claim(Verdict::over_optimised, std::max(p_falls, p_proxy));
  claim(Verdict::faithful, std::max(p_better, p_proxy));
  claim(Verdict::blind, std::max(p_unchanged(line, margin), p_proxy));
  if (line.alone == Verdict::undecided && p_proxy > kTestLevel) line.alone = Verdict::no_pressure;
}

void adjust_verdict(PressureLine& line) {
  using Verdict = GoodhartVerdict;
  const bool claims = line.alone == Verdict::faithful || line.alone == Verdict::over_optimised ||
                      line.alone == Verdict::blind;
  line.verdict = claims && line.adjusted_p > kTestLevel ? Verdict::undecided : line.alone;
}

FittedForm fitted_form(const PressureLine& line, std::size_t reading) {
  const bool gradient = line.kind == PressureKind::loss;
  const fits::Pressure pressure = gradient ? fits::Pressure::gradient : fits::Pressure::selection;
  // Weights of the places are those of all models, also without a group of seeds.
  std::vector<double> deviations;
  double largest = 0.0;
  for (std::size_t place = 0; place < line.judged; ++place) {
    const double error = line.gains.error(line.at(place, reading));
    deviations.push_back(std::isnan(error) ? 0.0 : error);
    largest = std::max(largest, deviations.back());
  }
  constexpr double kLeastShare = 0.1;
  for (double& deviation : deviations) {
    deviation = largest > 0.0 ? std::max(deviation, kLeastShare * largest) : 1.0;
  }
  const auto fit = [&](const std::vector<double>& of) {
    std::vector<fits::PressurePoint> points;
    for (std::size_t place = 0; place < line.judged; ++place) {
      points.push_back({line.distance(place, of), of[line.at(place, reading)], deviations[place]});
    }
    return fits::fit_over_optimisation(pressure, points);
  };
  FittedForm out;
  out.reading = reading;
  std::size_t apart = 0;  // places at some distance from no pressure
  for (std::size_t place = 0; place < line.judged; ++place) {
    const double d = line.distance(place);
    out.largest = std::max(out.largest, d);
    apart += d > 0.0 ? 1 : 0;
  }
  out.form = fit(line.gains.values);
  if (std::isnan(out.form.alpha)) return out;
  out.places = apart;
  const Jackknifed numbers = line.gains.made([&](const std::vector<double>& of) {
    const fits::OverOptimisation one = fit(of);
    return std::vector<double>{one.alpha, one.beta, std::log(one.peak()), one.peak_gain()};
  });
  out.alpha = numbers.estimate(0);
  out.beta = numbers.estimate(1);
  // Where beta may be 0 or less there may be no peak; and no number tells of one behind them all.
  if (!(out.beta.low > 0.0) || !(out.form.peak() <= out.largest)) return out;
  out.peak = numbers.estimate(2);
  for (double* end : {&out.peak.value, &out.peak.low, &out.peak.high}) *end = std::exp(*end);
  out.peak_gain = numbers.estimate(3);
  return out;
}

}  // namespace spurion::analysis::questions::goodhart
