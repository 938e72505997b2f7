#include "analysis/accuracy_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/normal_distribution.hpp"
#include "spurion/error.hpp"

namespace spurion::analysis {

namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();
constexpr double kUnbounded = std::numeric_limits<double>::infinity();

/// The probit of an accuracy, and its variance from the rows it was measured on.
struct Probit {
  double value = 0.0;
  double noise = 0.0;
};

Probit probit_of(double accuracy, double rows) {
  if (!(accuracy >= 0.0 && accuracy <= 1.0)) {
    throw UsageError(fmt::format("an accuracy lies in [0, 1], got {}", accuracy));
  }
  const bool known = rows > 0.0;
  const double n = known ? rows : kUnknownRows;
  double p = (n * accuracy + 0.5) / (n + 1.0);
  if (!known) p = std::clamp(accuracy, 0.5 / (n + 1.0), (n + 0.5) / (n + 1.0));
  Probit out{probit(p), 0.0};
  if (!known) return out;
  // By the delta method: the binomial variance over the squared density.
  const double density = std::exp(-0.5 * out.value * out.value) / std::sqrt(2.0 * std::acos(-1.0));
  out.noise = p * (1.0 - p) / (n * density * density);
  return out;
}

/// Sums over models of x = probit(ID) and y = probit(OOD), each measured from a centre that all
/// share, so that sums can be subtracted.
struct Moments {
  double count = 0.0;
  double x = 0.0;
  double y = 0.0;
  double xx = 0.0;
  double xy = 0.0;
  double yy = 0.0;

  void add(double of_x, double of_y) {
    count += 1.0;
    x += of_x;
    y += of_y;
    xx += of_x * of_x;
    xy += of_x * of_y;
    yy += of_y * of_y;
  }
  [[nodiscard]] Moments without(const Moments& part) const {
    return {count - part.count, x - part.x, y - part.y, xx - part.xx, xy - part.xy, yy - part.yy};
  }
  /// Sums of squared deviations below this share of `all` are rounding errors.
  [[nodiscard]] double spread_x() const { return std::max(0.0, xx - x * x / count); }
  [[nodiscard]] double spread_y() const { return std::max(0.0, yy - y * y / count); }
  [[nodiscard]] double slope() const { return (xy - x * y / count) / spread_x(); }
  [[nodiscard]] double fisher_z() const {
    constexpr double kMost = 1.0 - 1e-12;
    const double r = (xy - x * y / count) / std::sqrt(spread_x() * spread_y());
    return std::atanh(std::clamp(r, -kMost, kMost));
  }
};

/// A number of all models with a 95 % interval from the numbers without each seed. The interval is
/// unbounded if one of those is not known, or if there is one seed.
template <class Of>
Estimate jackknife(const Moments& all, const std::map<std::int64_t, Moments>& by_seed,
                   const Of& of) {
  const auto seeds = static_cast<double>(by_seed.size());
  Estimate out;
  out.value = of(all);
  out.count = static_cast<std::int64_t>(all.count);
  out.seeds = static_cast<std::int64_t>(by_seed.size());
  double squares = by_seed.size() > 1 ? 0.0 : kUnbounded;
  for (const auto& [seed, part] : by_seed) {
    const Moments rest = all.without(part);
    const double one = rest.count > 1.5 ? of(rest) : kNotKnown;
    squares += std::isfinite(one) ? (one - out.value) * (one - out.value) : kUnbounded;
  }
  const double half = std::isfinite(squares) ? student_quantile(0.975, seeds - 1.0) *
                                                   std::sqrt((seeds - 1.0) / seeds * squares)
                                             : kUnbounded;
  out.low = out.value - half;
  out.high = out.value + half;
  return out;
}

/// The share of a variance over models that is more than noise.
double reliability(double spread, double count, double noise) {
  const double variance = spread / (count - 1.0);
  if (!(variance > 0.0)) return 0.0;
  return std::clamp(1.0 - noise / count / variance, 0.0, 1.0);
}

LineVerdict verdict_of(const AccuracyLine& line) {
  constexpr double kHalf = 0.5;
  if (line.models < 3 || line.seeds < 2) return LineVerdict::too_few;
  if (line.id_reliability < kHalf || line.ood_reliability < kHalf) return LineVerdict::too_alike;
  if (line.slope.low > 0.0 && line.correlation.low > kOnTheLine) return LineVerdict::on_the_line;
  if (line.slope.high <= 0.0 || line.correlation.high < kOnTheLine) {
    return LineVerdict::off_the_line;
  }
  return LineVerdict::undecided;
}

}  // namespace

const char* line_verdict_name(LineVerdict verdict) {
  switch (verdict) {
    case LineVerdict::on_the_line:
      return "cannot rank methods";
    case LineVerdict::off_the_line:
      return "can rank methods";
    case LineVerdict::too_alike:
      return "models too alike";
    case LineVerdict::too_few:
      return "too few models";
    case LineVerdict::undecided:
      return "undecided";
  }
  return "";
}

AccuracyLine accuracy_line(const std::vector<LineModel>& models) {
  AccuracyLine line;
  line.models = static_cast<std::int64_t>(models.size());
  line.slope.value = line.intercept = line.correlation.value = kNotKnown;
  if (models.empty()) return line;
  std::vector<Probit> id;
  std::vector<Probit> ood;
  for (const LineModel& model : models) {
    id.push_back(probit_of(model.id, model.id_rows));
    ood.push_back(probit_of(model.ood, model.ood_rows));
  }
  double x = 0.0;
  double y = 0.0;
  double id_noise = 0.0;
  double ood_noise = 0.0;
  const auto count = static_cast<double>(models.size());
  for (std::size_t i = 0; i < models.size(); ++i) {
    x += id[i].value / count;
    y += ood[i].value / count;
    id_noise += id[i].noise;
    ood_noise += ood[i].noise;
  }
  Moments all;
  std::map<std::int64_t, Moments> by_seed;
  for (std::size_t i = 0; i < models.size(); ++i) {
    all.add(id[i].value - x, ood[i].value - y);
    by_seed[models[i].seed].add(id[i].value - x, ood[i].value - y);
  }
  line.seeds = static_cast<std::int64_t>(by_seed.size());
  if (models.size() < 3) return line;
  line.id_reliability = reliability(all.spread_x(), count, id_noise);
  line.ood_reliability = reliability(all.spread_y(), count, ood_noise);
  // Below this share of the squares of all a spread is rounding.
  const double least_x = kRounding * all.spread_x();
  const double least_y = kRounding * all.spread_y();
  line.slope = jackknife(all, by_seed, [&](const Moments& of) {
    return of.spread_x() > least_x ? of.slope() : kNotKnown;
  });
  line.intercept = y - line.slope.value * x;
  line.correlation = jackknife(all, by_seed, [&](const Moments& of) {
    return of.spread_x() > least_x && of.spread_y() > least_y ? of.fisher_z() : kNotKnown;
  });
  for (double* end : {&line.correlation.value, &line.correlation.low, &line.correlation.high}) {
    *end = std::tanh(*end);
  }
  line.verdict = verdict_of(line);
  return line;
}

LineCertificate line_certificate(const std::vector<LineModel>& models) {
  std::map<std::string, std::vector<LineModel>> groups;
  for (const LineModel& model : models) groups[model.group].push_back(model);
  LineCertificate out;
  out.pooled = accuracy_line(models);
  for (const auto& [name, of_group] : groups) out.groups[name] = accuracy_line(of_group);
  return out;
}

}  // namespace spurion::analysis
