#include "spurion/mechanism.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/measurement_names.hpp"

namespace spurion {

const char* task_name(Task task) {
  constexpr const char* kNames[] = {"binary", "multiclass", "regression"};
  return kNames[static_cast<int>(task)];
}

const char* score_name(Score score) {
  constexpr const char* kNames[] = {"accuracy", "mean_squared_error"};
  return kNames[static_cast<int>(score)];
}

const char* role_name(Role role) {
  constexpr const char* kNames[] = {"label",  "causal",   "spurious", "noise",
                                    "hidden", "observed", "selection"};
  return kNames[static_cast<int>(role)];
}

const char* domain_kind_name(DomainKind kind) {
  constexpr const char* kNames[] = {"train domain", "test domain", "value of the shift"};
  return kNames[static_cast<int>(kind)];
}

const char* control_shift_name(ControlShift::Kind kind) {
  constexpr const char* kNames[] = {"classes", "covariates", "mechanism"};
  return kNames[static_cast<int>(kind)];
}

std::string ControlShift::text() const {
  return fmt::format("{}={}", control_shift_name(kind), level);
}

const char* split_name(Split split) {
  constexpr const char* kNames[] = {"train", "validation", "test"};
  return kNames[static_cast<int>(split)];
}

const char* exactness_name(Exactness exactness) {
  constexpr const char* kNames[] = {"closed form", "enumerated", "quadrature", "empirical"};
  return kNames[static_cast<int>(exactness)];
}

Domain Domain::train(std::size_t index, double shift) {
  const std::string name = core::stored_train(static_cast<std::int64_t>(index));
  return {name, shift, name, {}, {}, DomainKind::train};
}

Domain Domain::train(std::size_t index, std::vector<double> cue_shifts) {
  Domain domain = train(index, cue_shifts.front());
  domain.cue_shifts = std::move(cue_shifts);
  return domain;
}

Domain Domain::test(double shift) { return {"test", shift, "test", {}, {}, DomainKind::test}; }

Domain Domain::test(std::vector<double> cue_shifts) {
  Domain domain = test(cue_shifts.front());
  domain.cue_shifts = std::move(cue_shifts);
  return domain;
}

Domain Domain::at(double shift) {
  return {core::stored_shift(shift), shift, "dial", {}, {}, DomainKind::point};
}

Domain Domain::at(std::vector<double> cue_shifts) {
  Domain domain = at(cue_shifts.front());
  domain.name = fmt::format("shift={}", fmt::join(cue_shifts, ","));
  domain.cue_shifts = std::move(cue_shifts);
  return domain;
}

bool Intervention::acts_on(std::string_view variable) const {
  return std::find(variables.begin(), variables.end(), variable) != variables.end();
}

std::string Intervention::text() const {
  const std::string named = fmt::format("{}", fmt::join(variables, ", "));
  switch (kind) {
    case Kind::none:
      return "factual";
    case Kind::set:
      return fmt::format("do({} := {})", named, value);
    case Kind::flip:
      return fmt::format("do({} := other)", named);
    case Kind::align:
      return fmt::format("do({} := agrees with label)", named);
    case Kind::oppose:
      return fmt::format("do({} := disagrees with label)", named);
    case Kind::resample:
      return fmt::format("do({} := independent draw)", named);
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

}  // namespace spurion
