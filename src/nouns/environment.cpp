#include "spurion/environment.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <sstream>

#include "nouns/border_checks.hpp"
#include "nouns/drift.hpp"
#include "nouns/wrapped_environment.hpp"
#include "spurion/error.hpp"

namespace spurion {

const char* purpose_name(Purpose purpose) {
  constexpr const char* kNames[] = {"train", "validation", "test"};
  return kNames[static_cast<int>(purpose)];
}

const char* exactness_name(Exactness exactness) {
  constexpr const char* kNames[] = {"closed form", "enumerated", "quadrature", "empirical"};
  return kNames[static_cast<int>(exactness)];
}

Intervention Intervention::resample_each(const std::vector<std::string>& cues) {
  return resample(fmt::format("{}", fmt::join(cues, std::string(1, kAnd))));
}

std::vector<std::string> Intervention::variables() const {
  std::vector<std::string> names;
  std::istringstream joined(variable);
  for (std::string name; std::getline(joined, name, kAnd);) names.push_back(name);
  return names;
}

bool Intervention::reaches(const std::string& cue) const {
  if (variable == cue || variable == kAllCues) return true;
  const std::vector<std::string> names = variables();
  return std::find(names.begin(), names.end(), cue) != names.end();
}

std::string Intervention::text() const {
  switch (kind) {
    case Kind::none:
      return "factual";
    case Kind::set:
      return fmt::format("do({} := {})", variable, value);
    case Kind::flip:
      return fmt::format("do({} := other)", variable);
    case Kind::align:
      return fmt::format("do({} := agrees with label)", variable);
    case Kind::oppose:
      return fmt::format("do({} := disagrees with label)", variable);
    case Kind::resample:
      return fmt::format("do({} := independent draw)", variable);
  }
  return {};
}

std::string CausalGraph::defect() const {
  std::map<std::string, std::vector<std::string>> parents;
  bool has_label = false;
  for (const Variable& variable : variables) {
    if (!parents.emplace(variable.name, std::vector<std::string>{}).second) {
      return fmt::format("variable '{}' appears twice", variable.name);
    }
    has_label = has_label || variable.role == Role::label;
  }
  if (!has_label) return "no variable has the role label";
  for (const Edge& edge : edges) {
    for (const std::string& end : {edge.from, edge.to}) {
      if (parents.count(end) == 0) return fmt::format("edge names unknown variable '{}'", end);
    }
    parents[edge.to].push_back(edge.from);
  }
  // Kahn's algorithm: take away variables without parents until none is left.
  while (!parents.empty()) {
    const auto root = std::find_if(parents.begin(), parents.end(),
                                   [](const auto& entry) { return entry.second.empty(); });
    if (root == parents.end()) return "the graph has a cycle";
    const std::string name = root->first;
    parents.erase(root);
    for (auto& [child, list] : parents) {
      list.erase(std::remove(list.begin(), list.end(), name), list.end());
    }
  }
  return {};
}

std::string CausalGraph::text() const {
  std::vector<std::string> arrows;
  for (const Edge& edge : edges) arrows.push_back(edge.from + " -> " + edge.to);
  return fmt::format("{}", fmt::join(arrows, ", "));
}

std::int64_t Environment::validation_rows(const Domain& domain, std::int64_t /*test_rows*/) const {
  return row_limit(domain, Purpose::validation);
}

std::int64_t Environment::row_limit(const Domain& /*domain*/, Purpose /*purpose*/) const {
  return std::numeric_limits<std::int64_t>::max();
}

Domain Environment::at_cues(const std::vector<double>& shifts) const {
  if (shifts.size() != 1) {
    throw UsageError(
        fmt::format("{} has one cue, got {} positions of cues", info().name, shifts.size()));
  }
  return at(shifts.front());
}

std::vector<std::pair<std::string, Tensor>> Environment::coefficient_errors(
    const Tensor& /*weights*/) const {
  return {};
}

Sample Environment::sample(const Domain& domain, Purpose purpose, RowRange rows,
                           const Intervention& intervention) const {
  if (rows.first < 0 || rows.count < 0) {
    throw UsageError(
        fmt::format("rows {} .. +{} of {}: negative", rows.first, rows.count, info().name));
  }
  const std::int64_t limit = row_limit(domain, purpose);
  if (rows.count > limit || rows.first > limit - rows.count) {
    throw UsageError(fmt::format("{} has {} {} rows in domain '{}'; rows {} to {} were asked for",
                                 info().name, limit, purpose_name(purpose), domain.name, rows.first,
                                 rows.first + rows.count - 1));
  }
  if (intervention.kind != Intervention::Kind::none && !supports(intervention)) {
    throw UsageError(fmt::format("{} cannot perform {}", info().name, intervention.text()));
  }
  SPURION_CHECK(drift_of(domain).kind == Drift::Kind::none || draws_drift(*this),
                "a domain with a drift was asked of an environment that does not know of drifts");
  Sample sample = generate(domain, purpose, rows, intervention);
  // A wrapper gives what the one inside gave, where it was looked at.
  if (dynamic_cast<const WrappedEnvironment*>(this) == nullptr) {
    try {
      border::check_sample(sample, info(), rows.count);
    } catch (const PluginError& error) {
      throw PluginError(fmt::format(
          "{} rows of domain '{}'{}: {}", purpose_name(purpose), domain.name,
          intervention.kind == Intervention::Kind::none ? "" : " under " + intervention.text(),
          error.what()));
    }
  }
  return sample;
}

}  // namespace spurion
