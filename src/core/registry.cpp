#include "spurion/registry.hpp"

#include <fmt/format.h>

namespace spurion {

const char* control_name(Control control) {
  switch (control) {
    case Control::placebo:
      return "placebo";
    case Control::oracle:
      return "oracle";
    case Control::none:
      break;
  }
  return "none";
}

void check_registered_name(const std::string& kind, const std::string& name) {
  bool good = !name.empty() && name.front() >= 'a' && name.front() <= 'z';
  for (const char c : name) {
    good = good && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
  }
  if (!good) {
    throw UsageError(
        fmt::format("{} name '{}' must be lower_snake_case (a-z, 0-9, _)", kind, name));
  }
}

}  // namespace spurion
