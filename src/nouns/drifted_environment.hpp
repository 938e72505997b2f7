#pragma once

#include <memory>
#include <mutex>

#include "nouns/drift.hpp"
#include "nouns/wrapped_environment.hpp"
#include "spurion/environment.hpp"

namespace spurion {

/// Another environment with domains that may have a `Drift`.
///
/// A drift of classes or covariates decides for each row, by a draw of its own, which kind it shall
/// be of, and takes the first row of that kind among candidates that belong to this row alone: rows
/// stay addressable, the first n stay a prefix, and within a kind nothing changes. In worlds whose
/// rows end (`row_limit`) candidates are other rows of the pool, so that rows repeat.
///
/// A drift of the mechanism changes labels after the cue was made from them: the cue follows the
/// label as it was. Rows then have no group.
///
/// Ceilings: under a drift of the mechanism exact, since every predictor's score changes by the
/// same affine function (and in binary worlds the best of all is its negation where that falls).
/// Under the others the best that can be done is known only where it was perfect; else it is NaN.
/// What rows refuse (`require_drift`) has no ceilings either.
class SPURION_API DriftedEnvironment final : public WrappedEnvironment, public DrawsDrift {
 public:
  DriftedEnvironment(std::shared_ptr<const Environment> inner, std::uint64_t seed)
      : WrappedEnvironment(std::move(inner)), key_(StreamKey(seed).child("drift")) {}

  [[nodiscard]] std::int64_t row_limit(const Domain& domain, Purpose purpose) const override {
    return inner().row_limit(without_drift(domain), purpose);
  }
  [[nodiscard]] std::int64_t validation_rows(const Domain& domain,
                                             std::int64_t test_rows) const override {
    return inner().validation_rows(without_drift(domain), test_rows);
  }
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override;
  [[nodiscard]] bool draws_drift() const override { return true; }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Purpose purpose, RowRange rows,
                                const Intervention& intervention) const override;

 private:
  [[nodiscard]] Sample select(const Domain& domain, Purpose purpose, RowRange rows,
                              const Intervention& intervention) const;
  [[nodiscard]] Sample relabel(const Domain& domain, Purpose purpose, RowRange rows,
                               const Intervention& intervention) const;
  /// bool [B]: which of these rows are of the kind that `level` is the share of.
  [[nodiscard]] Tensor of_kind(Drift::Kind kind, const Sample& rows) const;
  /// The usual mean of the first causal variable.
  [[nodiscard]] double causal_mean() const;
  [[nodiscard]] Stream choices(const Domain& domain, Purpose purpose) const;

  StreamKey key_;
  mutable std::once_flag mean_known_;
  mutable double causal_mean_ = 0.0;
};

}  // namespace spurion
