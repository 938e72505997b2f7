#include "analysis/configurations.hpp"

#include <algorithm>
#include <utility>

#include "harness/suite/trial_id.hpp"

namespace spurion::analysis {

Value canonical_without_seed(const TrialSpec& spec) {
  Value canonical = spec.canonical();
  for (const char* key : {"seed", "config_index", "base_seed"}) canonical.as_table().erase(key);
  return canonical;
}

std::size_t Configurations::of(const TrialSpec& spec) {
  const Key key = {of_section(0, &spec.environment, spec.environment.options),
                   of_section(1, nullptr, spec.evaluation),
                   of_section(2, &spec.model, spec.model.options),
                   of_section(3, nullptr, spec.optimizer), of_section(4, nullptr, spec.training)};
  return numbers_.emplace(key, numbers_.size()).first->second;
}

std::vector<std::size_t> Configurations::ranks() const {
  std::array<std::vector<std::uint32_t>, kSections> section_ranks;
  for (std::size_t i = 0; i < kSections; ++i) {
    section_ranks[i].resize(texts_[i].size());
    std::uint32_t rank = 0;
    for (const auto& [text, number] : texts_[i]) section_ranks[i][number] = rank++;
  }
  // No JSON object begins with another one, so wholes stand in the order of their sections.
  std::vector<std::pair<Key, std::size_t>> ordered;
  ordered.reserve(numbers_.size());
  for (const auto& [key, number] : numbers_) {
    Key ranked{};
    for (std::size_t i = 0; i < kSections; ++i) ranked[i] = section_ranks[i][key[i]];
    ordered.emplace_back(ranked, number);
  }
  std::sort(ordered.begin(), ordered.end());
  std::vector<std::size_t> ranks(ordered.size());
  for (std::size_t rank = 0; rank < ordered.size(); ++rank) ranks[ordered[rank].second] = rank;
  return ranks;
}

std::uint32_t Configurations::of_section(std::size_t section, const Component* component,
                                         const Value& options) {
  static const std::string none;
  const std::string& name = component == nullptr ? none : component->name;
  const void* place = options.is_table() ? &options.as_table() : nullptr;
  Latest& latest = latest_[section];
  if (place != nullptr && place == latest.place && latest.known->name == name) {
    return latest.known->number;
  }
  const auto known = known_[section].find(place);
  if (known != known_[section].end() && known->second.name == name) {
    latest = {place, &known->second};
    return known->second.number;
  }
  const auto next = static_cast<std::uint32_t>(texts_[section].size());
  const std::uint32_t number =
      texts_[section].emplace(text_of(section, component, options), next).first->second;
  if (place != nullptr) {
    latest = {place, &known_[section].insert_or_assign(place, Known{name, number}).first->second};
  }
  return number;
}

std::string Configurations::text_of(std::size_t section, const Component* component,
                                    const Value& options) const {
  constexpr const char* kNames[kSections] = {"environment", "evaluation", "model", "optimizer",
                                             "training"};
  const std::string name = kNames[section];
  std::vector<std::string> left_out;
  for (const std::string& option : without_) {
    const auto dot = option.find('.');
    if (dot != std::string::npos && option.compare(0, dot, name) == 0) {
      left_out.push_back(option.substr(dot + 1));
    }
  }
  return component == nullptr ? harness::canonical_text(name, options, left_out)
                              : harness::canonical_text(name, *component, left_out);
}

}  // namespace spurion::analysis
