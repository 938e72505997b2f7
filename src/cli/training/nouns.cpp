#include "cli/training/nouns.hpp"

#include <algorithm>

#include "cli/training/number_description.hpp"
#include "spurion/analysis/glossary.hpp"
#include "spurion/error.hpp"
#include "spurion/suite.hpp"

namespace spurion::cli {

namespace {

using Pairs = std::vector<std::string>;

/// The names and entries of the registry that `of` gives for a catalog.
template <class Of>
Noun registered_in(const char* plural, const Of& of) {
  Noun noun;
  noun.plural = plural;
  noun.names = [of](const Catalog& catalog) { return of(catalog).names(); };
  noun.entry = [of](const Catalog& catalog, const std::string& name) {
    const EntryInfo& info = of(catalog).at(name).info;
    Json entry{{"name", name},
               {"summary", info.summary},
               {"reference", info.reference},
               {"origin", info.origin}};
    if (info.control != Control::none) entry["control"] = control_name(info.control);
    return entry;
  };
  return noun;
}

/// The same of a member of the catalog.
template <class R>
Noun registered(const char* plural, R Catalog::*registry) {
  return registered_in(
      plural, [registry](const Catalog& catalog) -> const R& { return catalog.*registry; });
}

Json suite_entry(const std::string& name) {
  try {
    return {{"name", name}, {"summary", Suite::load(name).title}};
  } catch (const Error& error) {
    return {{"name", name}, {"summary", std::string("cannot be read: ") + error.what()}};
  }
}

bool is_suite_file(const std::string& name) {
  return name.size() > 5 && name.compare(name.size() - 5, 5, ".toml") == 0;
}

Noun suites() {
  Noun noun;
  noun.plural = "suites";
  noun.names = [](const Catalog&) { return suite_names(); };
  noun.entry = [](const Catalog&, const std::string& name) { return suite_entry(name); };
  noun.describe = [](const Catalog& catalog, const std::string& name, const Pairs&) {
    return describe_suite(catalog, name);
  };
  noun.also = is_suite_file;
  return noun;
}

/// What a suite file may hold, under the name "suite".
Noun suite_file() {
  Noun noun;
  noun.plural = "suite";
  noun.listed = false;
  noun.names = [](const Catalog&) { return std::vector<std::string>{"suite"}; };
  noun.describe = [](const Catalog&, const std::string&, const Pairs&) {
    return describe_suite_file();
  };
  return noun;
}

/// The sections of a suite that are options alone.
Noun sections() {
  Noun noun;
  noun.plural = "sections";
  noun.listed = false;
  noun.names = [](const Catalog&) { return plain_sections(); };
  noun.describe = [](const Catalog&, const std::string& name, const Pairs&) {
    return describe_section(name);
  };
  return noun;
}

/// Numbers that stores and files hold. A metric of the same name tells of its own itself.
Noun columns() {
  Noun noun;
  noun.plural = "columns";
  noun.in_all = false;
  noun.fallback = true;
  noun.names = [](const Catalog& catalog) {
    std::vector<std::string> names;
    for (const MetricInfo& column : known_columns(catalog)) names.push_back(column.name);
    return names;
  };
  noun.entry = [](const Catalog& catalog, const std::string& name) {
    const Json facts = describe_column(catalog, name);
    return Json{{"name", name}, {"summary", facts.at("summary")}};
  };
  noun.describe = [](const Catalog& catalog, const std::string& name, const Pairs&) {
    return describe_column(catalog, name);
  };
  return noun;
}

Noun terms() {
  Noun noun;
  noun.plural = "terms";
  noun.in_all = false;
  noun.fallback = true;
  noun.names = [](const Catalog&) {
    std::vector<std::string> names;
    for (const analysis::Term& term : analysis::glossary()) names.emplace_back(term.name);
    return names;
  };
  noun.entry = [](const Catalog&, const std::string& name) {
    return Json{{"name", name}, {"summary", describe_term(name).at("summary")}};
  };
  noun.describe = [](const Catalog&, const std::string& name, const Pairs&) {
    return describe_term(name);
  };
  noun.also = [](const std::string& name) { return analysis::find_term(name) != nullptr; };
  return noun;
}

std::vector<Noun> make_nouns() {
  Noun environments = registered("environments", &Catalog::environments);
  environments.takes_options = true;
  environments.describe = [](const Catalog& catalog, const std::string& name, const Pairs& pairs) {
    return describe_environment(catalog, name, pairs);
  };
  Noun models = registered("models", &Catalog::models);
  models.describe = [](const Catalog& catalog, const std::string& name, const Pairs&) {
    return describe_model(catalog, name);
  };
  Noun methods = registered("methods", &Catalog::methods);
  methods.takes_options = true;
  methods.entry = [entry = methods.entry](const Catalog& catalog, const std::string& name) {
    Json out = entry(catalog, name);
    try {
      const Json facts = describe_method(catalog, name, {});
      out["needs"] = facts.at("needs");
      out["path"] = facts.at("path");
    } catch (const Error&) {
      return out;  // a plug-in's method that cannot be made is listed all the same
    }
    return out;
  };
  methods.describe = [](const Catalog& catalog, const std::string& name, const Pairs& pairs) {
    return describe_method(catalog, name, pairs);
  };
  Noun regimes = registered("regimes", &Catalog::regimes);
  regimes.takes_options = true;
  regimes.describe = [](const Catalog& catalog, const std::string& name, const Pairs& pairs) {
    return describe_regime(catalog, name, pairs);
  };
  Noun metrics = registered("metrics", &Catalog::metrics);
  metrics.entry = [entry = metrics.entry](const Catalog& catalog, const std::string& name) {
    Json out = entry(catalog, name);
    out["columns"] = Json::array();
    for (const MetricInfo& column : columns_of(catalog, name)) {
      out["columns"].push_back(column.name);
    }
    return out;
  };
  metrics.describe = [](const Catalog& catalog, const std::string& name, const Pairs&) {
    return describe_metric(catalog, name);
  };
  Noun probes = registered("probes", &Catalog::probes);
  probes.takes_options = true;
  probes.describe = [](const Catalog& catalog, const std::string& name, const Pairs& pairs) {
    return describe_probe(catalog, name, pairs);
  };
  Noun questions = registered("questions", &Catalog::questions);
  questions.describe = [](const Catalog& catalog, const std::string& name, const Pairs&) {
    return describe_question(catalog, name);
  };
  Noun selectors = registered_in(
      "selectors",
      [](const Catalog& catalog) -> const auto& { return catalog.questions.selectors; });
  selectors.describe = [](const Catalog& catalog, const std::string& name, const Pairs&) {
    return describe_selector(catalog, name);
  };
  Noun sources = registered("image_sources", &Catalog::image_sources);
  sources.describe = [](const Catalog& catalog, const std::string& name, const Pairs&) {
    return describe_image_source(catalog, name);
  };
  return {environments, models,  methods,  regimes,      metrics,    probes,    questions,
          selectors,    sources, suites(), suite_file(), sections(), columns(), terms()};
}

}  // namespace

bool Noun::has(const Catalog& catalog, const std::string& name) const {
  const std::vector<std::string> all = names(catalog);
  return std::find(all.begin(), all.end(), name) != all.end() || (also && also(name));
}

const std::vector<Noun>& nouns() {
  static const std::vector<Noun> all = make_nouns();
  return all;
}

}  // namespace spurion::cli
