#include "nouns/drifted_environment.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nouns/border_checks.hpp"
#include "nouns/samples.hpp"
#include "spurion/error.hpp"

namespace spurion {

namespace {

// Candidates of row i in worlds without end: row i itself, rows i + r * 2^40 of the first rounds,
// and a run of rows of its own from 2^44 on.
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

Ceiling unless_perfect(const Ceiling& ceiling, double perfect) {
  const bool known = ceiling.value == perfect && ceiling.error_bound == 0.0 &&
                     ceiling.exactness != Exactness::empirical;
  return {known ? perfect : std::nan(""), ceiling.exactness, 0.0};
}

/// What is known when rows are chosen: a perfect predictor stays perfect.
Ceilings of_chosen_rows(const EnvironmentInfo& info, const Drift& drift, const Ceilings& usual) {
  const double perfect = info.score() == Score::accuracy ? 1.0 : 0.0;
  Ceilings out;
  out.bayes = unless_perfect(usual.bayes, perfect);
  out.invariant = unless_perfect(usual.invariant, perfect);
  out.spurious_only = unless_perfect(usual.spurious_only, perfect);
  out.chance = std::nan("");
  if (drift.kind == Drift::Kind::classes) {
    // Of more than two classes the largest is known only where it is the last.
    if (classes_of(info) == 2) {
      out.chance = std::max(drift.level, 1.0 - drift.level);
    } else if (drift.level >= 0.5) {
      out.chance = drift.level;
    }
  }
  return out;
}

/// Every predictor's score s becomes at + slope * s.
Ceilings of_changed_labels(const EnvironmentInfo& info, const Drift& drift, const Ceilings& usual) {
  double slope = 1.0;
  double at = drift.level * usual.chance;  // noise of so much variance
  if (info.score() == Score::accuracy) {
    const auto others = static_cast<double>(classes_of(info) - 1);
    at = drift.level / others;
    slope = 1.0 - drift.level - at;
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
  out.bayes = best(usual.bayes);
  out.invariant = best(usual.invariant);
  out.spurious_only = fixed(usual.spurious_only);
  out.chance = at + slope * usual.chance;
  if (slope < 0.0) out.chance = 1.0 - out.chance;
  if (usual.population_erm) out.population_erm = fixed(*usual.population_erm);
  return out;
}

}  // namespace

Ceilings DriftedEnvironment::ceilings(const Domain& domain) const {
  const Ceilings usual = inner().ceilings(without_drift(domain));
  border::check_ceilings(usual, info(), domain);
  const Drift drift = drift_of(domain);
  require_drift(info(), drift);
  switch (drift.kind) {
    case Drift::Kind::none:
      return usual;
    case Drift::Kind::classes:
    case Drift::Kind::covariates:
      return of_chosen_rows(info(), drift, usual);
    case Drift::Kind::mechanism:
      return of_changed_labels(info(), drift, usual);
  }
  throw LogicError("unknown drift");
}

Stream DriftedEnvironment::choices(const Domain& domain, Purpose purpose) const {
  return Stream(key_.child(without_drift(domain).key).child(purpose_name(purpose)));
}

double DriftedEnvironment::causal_mean() const {
  std::call_once(mean_known_, [this] {
    constexpr std::int64_t kMost = 4096;
    const Domain usual = inner().train_domains().front();
    const std::int64_t count = std::min(kMost, inner().row_limit(usual, Purpose::train));
    const Tensor causal = inner().sample(usual, Purpose::train, {0, count}).causal;
    causal_mean_ = causal.defined() && causal.size(1) > 0
                       ? causal.select(1, 0).to(at::kDouble).mean().item<double>()
                       : std::nan("");
  });
  if (!std::isfinite(causal_mean_)) {
    throw UsageError(fmt::format("{} has no causal variable whose share could drift", info().name));
  }
  return causal_mean_;
}

Tensor DriftedEnvironment::of_kind(Drift::Kind kind, const Sample& rows) const {
  if (kind == Drift::Kind::classes) return rows.y.eq(classes_of(info()) - 1).contiguous();
  return rows.causal.select(1, 0).to(at::kDouble).gt(causal_mean()).contiguous();
}

Sample DriftedEnvironment::generate(const Domain& domain, Purpose purpose, RowRange rows,
                                    const Intervention& intervention) const {
  const Drift drift = drift_of(domain);
  switch (drift.kind) {
    case Drift::Kind::none:
      return inner().sample(domain, purpose, rows, intervention);
    case Drift::Kind::classes:
    case Drift::Kind::covariates:
      require_drift(info(), drift);
      return select(domain, purpose, rows, intervention);
    case Drift::Kind::mechanism:
      require_drift(info(), drift);
      return relabel(domain, purpose, rows, intervention);
  }
  throw LogicError("unknown drift");
}

Sample DriftedEnvironment::select(const Domain& domain, Purpose purpose, RowRange rows,
                                  const Intervention& intervention) const {
  const Domain usual = without_drift(domain);
  const Drift drift = drift_of(domain);
  const std::int64_t limit = inner().row_limit(usual, purpose);
  const bool endless = limit == kEndlessRows;
  const Stream stream = choices(domain, purpose);
  const bool changed = intervention.kind != Intervention::Kind::none;
  // Rows of the pool from `first` on, as they are and as they are wanted.
  const auto piece = [&](std::int64_t first, std::int64_t count) {
    const auto read = [&](const Intervention& how) {
      return wrapped_sample(inner(), usual, purpose, {first, count}, how);
    };
    Sample factual = read(Intervention::none());
    const Tensor kind = of_kind(drift.kind, factual);
    return std::pair<Sample, Tensor>(changed ? read(intervention) : std::move(factual), kind);
  };

  std::vector<bool> wanted;
  std::vector<std::int64_t> missing;
  for (std::int64_t i = 0; i < rows.count; ++i) {
    wanted.push_back(stream.bernoulli(drift.level, rows.first + i));
    missing.push_back(i);
  }
  // Which candidates a row has, and in which order, must not depend on the rows beside it.
  const std::int64_t stride = endless ? kRoundStride : std::max<std::int64_t>(limit / kRounds, 1);
  Sample out;
  for (std::int64_t round = 0; round < kRounds && !missing.empty(); ++round) {
    std::vector<std::int64_t> still;
    const auto settle = [&](std::int64_t first, std::int64_t count,
                            const std::vector<std::int64_t>& open) {
      const auto [sample, kind] = piece(rows.first + first + round * stride, count);
      if (round == 0) out = copied(sample);
      std::vector<std::int64_t> to;
      std::vector<std::int64_t> from;
      const bool* holds = kind.data_ptr<bool>();
      for (const std::int64_t i : open) {
        if (holds[i - first] != wanted[static_cast<std::size_t>(i)]) {
          still.push_back(i);
          continue;
        }
        to.push_back(i);
        from.push_back(i - first);
      }
      if (round > 0) put(out, to, sample, from);
    };
    if (round == 0) {
      settle(0, rows.count, missing);
    } else if (8 * static_cast<std::int64_t>(missing.size()) >= rows.count) {
      settle(missing.front(), missing.back() + 1 - missing.front(), missing);
    } else {
      // One by one they are fewer rows to make than all between the first and the last.
      for (const std::int64_t i : missing) settle(i, 1, {i});
    }
    missing = std::move(still);
  }
  for (const std::int64_t i : missing) {
    bool found = false;
    for (std::int64_t at = 0; at < kRun && !found; at += kRunPiece) {
      const std::int64_t row = rows.first + i;
      const auto [sample, kind] =
          piece(endless ? kRunsStart + row * kRun + at : row + 1 + at, kRunPiece);
      const bool* holds = kind.data_ptr<bool>();
      for (std::int64_t j = 0; j < kRunPiece && !found; ++j) {
        found = holds[j] == wanted[static_cast<std::size_t>(i)];
        if (found) put(out, {i}, sample, {j});
      }
    }
    if (!found) {
      throw UsageError(fmt::format(
          "drift of {}: {} has no row {} among {} in domain '{}'", drift_name(drift.kind),
          info().name,
          drift.kind == Drift::Kind::classes
              ? (wanted[static_cast<std::size_t>(i)] ? "of the last class" : "of another class")
              : (wanted[static_cast<std::size_t>(i)] ? "above the mean" : "below the mean"),
          kRun, domain.name));
    }
  }
  return out;
}

Sample DriftedEnvironment::relabel(const Domain& domain, Purpose purpose, RowRange rows,
                                   const Intervention& intervention) const {
  const Domain usual = without_drift(domain);
  const Drift drift = drift_of(domain);
  Sample out = inner().sample(usual, purpose, rows, intervention);
  out.group = Tensor();
  const Stream stream = choices(domain, purpose);
  out.y = out.y.contiguous().clone();
  if (info().task == Task::regression) {
    const double scale = std::sqrt(drift.level * inner().ceilings(usual).chance);
    auto* y = out.y.data_ptr<float>();
    for (std::int64_t i = 0; i < rows.count; ++i) {
      y[i] += static_cast<float>(scale * stream.normal(rows.first + i));
    }
    return out;
  }
  const std::int64_t classes = classes_of(info());
  auto* y = out.y.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < rows.count; ++i) {
    if (!stream.bernoulli(drift.level, rows.first + i)) continue;
    const std::int64_t other = stream.below(classes - 1, rows.first + i, 1);
    y[i] = other + (other >= y[i] ? 1 : 0);
  }
  return out;
}

}  // namespace spurion
