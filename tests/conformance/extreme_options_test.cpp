// Every numeric option of every world at its extremes: a world either has finite numbers or is
// refused by name.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "catch.hpp"
#include "harness/data/finite_world.hpp"
#include "spurion/catalog.hpp"

using namespace spurion;

namespace {

/// What people and programs may write for a number.
std::vector<Value> extremes(const FieldInfo& field) {
  std::vector<double> numbers = {0.0, 1e-308, 1e30, 1e308, -1e308};
  for (const double bound : {field.bounds.low, field.bounds.high}) {
    if (!std::isfinite(bound)) continue;
    numbers.insert(numbers.end(), {bound, std::nextafter(bound, 0.0)});
  }
  const bool list = field.type.rfind("list", 0) == 0;
  std::vector<Value> all;
  for (const double number : numbers) {
    if (field.type.find("integer") != std::string::npos) {
      if (std::abs(number) > 1e18) continue;
      all.emplace_back(static_cast<std::int64_t>(number));
    } else {
      all.emplace_back(number);
    }
  }
  if (field.type.find("integer") != std::string::npos) {
    all.emplace_back(std::numeric_limits<std::int64_t>::max());
    all.emplace_back(std::numeric_limits<std::int64_t>::min());
    all.emplace_back(std::int64_t{1} << 40);
  }
  if (!list) return all;
  std::vector<Value> lists = {Value(Value::List{})};
  for (const Value& one : all) {
    lists.emplace_back(Value::List{one});
  }
  return lists;
}

bool finite(const Tensor& values) {
  return !values.defined() || !values.is_floating_point() ||
         at::isfinite(values).all().item<bool>();
}

/// Empty where the world has numbers, or says by name what it cannot do; otherwise what is wrong.
std::string fault(const Catalog& catalog, const std::string& name, const std::string& option,
                  const Value& options, const std::shared_ptr<const DataSources>& sources) {
  const auto& entry = catalog.environments.at(name);
  const EnvironmentContext context{1, sources};
  try {
    const auto world = entry.make({options}, context);
    harness::require_finite_world(*world, {name, options}, catalog, context);
    std::vector<Domain> domains = world->train_domains();
    domains.push_back(world->test_domain());
    for (const Domain& domain : domains) {
      const std::int64_t rows = std::min<std::int64_t>(4, world->row_limit(domain, Split::test));
      if (rows < 1) continue;
      const Sample sample = world->sample(domain, Split::test, {0, rows});
      for (const Tensor* part : {&sample.x, &sample.y, &sample.causal, &sample.spurious}) {
        if (!finite(*part)) return "a row is not finite in " + domain.name;
      }
    }
    return {};
  } catch (const UsageError& error) {
    const std::string said = error.what();
    const bool named = said.find(name) != std::string::npos;
    // A list of train domains may be called so.
    const bool which =
        said.find(option) != std::string::npos || said.find("train domains") != std::string::npos;
    return named && which ? std::string() : "a refusal that names too little: " + said;
  } catch (const DataError& error) {  // a file has not what the option asks for
    const std::string said = error.what();
    return said.find(option) != std::string::npos ? std::string() : "unclear: " + said;
  } catch (const std::exception& error) {
    return fmt::format("an error that is no refusal: {}", error.what());
  }
}

}  // namespace

TEST_CASE("every numeric option at its extremes gives finite numbers or a refusal") {
  const Catalog catalog = builtin_catalog();
  const auto sources = std::make_shared<const DataSources>();
  for (const std::string& name : catalog.environments.names()) {
    const auto& entry = catalog.environments.at(name);
    Value::Table usual;
    const FieldInfo* source = entry.schema.find(FieldUse::image_source);
    if (source != nullptr) usual[source->name] = "glyphs";
    for (const FieldInfo& field : entry.schema.fields) {
      const bool number = field.type.find("number") != std::string::npos ||
                          field.type.find("integer") != std::string::npos;
      if (!number) continue;
      for (const Value& extreme : extremes(field)) {
        Value::Table given = usual;
        given[field.name] = extreme;
        Problems problems;
        const Value options = entry.schema.normalise(given, name, problems);
        try {
          problems.raise();
        } catch (const UsageError&) {
          continue;  // out of its bounds
        }
        const std::string wrong = fault(catalog, name, field.name, options, sources);
        CAPTURE(name, field.name, extreme.canonical_json(), wrong);
        CHECK(wrong.empty());
      }
    }
  }
}
