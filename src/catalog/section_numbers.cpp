#include "catalog/section_numbers.hpp"

#include "catalog/shared_options.hpp"
#include "spurion/optimizer.hpp"

namespace spurion::catalog {

namespace {

/// Draws of a search have sections of their own each: what is remembered of them is bounded.
constexpr std::size_t kMostPlaces = 1 << 12;

}  // namespace

template <class Text>
std::int64_t SectionNumbers::number(Places& places, const std::string& name, const Value& options,
                                    const Text& text) {
  const void* place = &options.as_table();
  const auto found = places.find(place);
  if (found != places.end() && found->second.name == name) return found->second.number;
  const auto next = static_cast<std::int64_t>(texts_.size());
  const std::int64_t number = texts_.try_emplace(name + '\n' + text(), next).first->second;
  if (places.size() >= kMostPlaces) places.clear();
  places[place] = {name, options, number};
  return number;
}

std::int64_t SectionNumbers::of(const std::string& name, const Value& options) {
  return number(whole_, name, options, [&] { return options.canonical_json(); });
}

std::int64_t SectionNumbers::of_shared(const std::string& name, const Value& options,
                                       const AnySchema& schema) {
  // Another first letter than JSON's: numbers of the two kinds never meet.
  return number(shared_, name, options, [&] { return '~' + shared_text(options, schema); });
}

ShapeNumbers::ShapeNumbers(const Catalog& catalog)
    : catalog_(catalog), optimizer_(AnySchema::of(OptimizerOptions::schema())) {}

ShapeNumbers::Key ShapeNumbers::of(const TrialSpec& trial) {
  return {numbers_.of(trial.environment.name, trial.environment.options),
          numbers_.of(trial.model.name, trial.model.options),
          numbers_.of_shared(trial.method.name, trial.method.options,
                             catalog_.methods.at(trial.method.name).schema),
          numbers_.of(trial.regime.name, trial.regime.options),
          numbers_.of_shared("", trial.optimizer, optimizer_),
          numbers_.of("", trial.training),
          numbers_.of("", trial.evaluation)};
}

}  // namespace spurion::catalog
