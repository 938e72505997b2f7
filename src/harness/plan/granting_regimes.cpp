#include "harness/plan/granting_regimes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

/// How many of the needs a regime with these switches does not grant; as many as there can be where
/// the regime refuses them.
std::size_t missing_with(const Catalog& catalog, const std::string& regime,
                         const std::vector<std::string>& switches, const Access& needs) {
  constexpr std::size_t kRefused = 1000;
  const auto& entry = catalog.regimes.at(regime);
  Value options = Value(Value::Table());
  for (const std::string& name : switches) options.as_table()[name] = Value(true);
  Problems problems;
  const Value all = entry.schema.normalise(options, regime, problems);
  if (!problems.empty()) return kRefused;
  try {
    return needs.missing_from(entry.make({all})->grants()).size();
  } catch (const UsageError&) {
    return kRefused;
  }
}

}  // namespace

std::vector<std::string> granting_regimes(const Catalog& catalog, const Access& needs,
                                          const std::string& first) {
  std::vector<std::string> regimes = catalog.regimes.names();
  std::stable_partition(regimes.begin(), regimes.end(),
                        [&](const std::string& name) { return name == first; });
  std::vector<std::string> written;
  for (const std::string& regime : regimes) {
    std::vector<std::string> switches;
    std::size_t missing = missing_with(catalog, regime, switches, needs);
    for (const FieldInfo& field : catalog.regimes.at(regime).schema.fields) {
      if (missing == 0) break;
      if (!field.default_value.is_bool() || field.default_value.as_bool()) continue;
      switches.push_back(field.name);
      const std::size_t with = missing_with(catalog, regime, switches, needs);
      if (with < missing) {
        missing = with;
      } else {
        switches.pop_back();
      }
    }
    if (missing > 0) continue;
    std::string text = fmt::format("{{ name = \"{}\"", regime);
    for (const std::string& name : switches) text += fmt::format(", {} = true", name);
    written.push_back(text + " }");
  }
  return written;
}

}  // namespace spurion::harness
