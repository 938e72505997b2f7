#pragma once

#include <vector>

#include "regimes/row_source.hpp"
#include "spurion/environment.hpp"
#include "spurion/schema.hpp"

namespace spurion {

/// The course that continual and online training share, so that they compare: phase 0 is the train
/// domains; each further phase is one point on the dial.
struct ScheduleOptions {
  std::vector<double> phases;
  double pretrain_share = 0.5;

  /// Adds these fields to the schema of `Options`, which derives from `ScheduleOptions`.
  template <class Options>
  static Schema<Options>& add_to(Schema<Options>& schema) {
    return schema
        .field("phases", static_cast<std::vector<double> Options::*>(&Options::phases),
               "Dial positions after the train domains, in order; empty means the test domain's.")
        .field("pretrain_share", static_cast<double Options::*>(&Options::pretrain_share),
               "Share of all steps spent on the train domains; the phases share the rest equally.",
               between(0, 1));
  }
};

/// The phases of an environment, in order.
class Schedule {
 public:
  Schedule(const ScheduleOptions& options, const Environment& environment);

  /// Phases in all, the first included.
  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(domains_.size()); }
  /// Domains "phase_0" (the first train domain's shift) .. of the phases.
  [[nodiscard]] const std::vector<Domain>& domains() const { return domains_; }
  /// Steps of a phase out of `steps` in all; they add up exactly.
  [[nodiscard]] std::int64_t steps(std::int64_t phase, std::int64_t steps) const;

 private:
  double pretrain_share_;
  std::vector<Domain> domains_;
};

/// The slots of a phase: in phase 0 one for each train domain; later as many slots, all of the
/// phase's own domain, each with `rows` rows of its own, disjoint from the other phases' while the
/// pool lasts.
SlotFunction phase_slots(const ScheduleOptions& options, std::int64_t phase, std::int64_t rows);

}  // namespace spurion
