#include "regimes/schedule.hpp"

#include <fmt/format.h>

#include <cmath>

namespace spurion {

Schedule::Schedule(const ScheduleOptions& options, const Environment& environment)
    : pretrain_share_(options.pretrain_share) {
  Domain first = environment.train_domains().front();
  first.name = "phase_0";
  domains_.push_back(std::move(first));
  std::vector<double> shifts = options.phases;
  if (shifts.empty()) shifts.push_back(environment.test_domain().shift);
  for (const double shift : shifts) {
    Domain domain = environment.at(shift);
    domain.name = fmt::format("phase_{}", domains_.size());
    domains_.push_back(std::move(domain));
  }
}

std::int64_t Schedule::steps(std::int64_t phase, std::int64_t steps) const {
  const auto pretraining =
      static_cast<std::int64_t>(std::llround(pretrain_share_ * static_cast<double>(steps)));
  if (phase == 0) return pretraining;
  const std::int64_t later = count() - 1;
  const std::int64_t rest = steps - pretraining;
  return rest / later + (phase <= rest % later ? 1 : 0);
}

SlotFunction phase_slots(const ScheduleOptions& options, std::int64_t phase, std::int64_t rows) {
  return [options, phase, rows](const Environment& environment) {
    const Schedule schedule(options, environment);
    const std::vector<Domain> train = environment.train_domains();
    const auto slots_each = static_cast<std::int64_t>(train.size());
    std::vector<Slot> slots;
    for (std::int64_t slot = 0; slot < slots_each; ++slot) {
      if (phase == 0) {
        slots.push_back({train[static_cast<std::size_t>(slot)], 0, Intervention::none()});
      } else {
        slots.push_back({schedule.domains()[static_cast<std::size_t>(phase)],
                         ((phase - 1) * slots_each + slot) * rows, Intervention::none()});
      }
    }
    return slots;
  };
}

}  // namespace spurion
