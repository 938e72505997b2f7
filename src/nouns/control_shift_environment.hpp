#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "nouns/control_shift.hpp"
#include "nouns/wrapped_environment.hpp"
#include "spurion/environment.hpp"

namespace spurion::nouns {

/// Another environment with domains that may have a `ControlShift`.
///
/// A shift of classes or covariates samples a kind for each row, and takes the first row of that
/// kind among candidates that belong to this row alone. So rows stay addressable, the first n stay
/// a prefix, and within a kind nothing changes. If the rows are finite (`row_limit`), the
/// candidates are other rows of the pool, so rows repeat.
///
/// A shift of the mechanism changes labels after the cue is made, so the cue depends on the old
/// label. Rows then have no group.
///
/// Ceilings: under a shift of the mechanism they are exact, because the score of every predictor
/// changes by the same affine function. (In binary environments the best predictor is negated if
/// that function falls.) Under the other shifts a ceiling is known only if it was perfect; else it
/// is NaN. If rows are refused (`require_control_shift`), there are no ceilings.
class SPURION_API ControlShiftEnvironment final : public WrappedEnvironment {
 public:
  ControlShiftEnvironment(std::shared_ptr<const Environment> inner, std::uint64_t seed)
      : WrappedEnvironment(std::move(inner)), key_(RandomKey(seed).child("drift")) {}

  [[nodiscard]] std::int64_t row_limit(const Domain& domain, Split split) const override {
    return inner().row_limit(without_shift(domain), split);
  }
  [[nodiscard]] std::int64_t validation_rows(const Domain& domain,
                                             std::int64_t test_rows) const override {
    return inner().validation_rows(without_shift(domain), test_rows);
  }
  [[nodiscard]] std::optional<double> optimal_flip_rate(const Domain& domain) const override {
    return inner().optimal_flip_rate(without_shift(domain));
  }
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override;
  [[nodiscard]] bool has_control_shifts() const override { return true; }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override;

 private:
  /// Rows that were asked of a domain whose rows are chosen by kind.
  struct Request {
    Domain domain;  ///< without its control shift
    ControlShift shift;
    Split split;
    RowRange rows;
    Intervention intervention;
    std::vector<bool> wanted;  ///< [rows.count]: whether row i shall be of the kind
  };
  /// Rows of the inner environment, and which of them are of the kind.
  struct Candidates {
    Sample sample;   ///< under the intervention that was asked for
    Tensor of_kind;  ///< bool [B], from the rows as they are
  };

  [[nodiscard]] static Domain without_shift(const Domain& domain) {
    return with_control_shift(domain, {});
  }
  [[nodiscard]] Sample select(const Request& request) const;
  [[nodiscard]] Sample relabel(const Request& request) const;
  [[nodiscard]] Candidates candidates(const Request& request, std::int64_t first,
                                      std::int64_t count) const;
  /// Puts the next row of the wanted kind in place `i` of `out`. Throws `UsageError` when there is
  /// none among the candidates of that row.
  void find_row_of_kind(const Request& request, std::int64_t i, Sample& out) const;
  /// bool [B]: which of these rows are of the kind that `level` is the share of.
  [[nodiscard]] Tensor of_kind(ControlShift::Kind kind, const Sample& rows) const;
  /// Mean of the first causal variable in the first train domain.
  [[nodiscard]] double causal_mean() const;
  [[nodiscard]] RandomStream choices(const Domain& domain, Split split) const;

  RandomKey key_;
  mutable std::once_flag mean_known_;
  mutable double causal_mean_ = 0.0;
};

}  // namespace spurion::nouns
