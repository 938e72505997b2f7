#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <string>

#include "spurion/catalog.hpp"
#include "spurion/environment.hpp"
#include "spurion/image_source.hpp"

namespace spurion::tests {

/// One copy of the images for a whole test program.
inline std::shared_ptr<const DataSources> shared_sources() {
  static const auto sources = std::make_shared<const DataSources>();
  return sources;
}

/// A `coloured_images` environment; glyphs unless the options say otherwise.
inline std::unique_ptr<Environment> coloured_images(
    Value::Table options = {}, std::uint64_t data_seed = 0,
    std::shared_ptr<const DataSources> sources = shared_sources()) {
  options.emplace("source", "glyphs");
  const Catalog catalog = builtin_catalog();
  return catalog.environments.at("coloured_images")
      .make({Value(std::move(options))}, EnvironmentContext{data_seed, std::move(sources)});
}

/// Whether two samples are the same, bit for bit.
inline bool same_rows(const Sample& a, const Sample& b) {
  return at::equal(a.x, b.x) && at::equal(a.y, b.y) && at::equal(a.causal, b.causal) &&
         at::equal(a.spurious, b.spurious) && at::equal(a.group, b.group);
}

/// [B] int64: where two label-like tensors differ.
inline Tensor differs(const Tensor& a, const Tensor& b) {
  return a.reshape({-1}).to(at::kLong).ne(b.reshape({-1}).to(at::kLong)).to(at::kLong);
}

}  // namespace spurion::tests
