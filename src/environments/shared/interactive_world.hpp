#pragma once

#include <utility>

#include "environments/shared/generative_environment.hpp"
#include "spurion/interactive.hpp"

namespace spurion::environments {

/// What the built-in interactive environments share. A derived class adds to `info_` and `acting_`
/// (`set_actions` first), and says `supports`, `ceilings`, `references`, and how episodes begin, go
/// on, look, and what the reference policies do.
class InteractiveWorld : public GenerativeWorld<InteractiveEnvironment> {
 public:
  [[nodiscard]] const InteractiveInfo& acting() const final { return acting_; }

 protected:
  InteractiveWorld(const EnvironmentContext& context, ShiftDomains domains)
      : GenerativeWorld<InteractiveEnvironment>(context, std::move(domains)) {
    info_.task = Task::multiclass;
  }

  /// Names the actions: they are the classes of the rows.
  void set_actions(std::vector<std::string> actions) {
    acting_.actions = std::move(actions);
    info_.outputs = static_cast<std::int64_t>(acting_.actions.size());
    info_.class_names = acting_.actions;
  }

  [[nodiscard]] RandomKey episodes_key(const EpisodePlace& place) const final {
    return rows_key(place.domain, place.split).child("episodes");
  }

  InteractiveInfo acting_;
};

}  // namespace spurion::environments
