#pragma once

#include <string>
#include <vector>

#include "environments/shared/cued_core.hpp"
#include "environments/shared/generative_environment.hpp"

namespace spurion::environments {

/// An environment whose rows are those of a `CuedCore`. A derived class has a schema that includes
/// `CuedCoreOptions::schema()`, and adds to `info_` what is its own: title, citation, deviations,
/// and the doc of its shift.
class CuedCoreEnvironment : public GenerativeEnvironment {
 public:
  [[nodiscard]] bool supports(const Intervention& intervention) const final {
    return core_.supports(intervention);
  }
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    return core_.ceilings(domains_.cue_shifts(domain), domains_.train_cue_shifts());
  }

 protected:
  /// A cue by its name in the graph, and what the graph says of it.
  struct NamedCue {
    std::string name;
    std::string doc;
  };
  /// The shift moves the first cue. A cue that is `absent_when_neutral` is 0 in domains where it is
  /// neutral, instead of random.
  CuedCoreEnvironment(const EnvironmentContext& context, ShiftDomains domains,
                      const CuedCoreOptions& options, const std::vector<NamedCue>& cues,
                      bool absent_when_neutral = false);

  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const final {
    return core_.rows(rows_key(domain, split), domains_.cue_shifts(domain), rows, intervention);
  }

 private:
  static std::vector<std::string> names_of(const std::vector<NamedCue>& cues);

  CuedCore core_;
};

}  // namespace spurion::environments
