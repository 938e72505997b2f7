#include "spurion/environment.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <limits>

#include "core/counted.hpp"
#include "nouns/border_checks.hpp"
#include "nouns/wrapped_environment.hpp"
#include "spurion/error.hpp"

namespace spurion {

std::vector<std::string> EnvironmentInfo::every_cue() const {
  if (cues.empty()) return {cue};
  std::vector<std::string> names;
  for (const Cue& one : cues) names.push_back(one.name);
  return names;
}

std::int64_t Environment::validation_rows(const Domain& domain, std::int64_t /*test_rows*/) const {
  return row_limit(domain, Split::validation);
}

std::int64_t Environment::row_limit(const Domain& /*domain*/, Split /*split*/) const {
  return std::numeric_limits<std::int64_t>::max();
}

Domain Environment::at_cues(const std::vector<double>& shifts) const {
  if (shifts.size() != 1) {
    throw UsageError(fmt::format("{} has one cue, got {} shifts", info().name, shifts.size()));
  }
  return at(shifts.front());
}

std::vector<std::pair<std::string, Tensor>> Environment::coefficient_errors(
    const Tensor& /*weights*/) const {
  return {};
}

std::optional<double> Environment::optimal_flip_rate(const Domain& /*domain*/) const { return {}; }

std::optional<Theory> Environment::theory(const TheoryRequest& /*request*/,
                                          const std::vector<Domain>& /*domains*/) const {
  return {};
}

bool Environment::has_control_shifts() const { return false; }

double Environment::shared_bytes() const { return 0.0; }

Sample Environment::sample(const Domain& domain, Split split, RowRange rows,
                           const Intervention& intervention) const {
  if (rows.first < 0 || rows.count < 0) {
    throw UsageError(
        fmt::format("rows {} .. +{} of {}: negative", rows.first, rows.count, info().name));
  }
  const std::int64_t limit = row_limit(domain, split);
  if (rows.count > limit || rows.first > limit - rows.count) {
    throw UsageError(fmt::format("{} has {} in domain '{}'; rows {} to {} were asked for",
                                 info().name,
                                 core::counted(limit, fmt::format("{} row", split_name(split))),
                                 domain.name, rows.first, rows.first + rows.count - 1));
  }
  if (intervention.kind != Intervention::Kind::none && !supports(intervention)) {
    throw UsageError(fmt::format("{} cannot perform {}", info().name, intervention.text()));
  }
  SPURION_CHECK(!domain.control_shift || has_control_shifts(),
                "a domain with a control shift needs an environment that supports control shifts");
  Sample sample = generate(domain, split, rows, intervention);
  // A wrapper gives what the one inside gave, where it was looked at.
  if (dynamic_cast<const nouns::WrappedEnvironment*>(this) == nullptr) {
    try {
      nouns::check_sample(sample, info(), rows.count);
    } catch (const PluginError& error) {
      throw PluginError(fmt::format(
          "{} rows of domain '{}'{}: {}", split_name(split), domain.name,
          intervention.kind == Intervention::Kind::none ? "" : " under " + intervention.text(),
          error.what()));
    }
  }
  return sample;
}

}  // namespace spurion
