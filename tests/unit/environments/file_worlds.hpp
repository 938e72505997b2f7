#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "spurion/catalog.hpp"
#include "spurion/error.hpp"

namespace spurion::tests {

/// A world of the rows of a file. Throws what its options or its file are refused with.
inline std::unique_ptr<Environment> make(const std::string& name, const Value::Table& given,
                                         std::uint64_t seed = 1) {
  static const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.environments.at(name);
  Problems problems;
  const Value options = entry.schema.normalise(given, name, problems);
  problems.raise();
  return entry.make({options}, EnvironmentContext{seed, std::make_shared<const DataSources>()});
}

}  // namespace spurion::tests
