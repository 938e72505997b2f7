#include "spurion/conformance.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "conformance/checker.hpp"

namespace spurion {

namespace {

/// The defaults, then each switch turned and each other allowed word, one at a time: combinations
/// would be many and find little.
template <class R>
void add_subjects(const R& registry, const std::vector<std::string>& names,
                  std::vector<ConformanceSubject>& out) {
  for (const std::string& name : registry.names()) {
    if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()) continue;
    out.push_back({registry.kind(), name, Value::Table{}});
    for (const FieldInfo& field : registry.at(name).schema.fields) {
      const auto add = [&](Value value) {
        out.push_back({registry.kind(), name, Value::Table{{field.name, std::move(value)}}});
      };
      if (field.default_value.is_bool()) add(!field.default_value.as_bool());
      if (!field.default_value.is_string()) continue;
      for (const std::string& word : field.bounds.words) {
        if (word != field.default_value.as_string()) add(word);
      }
    }
    for (const PresetInfo& preset : registry.at(name).schema.presets) {
      out.push_back({registry.kind(), name, Value::Table{{"preset", preset.name}}});
    }
  }
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
  const auto gather = [&known](const auto& registry) {
    const auto some = registry.names();
    known.insert(known.end(), some.begin(), some.end());
  };
  gather(catalog.environments);
  gather(catalog.models);
  gather(catalog.methods);
  gather(catalog.regimes);
  gather(catalog.metrics);
  gather(catalog.questions);
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw UsageError(unknown_name_message("name", name, known));
    }
  }
  std::vector<ConformanceSubject> out;
  add_subjects(catalog.environments, names, out);
  add_subjects(catalog.models, names, out);
  add_subjects(catalog.methods, names, out);
  add_subjects(catalog.regimes, names, out);
  add_subjects(catalog.metrics, names, out);
  add_subjects(catalog.questions, names, out);
  return out;
}

std::vector<ConformanceResult> check_conformance(
    const Catalog& catalog, const ConformanceSubject& subject,
    const std::shared_ptr<const DataSources>& sources) {
  if (subject.noun == "environment") {
    return check_environment(catalog, subject.name, subject.options, sources);
  }
  if (subject.noun == "model") return check_model(catalog, subject.name, subject.options);
  if (subject.noun == "method") return check_method(catalog, subject.name, subject.options);
  if (subject.noun == "regime") return check_regime(catalog, subject.name, subject.options);
  if (subject.noun == "metric") return check_metric(catalog, subject.name, subject.options);
  if (subject.noun == catalog.questions.kind()) {
    return check_question(catalog, subject.name, subject.options);
  }
  throw UsageError(unknown_name_message("noun", subject.noun,
                                        {"environment", "model", "method", "regime", "metric"}));
}

std::vector<ConformanceResult> check_all(
    const Catalog& catalog, const std::vector<std::string>& names,
    const std::function<void(const ConformanceResult&)>& progress) {
  const auto sources = std::make_shared<const DataSources>();
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
