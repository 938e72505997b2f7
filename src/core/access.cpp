#include "spurion/access.hpp"

#include <fmt/format.h>

#include <utility>

namespace spurion {

namespace {

std::vector<std::pair<const char*, bool>> entries(const Access& access) {
  return {{"domain labels", access.domain_labels},
          {"group labels", access.group_labels},
          {"group labels at validation", access.group_labels_validation},
          {"unlabelled target rows", access.unlabelled_target},
          {"counterfactual rows", access.counterfactual_rows},
          {"validation rows", access.validation_rows},
          {"exact ceilings", access.exact_ceilings},
          {"cue inputs", access.cue_inputs},
          {"rewards", access.rewards},
          {"expert answers", access.expert_answers}};
}

}  // namespace

std::string Access::text() const {
  std::vector<std::string> names;
  for (const auto& [name, granted] : entries(*this)) {
    if (granted) names.emplace_back(name);
  }
  return names.empty() ? "labels only" : fmt::format("{}", fmt::join(names, ", "));
}

std::vector<std::string> Access::missing_from(const Access& granted) const {
  const auto needed = entries(*this);
  const auto given = entries(granted);
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < needed.size(); ++i) {
    if (needed[i].second && !given[i].second) missing.emplace_back(needed[i].first);
  }
  return missing;
}

}  // namespace spurion
