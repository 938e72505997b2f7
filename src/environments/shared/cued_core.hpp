#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "environments/shared/ceilings/cue_cells.hpp"
#include "spurion/environment.hpp"
#include "spurion/schema.hpp"

namespace spurion::environments {

/// A noisy causal core beside two-valued cues that are read without noise: what the environments
/// with several shortcuts share. y = +1 with probability class_share, else -1.
///
///     object = y, negated with probability label_noise
///     core_j = separation * object + N(0, 1),            j = 1 .. core_dimensions
///     cue_c  = y, negated with probability e_c of the domain
///     x      = (core, amplitude * cue_1, ..., amplitude * cue_n, noise)
///
/// The core is sufficient in its sum, so that the ceilings are those of `CueCells`.
struct CuedCoreOptions {
  std::int64_t core_dimensions = 5;
  double separation = 0.6;
  double label_noise = 0.05;
  double amplitude = 2.0;
  std::int64_t noise_dimensions = 10;
  double class_share = 0.5;

  static const Schema<CuedCoreOptions>& schema();
};

class CuedCore {
 public:
  /// Most cues: ceilings are sums over 3^n cells.
  static constexpr std::int64_t kMaxCues = 8;
  /// The causal variable.
  static constexpr const char* kObject = "object";

  /// A cue that is `absent_when_neutral` is 0 in domains where its shift is 1/2, instead of
  /// random. Throws `UsageError` for more than `kMaxCues`.
  CuedCore(CuedCoreOptions options, std::vector<std::string> cues, bool absent_when_neutral);

  [[nodiscard]] std::int64_t dimensions() const;
  /// do(...) on a cue, on several or all of them, or on "object".
  [[nodiscard]] bool supports(const Intervention& intervention) const;
  /// `shifts` holds e of each cue.
  [[nodiscard]] Sample rows(const RandomKey& key, const std::vector<double>& shifts, RowRange rows,
                            const Intervention& intervention) const;
  /// Exact; `train` holds the shifts of each train domain.
  [[nodiscard]] Ceilings ceilings(const std::vector<double>& shifts,
                                  const std::vector<std::vector<double>>& train) const {
    return cells_.ceilings(shifts, train);
  }
  /// Object, label, cues, core, input; `docs` says what each cue is.
  [[nodiscard]] CausalGraph graph(const std::vector<std::string>& docs) const;
  /// The formulas above with the numbers in them.
  [[nodiscard]] std::string mechanism() const;

 private:
  CuedCoreOptions options_;
  std::vector<std::string> cues_;
  CueCells cells_;
};

}  // namespace spurion::environments
