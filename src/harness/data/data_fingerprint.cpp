#include "harness/data/data_fingerprint.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "catalog/image_source_of.hpp"
#include "catalog/plugin_parts.hpp"
#include "catalog/section_numbers.hpp"
#include "facts/splits.hpp"
#include "nouns/default_twin.hpp"
#include "nouns/samples.hpp"
#include "nouns/seeds.hpp"
#include "spurion/error.hpp"
#include "spurion/image_source.hpp"
#include "spurion/random.hpp"

namespace spurion::harness {

namespace {

constexpr std::int64_t kChunk = 1000;
RandomKey hash(RandomKey key, const Sample& sample) {
  for (const auto member : nouns::kSampleMembers) {
    if (!(sample.*member).defined()) continue;
    const Tensor dense = (sample.*member).contiguous();
    key = key.child(std::string_view(static_cast<const char*>(dense.data_ptr()), dense.nbytes()));
  }
  return key;
}

std::vector<Domain> fingerprinted_domains(const Environment& environment) {
  std::vector<Domain> domains = environment.train_domains();
  domains.push_back(environment.test_domain());
  return domains;
}

bool has_recorded_rows(const Environment& environment) {
  for (const Domain& domain : fingerprinted_domains(environment)) {
    for (const Split split : facts::kSplits) {
      if (environment.row_limit(domain, split) != nouns::kEndlessRows) return true;
    }
  }
  return false;
}

std::string fingerprint_of(const Environment& environment) {
  RandomKey key(0);
  const Intervention twin = nouns::default_twin(environment, environment.info().cue);
  for (const Domain& domain : fingerprinted_domains(environment)) {
    for (const Split split : facts::kSplits) {
      const std::int64_t rows = environment.row_limit(domain, split);
      if (rows == nouns::kEndlessRows) continue;
      for (std::int64_t first = 0; first < rows; first += kChunk) {
        const RowRange range{first, std::min(kChunk, rows - first)};
        key = hash(key, environment.sample(domain, split, range));
        if (twin.kind == Intervention::Kind::none) continue;
        key = hash(key, environment.sample(domain, split, range, twin));
      }
    }
  }
  return fmt::format("{:016x}", key.value());
}

std::string fingerprint_of(const ImagePool& images) {
  const auto bytes = [](const std::vector<std::uint8_t>& all) {
    return std::string_view(reinterpret_cast<const char*>(all.data()), all.size());
  };
  return fmt::format("{:016x}",
                     RandomKey(0).child(bytes(images.pixels)).child(bytes(images.labels)).value());
}

/// The image source of these options; empty where they name none, or one of spurion's own that is
/// drawn: no file can change it.
std::string source_of(const Component& world, const Catalog& catalog) {
  std::string source = catalog::image_source_of(world, catalog);
  if (source.empty()) return source;
  const auto& entry = catalog.image_sources.at(source);
  const bool fixed = entry.info.builtin() && entry.make({Value()})->info().drawn();
  return fixed ? std::string() : source;
}

}  // namespace

std::string data_name(const Component& world, const Catalog& catalog) {
  const std::string source = source_of(world, catalog);
  return source.empty()
             ? fmt::format("{}{} {}", kDataPrefix, world.name, world.options.canonical_json())
             : fmt::format("{}source {}", kDataPrefix, source);
}

std::map<std::string, std::string> data_fingerprints(const std::vector<TrialSpec>& trials,
                                                     EnvironmentPool& pool) {
  std::map<std::string, std::string> found;
  std::set<std::string> seen;
  catalog::SectionNumbers numbers;
  std::set<std::int64_t> worlds;
  const Catalog& catalog = pool.catalog();
  for (const TrialSpec& trial : trials) {
    const Component& world = trial.environment;
    if (!worlds.insert(numbers.of(world.name, world.options)).second) continue;
    const std::string source = source_of(world, catalog);
    const std::string name = data_name(world, catalog);
    if (!seen.insert(name).second) continue;
    if (!source.empty()) {
      // Every image environment reads this file; its test images come from the same installer.
      found[name] = fingerprint_of(*pool.sources()->images(source, true));
      continue;
    }
    // Images that are drawn are a pool too, but no file can change them.
    if (catalog.environments.at(world.name).schema.find(FieldUse::image_source) != nullptr)
      continue;
    catalog::looked_at(trial, catalog, [&] {
      // Whether rows are recorded does not depend on the seed; their order may, so that all runs
      // compare those of seed 0.
      if (!has_recorded_rows(*pool.at(world, nouns::data_seed(trial)))) return;
      found[name] = fingerprint_of(*pool.at(world, 0));
    });
  }
  return found;
}

}  // namespace spurion::harness
