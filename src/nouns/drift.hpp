#pragma once

#include "spurion/environment.hpp"

namespace spurion {

/// A change of something other than the cue, for controls: that a model suffers from a shift does
/// not yet say that it suffers from the cue's. Any world can have it (drifted_environment.hpp).
struct Drift {
  enum class Kind {
    none,
    classes,     ///< the last class makes up `level` of the rows; within a class nothing changes
    covariates,  ///< `level` of the rows have their first causal variable above its usual mean
    /// Labels are replaced, with probability `level`, by another class, each the same; targets of
    /// a regression get noise of `level` times their variance.
    mechanism
  };
  Kind kind = Kind::none;
  double level = 0.0;
};

SPURION_API const char* drift_name(Drift::Kind kind);

/// The domain with a drift. A drift says which rows a domain has, so it is a part of its key.
SPURION_API Domain with_drift(Domain domain, const Drift& drift);
SPURION_API Drift drift_of(const Domain& domain);
SPURION_API Domain without_drift(Domain domain);

/// Throws `UsageError` where a world cannot have this drift.
SPURION_API void require_drift(const EnvironmentInfo& info, const Drift& drift);

/// Environments that know what a drift is; all others refuse to sample a domain that has one.
class SPURION_API DrawsDrift {
 public:
  DrawsDrift() = default;
  DrawsDrift(const DrawsDrift&) = delete;
  DrawsDrift& operator=(const DrawsDrift&) = delete;
  virtual ~DrawsDrift() = default;
  [[nodiscard]] virtual bool draws_drift() const = 0;
};
SPURION_API bool draws_drift(const Environment& environment);

}  // namespace spurion
