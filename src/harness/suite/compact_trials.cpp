#include "harness/suite/compact_trials.hpp"

#include <cstdint>
#include <utility>

namespace spurion::harness {

namespace {

const Value& options_of(const Component& component) { return component.options; }
const Value& options_of(const Value& options) { return options; }
bool same_name(const Component& a, const Component& b) { return a.name == b.name; }
bool same_name(const Value&, const Value&) { return true; }

/// Numbers sections of one kind. Those that trials share in memory get one number, as far as it is
/// remembered: draws of a search share none, and a list of all of them would take longer than the
/// rest.
template <class Section>
class SectionNumbers {
 public:
  explicit SectionNumbers(std::vector<Section>& sections) : sections_(&sections) {}

  std::uint32_t of(Section&& section) {
    const Value& options = options_of(section);
    const void* place = options.is_table() ? &options.as_table() : nullptr;
    Known& known = known_[(reinterpret_cast<std::uintptr_t>(place) >> 4U) % kKnown];
    // Tables without entries are the same for all names.
    if (place != nullptr && known.place == place &&
        same_name((*sections_)[known.number], section)) {
      return known.number;
    }
    known = {place, static_cast<std::uint32_t>(sections_->size())};
    sections_->push_back(std::move(section));
    return known.number;
  }

 private:
  static constexpr std::size_t kKnown = 509;
  struct Known {
    const void* place = nullptr;
    std::uint32_t number = 0;
  };

  std::vector<Section>* sections_;
  std::array<Known, kKnown> known_{};
};

}  // namespace

CompactTrials::CompactTrials(std::vector<TrialSpec> trials) {
  SectionNumbers<Component> components[] = {
      SectionNumbers(components_[0]), SectionNumbers(components_[1]),
      SectionNumbers(components_[2]), SectionNumbers(components_[3])};
  SectionNumbers<Value> values[] = {SectionNumbers(values_[0]), SectionNumbers(values_[1]),
                                    SectionNumbers(values_[2])};
  trials_.reserve(trials.size());
  for (TrialSpec& spec : trials) {
    if (experiments_.empty() || experiments_.back() != spec.experiment) {
      experiments_.push_back(std::move(spec.experiment));
    }
    if (draws_.empty() || draws_.back().base_seed != spec.base_seed ||
        draws_.back().config_index != spec.config_index) {
      draws_.push_back({spec.base_seed, spec.config_index});
    }
    trials_.push_back(
        {{components[0].of(std::move(spec.environment)), components[1].of(std::move(spec.model)),
          components[2].of(std::move(spec.method)), components[3].of(std::move(spec.regime))},
         {values[0].of(std::move(spec.optimizer)), values[1].of(std::move(spec.training)),
          values[2].of(std::move(spec.evaluation))},
         static_cast<std::uint32_t>(experiments_.size() - 1),
         static_cast<std::uint32_t>(draws_.size() - 1),
         spec.seed});
  }
  trials = {};  // before the sections are copied into less room
  for (auto& sections : components_) sections.shrink_to_fit();
  for (auto& sections : values_) sections.shrink_to_fit();
  draws_.shrink_to_fit();
}

TrialSpec CompactTrials::operator[](std::size_t index) const {
  const Trial& trial = trials_.at(index);
  TrialSpec spec;
  spec.environment = components_[0][trial.components[0]];
  spec.model = components_[1][trial.components[1]];
  spec.method = components_[2][trial.components[2]];
  spec.regime = components_[3][trial.components[3]];
  spec.optimizer = values_[0][trial.values[0]];
  spec.training = values_[1][trial.values[1]];
  spec.evaluation = values_[2][trial.values[2]];
  spec.seed = trial.seed;
  spec.base_seed = draws_[trial.draw].base_seed;
  spec.config_index = draws_[trial.draw].config_index;
  spec.experiment = experiments_[trial.experiment];
  return spec;
}

std::vector<TrialSpec> CompactTrials::all() const {
  std::vector<TrialSpec> trials;
  trials.reserve(size());
  for (std::size_t i = 0; i < size(); ++i) trials.push_back((*this)[i]);
  return trials;
}

}  // namespace spurion::harness
