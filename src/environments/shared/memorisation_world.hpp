#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "environments/shared/generative_environment.hpp"
#include "environments/shared/two_readings.hpp"
#include "spurion/environment.hpp"
#include "spurion/random.hpp"
#include "spurion/schema.hpp"

namespace spurion::environments {

/// Options that all environments of `MemorisationWorld` have.
struct MinorityOptions {
  std::vector<double> disagreement = {0.1};
  double test_disagreement = 0.5;

  static const Schema<MinorityOptions>& schema() {
    using O = MinorityOptions;
    static const auto schema = Schema<O>()
                                   .field("disagreement", &O::disagreement,
                                          "P(attribute disagrees with the label) in each train "
                                          "domain. It is the share of the minority groups.",
                                          between(0, 1))
                                   .field("test_disagreement", &O::test_disagreement,
                                          "P(attribute disagrees with the label) in the test "
                                          "domain. 0.5: all groups have the same size.",
                                          between(0, 1));
    return schema;
  }
};

/// Facts of an environment of `MemorisationWorld`.
struct MemorisationOptions {
  std::string name;
  std::string title;
  MinorityOptions minority;  ///< e of each train domain and of the test domain
  std::int64_t core_dimensions = 1;
  double core_deviation = 1.0;
  std::int64_t cue_dimensions = 1;
  double cue_deviation = 1.0;
  std::int64_t noise_dimensions = 0;
  double noise_deviation = 1.0;
};

/// Gaussian readings of the label and of an attribute that mostly agrees with it (Sagawa et al.
/// 2020): what `implicit_memorisation` and `explicit_memorisation` share. Group sizes are fixed
/// shares of the rows, as in the source (exact_shares.hpp). y = -1 or +1, half of the rows each.
///
///     a       = y, negated in a share e of the domain's rows of each label
///     core_j  = y + core_deviation N(0, 1),   j = 1 .. core_dimensions
///     cue_j   = a + cue_deviation N(0, 1),    j = 1 .. cue_dimensions
///     noise_j = noise_deviation / sqrt(noise_dimensions) N(0, 1)
///     x       = (core, cue, noise)
///
/// The means of core and cue are sufficient, so that the ceilings are those of `TwoReadings`.
class MemorisationWorld : public GenerativeEnvironment {
 public:
  /// Throws `UsageError` for no train domains or too many.
  MemorisationWorld(MemorisationOptions options, const EnvironmentContext& context);

  [[nodiscard]] bool supports(const Intervention& intervention) const override;
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override;

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override;

 private:
  void describe();

  MemorisationOptions options_;
  TwoReadings readings_;
  double mean_train_shift_ = 0.0;  ///< mean e of the train domains
};

}  // namespace spurion::environments
