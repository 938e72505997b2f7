#include "spurion/conformance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "conformance/checker.hpp"

namespace spurion {

namespace {

/// The defaults, then each switch turned and each other allowed word, one at a time: combinations
/// would be many and find little.
void add_subjects(const Catalog& catalog, const std::string& noun, const std::string& name,
                  std::vector<ConformanceSubject>& out) {
  const AnySchema schema = catalog.schema(noun, name);
  out.push_back({noun, name, Value::Table{}});
  for (const FieldInfo& field : schema.fields) {
    const auto add = [&](Value value) {
      out.push_back({noun, name, Value::Table{{field.name, std::move(value)}}});
    };
    if (field.default_value.is_bool()) add(!field.default_value.as_bool());
    if (!field.default_value.is_string()) continue;
    for (const std::string& word : field.bounds.words) {
      if (word != field.default_value.as_string()) add(word);
    }
  }
  for (const PresetInfo& preset : schema.presets) {
    out.push_back({noun, name, Value::Table{{"preset", preset.name}}});
  }
}

/// What checks a subject of each noun.
using Check = std::function<std::vector<ConformanceResult>(
    const Catalog&, const ConformanceSubject&, const std::shared_ptr<const DataSources>&)>;

/// A check that needs no data.
Check without_data(std::vector<ConformanceResult> (*check)(const Catalog&, const std::string&,
                                                           const Value&)) {
  return [check](const Catalog& catalog, const ConformanceSubject& subject,
                 const std::shared_ptr<const DataSources>& /*sources*/) {
    return check(catalog, subject.name, subject.options);
  };
}

/// A check that needs data.
Check with_data(std::vector<ConformanceResult> (*check)(
    const Catalog&, const std::string&, const Value&, const std::shared_ptr<const DataSources>&)) {
  return [check](const Catalog& catalog, const ConformanceSubject& subject,
                 const std::shared_ptr<const DataSources>& sources) {
    return check(catalog, subject.name, subject.options, sources);
  };
}

const std::map<std::string, Check>& checks() {
  static const std::map<std::string, Check> all = {
      {"environment", with_data(check_environment)},   {"model", without_data(check_model)},
      {"method", without_data(check_method)},          {"regime", without_data(check_regime)},
      {"metric", without_data(check_metric)},          {"probe", without_data(check_probe)},
      {"question kind", without_data(check_question)}, {"selector", without_data(check_selector)},
      {"image source", with_data(check_image_source)}};
  return all;
}

}  // namespace

std::string ConformanceSubject::variant() const {
  std::vector<std::string> items;
  for (const auto& [key, value] : options.as_table()) {
    items.push_back(
        fmt::format("{}={}", key, value.is_string() ? value.as_string() : value.canonical_json()));
  }
  return fmt::format("{}", fmt::join(items, ", "));
}

std::vector<ConformanceSubject> conformance_subjects(const Catalog& catalog,
                                                     const std::vector<std::string>& names) {
  std::vector<std::string> known;
  std::vector<ConformanceSubject> out;
  catalog.each([&](const auto& registry) {
    if (checks().count(registry.kind()) == 0) return;
    for (const std::string& name : registry.names()) {
      known.push_back(name);
      if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()) continue;
      add_subjects(catalog, registry.kind(), name, out);
    }
  });
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw UsageError(unknown_name_message("name", name, known));
    }
  }
  return out;
}

std::vector<ConformanceResult> check_conformance(
    const Catalog& catalog, const ConformanceSubject& subject,
    const std::shared_ptr<const DataSources>& sources) {
  const auto check = checks().find(subject.noun);
  if (check == checks().end()) {
    std::vector<std::string> nouns;
    for (const auto& [noun, known] : checks()) nouns.push_back(noun);
    throw UsageError(unknown_name_message("noun", subject.noun, nouns));
  }
  return check->second(catalog, subject, sources);
}

std::vector<ConformanceResult> check_all(
    const Catalog& catalog, const std::vector<std::string>& names,
    const std::function<void(const ConformanceResult&)>& progress) {
  const auto sources = std::make_shared<const DataSources>(catalog.image_sources);
  std::vector<ConformanceResult> all;
  for (const ConformanceSubject& subject : conformance_subjects(catalog, names)) {
    for (ConformanceResult& result : check_conformance(catalog, subject, sources)) {
      if (progress) progress(result);
      all.push_back(std::move(result));
    }
  }
  return all;
}

}  // namespace spurion
