#include "harness/exchange/exported_rows.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string_view>

#include "core/counted.hpp"
#include "core/measurement_names.hpp"
#include "facts/splits.hpp"
#include "harness/data/finite_world.hpp"
#include "harness/data/guarded_environment.hpp"
#include "nouns/default_twin.hpp"
#include "nouns/named_domains.hpp"
#include "nouns/seeds.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

const Value& need(const Value& value, const char* key, const std::string& place) {
  const Value* found = value.is_table() ? value.find(key) : nullptr;
  if (found == nullptr) throw DataError(fmt::format("{}: '{}' is missing", place, key));
  return *found;
}

std::string need_text(const Value& value, const char* key, const std::string& place) {
  const Value& found = need(value, key, place);
  if (!found.is_string()) throw DataError(fmt::format("{}: '{}' is not a string", place, key));
  return found.as_string();
}

std::int64_t need_integer(const Value& value, const char* key, const std::string& place) {
  const Value& found = need(value, key, place);
  if (!found.is_integer()) throw DataError(fmt::format("{}: '{}' is not an integer", place, key));
  return found.as_integer();
}

std::string_view bytes_of(const Tensor& tensor) {
  return {static_cast<const char*>(tensor.data_ptr()),
          static_cast<std::size_t>(tensor.numel()) * tensor.element_size()};
}

}  // namespace

std::int64_t RowSet::count() const {
  std::int64_t sum = 0;
  for (const Part& part : parts) sum += part.rows.count;
  return sum;
}

Value RowSet::to_value() const {
  Value::List list;
  for (const Part& part : parts) {
    Value::Table entry;
    entry["domain"] = part.domain;
    entry["first"] = part.rows.first;
    entry["rows"] = part.rows.count;
    list.emplace_back(std::move(entry));
  }
  return Value::Table{
      {"environment", environment.name}, {"options", environment.options}, {"seed", seed},
      {"base_seed", base_seed},          {"split", split_name(split)},     {"parts", list}};
}

RowSet RowSet::from_value(const Value& value, const Catalog& catalog, const std::string& place) {
  RowSet set;
  const Value& options = need(value, "options", place);
  if (!options.is_table()) throw DataError(fmt::format("{}: 'options' is not a table", place));
  set.environment = make_component(catalog, need_text(value, "environment", place), options);
  set.seed = need_integer(value, "seed", place);
  set.base_seed = need_integer(value, "base_seed", place);
  set.split = parse_split(need_text(value, "split", place));
  const Value& parts = need(value, "parts", place);
  if (!parts.is_list()) throw DataError(fmt::format("{}: 'parts' is not a list", place));
  constexpr std::int64_t kMostRows = 1'000'000'000'000;
  for (const Value& part : parts.as_list()) {
    const RowRange rows{need_integer(part, "first", place), need_integer(part, "rows", place)};
    if (rows.first < 0 || rows.first > kMostRows || rows.count < 1 || rows.count > kMostRows) {
      throw DataError(fmt::format("{}: there cannot be {} from row {} on", place,
                                  core::counted(rows.count, "row"), rows.first));
    }
    set.parts.push_back({need_text(part, "domain", place), rows});
  }
  if (set.parts.empty()) throw DataError(fmt::format("{}: 'parts' is empty", place));
  return set;
}

Component make_component(const Catalog& catalog, const std::string& environment,
                         const Value& options) {
  Problems problems;
  Component component{
      environment,
      catalog.schema("environment", environment).normalise(options, environment, problems)};
  problems.raise();
  return component;
}

Split parse_split(const std::string& name) {
  std::vector<std::string> names;
  for (const Split split : facts::kSplits) {
    if (name == split_name(split)) return split;
    names.emplace_back(split_name(split));
  }
  throw UsageError(unknown_name_message("split", name, names));
}

std::shared_ptr<const Environment> make_environment(
    const RowSet& set, const Catalog& catalog, const std::shared_ptr<const DataSources>& sources) {
  const EnvironmentContext context{nouns::data_seed(set.base_seed, set.seed), sources};
  std::shared_ptr<const Environment> environment =
      guarded_world(catalog, set.environment.name, set.environment.options, context);
  require_finite_world(*environment, set.environment, catalog, context);
  return environment;
}

Domain find_domain(const Environment& environment, const std::string& name) {
  std::vector<std::string> names;
  for (const Domain& domain : nouns::named_domains(environment)) {
    if (domain.name == name) return domain;
    names.push_back(domain.name);
  }
  if (const core::DomainKey key = core::parse_domain(name);
      key.in == core::MeasuredIn::shift_value) {
    Domain domain = environment.at(key.shift);
    domain.name = nouns::shift_name(key.shift);
    return domain;
  }
  names.emplace_back("shift=VALUE");
  throw UsageError(unknown_name_message("domain", name, names));
}

RowSetSample sample_rows(const RowSet& set, const Environment& environment) {
  RowSetSample out;
  out.twin = nouns::default_twin(environment, environment.info().cue);
  const bool twins = out.twin.kind != Intervention::Kind::none;
  for (const RowSet::Part& part : set.parts) {
    out.domains.push_back(find_domain(environment, part.domain));
    out.factual.push_back(environment.sample(out.domains.back(), set.split, part.rows));
    if (twins) {
      out.twins.push_back(environment.sample(out.domains.back(), set.split, part.rows, out.twin));
    }
  }
  return out;
}

double memory_of_rows(const RowSet& set, const Environment& environment) {
  constexpr double kCopies = 3.0;
  const bool twins =
      nouns::default_twin(environment, environment.info().cue).kind != Intervention::Kind::none;
  double bytes = 0.0;
  for (const RowSet::Part& part : set.parts) {
    const Domain domain = find_domain(environment, part.domain);
    const std::int64_t limit = environment.row_limit(domain, set.split);
    if (limit < 1 || part.rows.count > limit) continue;
    const Sample one = environment.sample(domain, set.split, {0, 1});
    double row = 0.0;
    for (const Tensor& tensor : {one.x, one.y, one.causal, one.spurious, one.group}) {
      if (tensor.defined()) row += static_cast<double>(bytes_of(tensor).size());
    }
    bytes += (twins ? 2.0 : 1.0) * kCopies * row * static_cast<double>(part.rows.count);
  }
  return bytes;
}

std::string fingerprint(const RowSetSample& rows) {
  RandomKey hash(0);
  for (const Sample& sample : rows.factual) {
    hash = hash.child(bytes_of(sample.x.contiguous())).child(bytes_of(sample.y.contiguous()));
  }
  return fmt::format("{:016x}", hash.value());
}

}  // namespace spurion::harness
