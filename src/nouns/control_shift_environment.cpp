#include "nouns/control_shift_environment.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "nouns/border_checks.hpp"
#include "nouns/samples.hpp"
#include "spurion/error.hpp"

namespace spurion::nouns {

namespace {

// Candidates of row i in environments without end: row i itself, rows i + r * 2^40 of the first
// rounds, and a run of rows of its own from 2^44 on.
constexpr std::int64_t kRounds = 4;
constexpr std::int64_t kRoundStride = std::int64_t{1} << 40;
constexpr std::int64_t kRunsStart = std::int64_t{1} << 44;
constexpr std::int64_t kRun = 4096;
constexpr std::int64_t kRunPiece = 64;

std::int64_t classes_of(const EnvironmentInfo& info) {
  return std::max<std::int64_t>(2, info.outputs);
}

Sample copied(const Sample& sample) {
  Sample out;
  for (const auto member : kSampleMembers) {
    if ((sample.*member).defined()) out.*member = (sample.*member).contiguous().clone();
  }
  return out;
}

/// Puts rows `from` of a sample in places `to` of another.
void put(Sample& out, const std::vector<std::int64_t>& to, const Sample& sample,
         const std::vector<std::int64_t>& from) {
  if (to.empty()) return;
  const Tensor places = at::tensor(to, at::kLong);
  const Tensor rows = at::tensor(from, at::kLong);
  for (const auto member : kSampleMembers) {
    if (!(out.*member).defined()) continue;
    (out.*member).index_copy_(0, places, (sample.*member).index_select(0, rows));
  }
}

/// Which places of a request the candidates from place `first` on can fill.
struct Fit {
  std::vector<std::int64_t> places;  ///< filled
  std::vector<std::int64_t> rows;    ///< the candidate for each of them
  std::vector<std::int64_t> open;    ///< places that stay open
};

Fit fit_of(const Tensor& of_kind, std::int64_t first, const std::vector<bool>& wanted,
           const std::vector<std::int64_t>& open) {
  Fit fit;
  const bool* holds = of_kind.data_ptr<bool>();
  for (const std::int64_t i : open) {
    if (holds[i - first] != wanted[static_cast<std::size_t>(i)]) {
      fit.open.push_back(i);
      continue;
    }
    fit.places.push_back(i);
    fit.rows.push_back(i - first);
  }
  return fit;
}

Ceiling unless_perfect(const Ceiling& ceiling, double perfect) {
  const bool known = ceiling.value == perfect && ceiling.error_bound == 0.0 &&
                     ceiling.exactness != Exactness::empirical;
  return {known ? perfect : std::nan(""), ceiling.exactness, 0.0};
}

/// What is known when rows are chosen: a perfect predictor stays perfect.
Ceilings of_chosen_rows(const EnvironmentInfo& info, const ControlShift& shift,
                        const Ceilings& original) {
  const double perfect = info.score() == Score::accuracy ? 1.0 : 0.0;
  Ceilings out;
  out.bayes = unless_perfect(original.bayes, perfect);
  out.invariant = unless_perfect(original.invariant, perfect);
  out.spurious_only = unless_perfect(original.spurious_only, perfect);
  out.chance = std::nan("");
  if (shift.kind == ControlShift::Kind::classes) {
    // Of more than two classes the largest is known only where it is the last.
    if (classes_of(info) == 2) {
      out.chance = std::max(shift.level, 1.0 - shift.level);
    } else if (shift.level >= 0.5) {
      out.chance = shift.level;
    }
  }
  return out;
}

/// Every predictor's score s becomes at + slope * s.
Ceilings of_changed_labels(const EnvironmentInfo& info, const ControlShift& shift,
                           const Ceilings& original) {
  double slope = 1.0;
  double at = shift.level * original.chance;  // noise of so much variance
  if (info.score() == Score::accuracy) {
    const auto others = static_cast<double>(classes_of(info) - 1);
    at = shift.level / others;
    slope = 1.0 - shift.level - at;
  }
  const auto fixed = [&](const Ceiling& c) {
    return Ceiling{at + slope * c.value, c.exactness, std::abs(slope) * c.error_bound};
  };
  // Where labels say the opposite more often than not, the best predictor says the opposite.
  const auto best = [&](const Ceiling& c) {
    Ceiling out = fixed(c);
    if (slope < 0.0) out.value = 1.0 - out.value;
    return out;
  };
  Ceilings out;
  out.bayes = best(original.bayes);
  out.invariant = best(original.invariant);
  out.spurious_only = fixed(original.spurious_only);
  out.chance = at + slope * original.chance;
  if (slope < 0.0) out.chance = 1.0 - out.chance;
  if (original.population_erm) out.population_erm = fixed(*original.population_erm);
  return out;
}

}  // namespace

Ceilings ControlShiftEnvironment::ceilings(const Domain& domain) const {
  const Ceilings original = inner().ceilings(without_shift(domain));
  nouns::check_ceilings(original, info(), domain);
  if (!domain.control_shift) return original;
  const ControlShift& shift = *domain.control_shift;
  require_control_shift(info(), shift);
  return shift.kind == ControlShift::Kind::mechanism ? of_changed_labels(info(), shift, original)
                                                     : of_chosen_rows(info(), shift, original);
}

RandomStream ControlShiftEnvironment::choices(const Domain& domain, Split split) const {
  return RandomStream(key_.child(domain.key).child(split_name(split)));
}

double ControlShiftEnvironment::causal_mean() const {
  std::call_once(mean_known_, [this] {
    constexpr std::int64_t kMost = 4096;
    const Domain original = inner().train_domains().front();
    const std::int64_t count = std::min(kMost, inner().row_limit(original, Split::train));
    const Tensor causal = inner().sample(original, Split::train, {0, count}).causal;
    causal_mean_ = causal.defined() && causal.size(1) > 0
                       ? causal.select(1, 0).to(at::kDouble).mean().item<double>()
                       : std::nan("");
  });
  if (!std::isfinite(causal_mean_)) {
    throw UsageError(fmt::format("{} has no causal variable whose share could shift", info().name));
  }
  return causal_mean_;
}

Tensor ControlShiftEnvironment::of_kind(ControlShift::Kind kind, const Sample& rows) const {
  if (kind == ControlShift::Kind::classes) return rows.y.eq(classes_of(info()) - 1).contiguous();
  return rows.causal.select(1, 0).to(at::kDouble).gt(causal_mean()).contiguous();
}

Sample ControlShiftEnvironment::generate(const Domain& domain, Split split, RowRange rows,
                                         const Intervention& intervention) const {
  if (!domain.control_shift) return inner().sample(domain, split, rows, intervention);
  require_control_shift(info(), *domain.control_shift);
  Request request{without_shift(domain), *domain.control_shift, split, rows, intervention, {}};
  if (request.shift.kind == ControlShift::Kind::mechanism) return relabel(request);
  const RandomStream stream = choices(domain, split);
  for (std::int64_t i = 0; i < rows.count; ++i) {
    request.wanted.push_back(stream.bernoulli(request.shift.level, rows.first + i));
  }
  return select(request);
}

ControlShiftEnvironment::Candidates ControlShiftEnvironment::candidates(const Request& request,
                                                                        std::int64_t first,
                                                                        std::int64_t count) const {
  const auto read = [&](const Intervention& how) {
    return wrapped_sample(inner(), request.domain, request.split, {first, count}, how);
  };
  Sample factual = read(Intervention::none());
  const Tensor kind = of_kind(request.shift.kind, factual);
  const bool changed = request.intervention.kind != Intervention::Kind::none;
  return {changed ? read(request.intervention) : std::move(factual), kind};
}

Sample ControlShiftEnvironment::select(const Request& request) const {
  const std::int64_t limit = inner().row_limit(request.domain, request.split);
  const std::int64_t count = request.rows.count;
  // Which candidates a row has, and in which order, must not depend on the rows beside it.
  const std::int64_t stride =
      limit == kEndlessRows ? kRoundStride : std::max<std::int64_t>(limit / kRounds, 1);
  std::vector<std::int64_t> missing(static_cast<std::size_t>(count));
  std::iota(missing.begin(), missing.end(), std::int64_t{0});
  const auto round_of = [&](std::int64_t round, std::int64_t first, std::int64_t size) {
    return candidates(request, request.rows.first + first + round * stride, size);
  };
  const Candidates own = round_of(0, 0, count);
  Sample out = copied(own.sample);
  missing = fit_of(own.of_kind, 0, request.wanted, missing).open;
  for (std::int64_t round = 1; round < kRounds && !missing.empty(); ++round) {
    std::vector<std::int64_t> still;
    const auto settle = [&](std::int64_t first, std::int64_t size,
                            const std::vector<std::int64_t>& open) {
      const Candidates some = round_of(round, first, size);
      const Fit fit = fit_of(some.of_kind, first, request.wanted, open);
      put(out, fit.places, some.sample, fit.rows);
      still.insert(still.end(), fit.open.begin(), fit.open.end());
    };
    if (8 * static_cast<std::int64_t>(missing.size()) >= count) {
      settle(missing.front(), missing.back() + 1 - missing.front(), missing);
    } else {
      // One by one they are fewer rows to make than all between the first and the last.
      for (const std::int64_t i : missing) settle(i, 1, {i});
    }
    missing = std::move(still);
  }
  for (const std::int64_t i : missing) find_row_of_kind(request, i, out);
  return out;
}

void ControlShiftEnvironment::find_row_of_kind(const Request& request, std::int64_t i,
                                               Sample& out) const {
  const bool endless = inner().row_limit(request.domain, request.split) == kEndlessRows;
  const bool wanted = request.wanted[static_cast<std::size_t>(i)];
  const std::int64_t row = request.rows.first + i;
  for (std::int64_t at = 0; at < kRun; at += kRunPiece) {
    const std::int64_t first = endless ? kRunsStart + row * kRun + at : row + 1 + at;
    const Candidates some = candidates(request, first, kRunPiece);
    const bool* holds = some.of_kind.data_ptr<bool>();
    const bool* found = std::find(holds, holds + kRunPiece, wanted);
    if (found == holds + kRunPiece) continue;
    put(out, {i}, some.sample, {found - holds});
    return;
  }
  const bool of_classes = request.shift.kind == ControlShift::Kind::classes;
  const char* kind = of_classes ? (wanted ? "of the last class" : "of another class")
                                : (wanted ? "above the mean" : "below the mean");
  throw UsageError(fmt::format("control shift of {}: {} has no row {} among {} in domain '{}'",
                               control_shift_name(request.shift.kind), info().name, kind, kRun,
                               request.domain.name));
}

Sample ControlShiftEnvironment::relabel(const Request& request) const {
  const RowRange rows = request.rows;
  const double level = request.shift.level;
  Sample out = inner().sample(request.domain, request.split, rows, request.intervention);
  out.group = Tensor();
  const RandomStream stream = choices(request.domain, request.split);
  out.y = out.y.contiguous().clone();
  if (info().task == Task::regression) {
    const double scale = std::sqrt(level * inner().ceilings(request.domain).chance);
    auto* y = out.y.data_ptr<float>();
    for (std::int64_t i = 0; i < rows.count; ++i) {
      y[i] += static_cast<float>(scale * stream.normal(rows.first + i));
    }
    return out;
  }
  const std::int64_t classes = classes_of(info());
  auto* y = out.y.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < rows.count; ++i) {
    if (!stream.bernoulli(level, rows.first + i)) continue;
    const std::int64_t other = stream.below(classes - 1, rows.first + i, 1);
    y[i] = other + (other >= y[i] ? 1 : 0);
  }
  return out;
}

}  // namespace spurion::nouns
