#include "nouns/control_shift.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "spurion/error.hpp"

namespace spurion::nouns {

Domain with_control_shift(Domain domain, std::optional<ControlShift> shift) {
  domain.control_shift = shift;
  return domain;
}

std::string rows_text(const Domain& domain) {
  if (!domain.control_shift) return domain.key;
  return domain.key + "|control_shift:" + domain.control_shift->text();
}

void require_control_shift(const EnvironmentInfo& info, const ControlShift& shift) {
  if (shift.kind == ControlShift::Kind::classes && info.task == Task::regression) {
    throw UsageError(
        fmt::format("{} is a regression: it has no classes whose shares could shift", info.name));
  }
  if (shift.kind != ControlShift::Kind::mechanism || info.task != Task::multiclass) return;
  const auto classes = static_cast<double>(info.outputs);
  if (shift.level > (classes - 1.0) / classes) {
    throw UsageError(fmt::format(
        "control shift level {} of the mechanism of {} is above {:.3g}; at {:.3g} the labels of {} "
        "classes carry no information, and the best score beyond it is not known",
        shift.level, info.name, (classes - 1.0) / classes, (classes - 1.0) / classes,
        info.outputs));
  }
}

}  // namespace spurion::nouns
