#pragma once

#include <memory>
#include <string>
#include <utility>

#include "spurion/error.hpp"
#include "unit/environments/coloured_images_world.hpp"

namespace spurion::tests {

/// A world of images, of glyphs unless the options say otherwise.
inline std::unique_ptr<Environment> image_world(const std::string& name, Value::Table options = {},
                                                std::uint64_t data_seed = 0) {
  options.emplace("source", "glyphs");
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.environments.at(name);
  Problems problems;
  const Value normal = entry.schema.normalise(Value(std::move(options)), name, problems);
  problems.raise();
  return entry.make({normal}, EnvironmentContext{data_seed, shared_sources()});
}

}  // namespace spurion::tests
