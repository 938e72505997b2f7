#include "harness/suite/trial_ids.hpp"

#include <utility>

#include "harness/suite/trial_sections.hpp"

namespace spurion::harness {

const std::string* TrialIds::text_of(std::size_t section, const std::string& name,
                                     const Value& options, std::string& scratch) {
  const auto text = [&] {
    const std::string& own = section_names()[section];
    return name.empty() ? canonical_text(own, options)
                        : canonical_text(own, Component{name, options});
  };
  if (!options.is_table()) {
    scratch = text();
    return &scratch;
  }
  const auto [place, added] = known_[section].try_emplace(&options.as_table());
  Known& known = place->second;
  if (added) known = {name, text()};
  if (known.name == name) return &known.text;
  scratch = text();
  return &scratch;
}

TrialId TrialIds::operator()(const TrialSpec& trial) {
  std::array<std::string, 7> scratch;
  SectionTexts texts{};
  const std::pair<const std::string*, const Value*> components[] = {
      {&trial.environment.name, &trial.environment.options},
      {&trial.model.name, &trial.model.options},
      {&trial.method.name, &trial.method.options},
      {&trial.regime.name, &trial.regime.options}};
  for (std::size_t i = 0; i < 4; ++i) {
    texts[i] = text_of(i, *components[i].first, *components[i].second, scratch[i]);
  }
  const Value* plain[] = {&trial.optimizer, &trial.training, &trial.evaluation};
  for (std::size_t i = 0; i < 3; ++i) {
    texts[4 + i] = text_of(4 + i, "", *plain[i], scratch[4 + i]);
  }
  return trial_id(texts, trial.seed, trial.base_seed, trial.config_index);
}

}  // namespace spurion::harness
