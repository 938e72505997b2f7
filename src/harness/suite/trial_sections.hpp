#pragma once

#include <string>
#include <vector>

#include "spurion/value.hpp"

namespace spurion::harness {

/// The sections of a trial in a suite: environment, model, method, regime (components, with a name)
/// and optimizer, training, evaluation (plain options).
SPURION_API const std::vector<std::string>& section_names();
/// True for the sections whose table has a `name` that picks a registered thing.
SPURION_API bool is_component(const std::string& section);

/// Lays `given` over the section of `sections`. A component of another name replaces the section
/// whole (its options mean nothing to the other); otherwise single options are overridden.
SPURION_API void merge_section(Value& sections, const std::string& section, const Value& given);

}  // namespace spurion::harness
