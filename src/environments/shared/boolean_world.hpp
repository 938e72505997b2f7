#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "environments/shared/boolean_function.hpp"
#include "environments/shared/ceilings/rule_and_cue.hpp"
#include "environments/shared/generative_environment.hpp"
#include "spurion/schema.hpp"

namespace spurion::environments {

/// Options that all environments of `BooleanWorld` have.
struct BooleanShiftOptions {
  std::vector<double> train_shifts = {0.05, 0.15};
  double test_shift = 0.9;
  double label_noise = 0.0;

  /// Out of line, because GCC 12 wrongly warns of an uninitialised vector where it inlines this.
  BooleanShiftOptions();
  static const Schema<BooleanShiftOptions>& schema();
};

/// Facts of an environment of `BooleanWorld`.
struct BooleanWorldFacts {
  std::string name;          ///< as it is registered
  std::string causal;        ///< name of the causal function in the graph
  std::string cue;           ///< name of the cue in the graph
  BooleanFunction core;      ///< f_c, a function of the first bits
  BooleanFunction spurious;  ///< f_s, a function of the next bits
  int core_sign = 1;         ///< -1: the label follows -f_c
  std::int64_t noise_dimensions = 0;
};

/// Uniform bits of which a Boolean function causes the label, and other bits that are uniform given
/// that another Boolean function of them agrees with the label or not: what `xor_shortcut` and
/// `boolean_staircase` share. All bits are -1 or +1.
///
///     x_c uniform;  s = core_sign f_c(x_c)
///     y = s, negated with probability label_noise
///     c = y, negated with probability e of the domain
///     x_s uniform given f_s(x_s) = c
///     x = (x_c, x_s, noise_dimensions uniform bits)
///
/// Given s and c the input says no more about y, so that the ceilings are those of `RuleAndCue`.
class BooleanWorld : public GenerativeEnvironment {
 public:
  [[nodiscard]] bool supports(const Intervention& intervention) const final;
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const final;

 protected:
  /// A derived class adds to `info_` what is its own: title, citation, mechanism, deviations.
  /// Throws `UsageError` for no train domains or too many, or shifts outside [0, 1].
  BooleanWorld(BooleanWorldFacts facts, const BooleanShiftOptions& options,
               const EnvironmentContext& context);

  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const final;

 private:
  [[nodiscard]] std::int64_t dimensions() const;
  /// P(s = +1).
  [[nodiscard]] double positive_share() const;
  void describe();

  BooleanWorldFacts facts_;
  double label_noise_;
};

}  // namespace spurion::environments
