#include <pybind11/stl.h>

#include <utility>

#include "python/bindings.hpp"
#include "python/tensors.hpp"
#include "spurion/conformance.hpp"
#include "spurion/suite.hpp"

namespace spurion::python {

namespace {

py::dict option_of(const FieldInfo& field) {
  py::dict out;
  out["name"] = field.name;
  out["type"] = field.type;
  out["doc"] = field.doc;
  out["default"] = to_python(field.default_value);
  out["allowed"] = field.bounds.text();
  out["search"] = field.search.text();
  out["per_replica"] = field.per_replica;
  return out;
}

py::dict describe(const Catalog& catalog, const std::string& noun, const std::string& name) {
  const EntryInfo info =
      catalog.visit(noun, [&](const auto& registry) { return registry.at(name).info; });
  py::dict out;
  out["noun"] = noun;
  out["name"] = info.name;
  out["summary"] = info.summary;
  out["reference"] = info.reference;
  out["origin"] = info.origin;
  py::list options;
  for (const FieldInfo& field : catalog.schema(noun, name).fields) options.append(option_of(field));
  out["options"] = options;
  return out;
}

std::vector<std::string> nouns_of(const Catalog& catalog) {
  std::vector<std::string> nouns;
  catalog.each([&](const auto& registry) { nouns.push_back(registry.kind()); });
  return nouns;
}

py::list selftest(const PythonCatalog& self, const std::string& noun, const std::string& name) {
  std::vector<ConformanceResult> results;
  {
    const py::gil_scoped_release released;
    ConformanceSubject subject;
    subject.noun = noun;
    subject.name = name;
    results = check_conformance(self.catalog, subject);
  }
  static constexpr const char* kOutcomes[] = {"passed", "failed", "skipped"};
  py::list out;
  for (const ConformanceResult& result : results) {
    py::dict one;
    one["check"] = result.check;
    one["outcome"] = kOutcomes[static_cast<std::size_t>(result.outcome)];
    one["message"] = result.message;
    out.append(one);
  }
  return out;
}

}  // namespace

void bind_catalog(py::module_& module, py::class_<PythonCatalog>& catalog) {
  module.def("suite_names", &suite_names, "The suites that come with spurion.");
  catalog.def("nouns", [](const PythonCatalog& self) { return nouns_of(self.catalog); })
      .def("names",
           [](const PythonCatalog& self, const std::string& noun) {
             return self.catalog.visit(noun, [](const auto& registry) { return registry.names(); });
           })
      .def("describe", [](const PythonCatalog& self, const std::string& noun,
                          const std::string& name) { return describe(self.catalog, noun, name); })
      .def("load_plugin",
           [](PythonCatalog& self, const std::string& file) { self.catalog.load_plugin(file); })
      .def("selftest", &selftest);
}

}  // namespace spurion::python
