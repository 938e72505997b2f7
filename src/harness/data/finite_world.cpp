#include "harness/data/finite_world.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>
#include <vector>

#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

constexpr std::int64_t kRowsLookedAt = 16;

/// A number that cannot be worked with, in words.
std::string said(double value) {
  return std::isnan(value) ? "no number" : value > 0.0 ? "infinite" : "minus infinite";
}

bool is_fine(const Ceiling& ceiling) {
  if (std::isnan(ceiling.value)) return ceiling.exactness == Exactness::empirical;
  return std::isfinite(ceiling.value) && std::isfinite(ceiling.error_bound);
}

std::string strange_rows(const Environment& environment, const Domain& domain) {
  const std::int64_t count = std::min(kRowsLookedAt, environment.row_limit(domain, Split::train));
  if (count < 1) return {};
  const Sample rows = environment.sample(domain, Split::train, {0, count});
  for (const auto& [name, values] : {std::pair("inputs", rows.x), std::pair("labels", rows.y)}) {
    if (!values.defined() || !values.is_floating_point()) continue;
    if (at::isfinite(values).all().item<bool>()) continue;
    return fmt::format("{} of rows of domain '{}' are not finite", name, domain.name);
  }
  return {};
}

/// What is wrong with an environment's numbers; empty where nothing is.
std::string strange_number(const Environment& environment) {
  std::vector<Domain> domains = environment.train_domains();
  domains.push_back(environment.test_domain());
  for (const Domain* domain : {&domains.front(), &domains.back()}) {
    if (std::string strange = strange_rows(environment, *domain); !strange.empty()) return strange;
  }
  const ShiftAxis& axis = environment.info().shift_axis;
  if (!axis.points.empty()) {
    domains.push_back(environment.at(axis.points.front()));
    domains.push_back(environment.at(axis.points.back()));
  }
  for (const Domain& domain : domains) {
    std::string strange = strange_ceiling(domain, environment.ceilings(domain));
    if (!strange.empty()) return strange;
  }
  return {};
}

/// The same of an environment that may not stand its own options; `broken` is then what it threw.
std::string strange_in(const Environment& environment, std::exception_ptr& broken) {
  try {
    return strange_number(environment);
  } catch (const LogicError& error) {
    broken = std::current_exception();
    return fmt::format("its numbers cannot be computed ({})", error.what());
  } catch (const PluginError& error) {  // rows or ceilings that are none, as their border says
    broken = std::current_exception();
    return error.what();
  }
}

bool is_numeric(const FieldInfo& field) {
  return field.type.find("number") != std::string::npos ||
         field.type.find("integer") != std::string::npos;
}

/// "causal_effect = 1e+308": the options that alone, put back to their defaults, would mend it; all
/// that differ from their defaults where no single one would.
std::string blamed_options(const Component& component, const Catalog& catalog,
                           const EnvironmentContext& context) {
  const auto& entry = catalog.environments.at(component.name);
  std::vector<std::string> guilty;
  std::vector<std::string> changed;
  for (const FieldInfo& field : entry.schema.fields) {
    const Value* given = component.options.find(field.name);
    if (given == nullptr || !is_numeric(field) || *given == field.default_value) continue;
    changed.push_back(fmt::format("{} = {}", field.name, given->canonical_json()));
    Value with_default = component.options;
    with_default.as_table()[field.name] = field.default_value;
    try {
      const auto other = entry.make({with_default}, context);
      std::exception_ptr ignored;
      if (strange_in(*other, ignored).empty()) guilty.push_back(changed.back());
    } catch (const Error&) {
      // Another option refuses to go with that default: it does not say who is to blame.
    }
  }
  return fmt::format("{}", fmt::join(guilty.empty() ? changed : guilty, ", "));
}

}  // namespace

std::string strange_ceiling(const Domain& domain, const Ceilings& ceilings) {
  const Ceiling chance{ceilings.chance, Exactness::closed_form, 0.0};
  std::vector<std::pair<const char*, const Ceiling*>> each = {
      {"bayes", &ceilings.bayes},
      {"invariant", &ceilings.invariant},
      {"spurious_only", &ceilings.spurious_only},
      {"chance", &chance}};
  if (ceilings.population_erm) each.emplace_back("population_erm", &*ceilings.population_erm);
  for (const auto& [name, ceiling] : each) {
    if (is_fine(*ceiling)) continue;
    const bool value = !std::isfinite(ceiling->value);
    return fmt::format("{} '{}' of domain '{}' is {}",
                       value ? "the ceiling" : "the error bound of the ceiling", name, domain.name,
                       value ? said(ceiling->value) : said(ceiling->error_bound));
  }
  return {};
}

void require_finite_world(const Environment& environment, const Component& component,
                          const Catalog& catalog, const EnvironmentContext& context) {
  std::exception_ptr broken;
  const std::string strange = strange_in(environment, broken);
  if (strange.empty()) return;
  const std::string options = blamed_options(component, catalog, context);
  // With its default options it is the environment that is broken, not what was asked of it.
  if (options.empty() && broken) std::rethrow_exception(broken);
  throw UsageError(fmt::format("environment '{}'{}{}: {}; use values closer to the defaults",
                               component.name, options.empty() ? "" : " with ", options, strange));
}

}  // namespace spurion::harness
