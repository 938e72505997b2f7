#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "spurion/catalog.hpp"
#include "spurion/environment.hpp"
#include "spurion/error.hpp"

namespace spurion::tests {

/// A built-in environment that needs no images; throws `UsageError` for options it refuses.
inline std::unique_ptr<Environment> synthetic_world(const std::string& name,
                                                    Value::Table options = {},
                                                    std::uint64_t data_seed = 0) {
  const Catalog catalog = builtin_catalog();
  const auto& entry = catalog.environments.at(name);
  Problems problems;
  const Value normal = entry.schema.normalise(Value(std::move(options)), name, problems);
  problems.raise();
  return entry.make({normal}, EnvironmentContext{data_seed, nullptr});
}

inline bool same_tensor(const Tensor& a, const Tensor& b) {
  if (a.defined() != b.defined()) return false;
  return !a.defined() || at::equal(a, b);
}

/// Whether two samples are the same, bit for bit.
inline bool same_sample(const Sample& a, const Sample& b) {
  return same_tensor(a.x, b.x) && same_tensor(a.y, b.y) && same_tensor(a.causal, b.causal) &&
         same_tensor(a.spurious, b.spurious) && same_tensor(a.group, b.group);
}

/// Rows first .. first + count - 1 of a sample.
inline Sample slice(const Sample& sample, std::int64_t first, std::int64_t count) {
  const auto cut = [&](const Tensor& t) { return t.defined() ? t.narrow(0, first, count) : t; };
  return {cut(sample.x), cut(sample.y), cut(sample.causal), cut(sample.spurious),
          cut(sample.group)};
}

/// Whether row i of every domain is the same however many rows are asked for, from wherever, and
/// from another instance with the same seed; and differs between seeds, splits and keys.
inline bool rows_are_addressable(const std::string& name, const Value::Table& options) {
  const auto world = synthetic_world(name, options, 7);
  const auto again = synthetic_world(name, options, 7);
  const auto other = synthetic_world(name, options, 8);
  auto domains = world->train_domains();
  domains.push_back(world->test_domain());
  domains.push_back(world->at(world->info().shift_axis.points[2]));
  for (const Domain& domain : domains) {
    for (const Split split : {Split::train, Split::validation, Split::test}) {
      const Sample all = world->sample(domain, split, {0, 101});
      const Sample part = again->sample(domain, split, {37, 50});
      if (!same_sample(slice(all, 37, 50), part)) return false;
      if (at::equal(all.causal, other->sample(domain, split, {0, 101}).causal)) return false;
    }
    if (at::equal(world->sample(domain, Split::train, {0, 50}).causal,
                  world->sample(domain, Split::test, {0, 50}).causal)) {
      return false;
    }
  }
  return !at::equal(world->sample(domains[0], Split::train, {0, 50}).causal,
                    world->sample(world->test_domain(), Split::train, {0, 50}).causal);
}

}  // namespace spurion::tests
