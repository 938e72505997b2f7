#include <ATen/ATen.h>
#include <pybind11/stl.h>

#include <cmath>
#include <map>
#include <memory>
#include <utility>

#include "harness/exchange/exported_rows.hpp"
#include "harness/exchange/predictions.hpp"
#include "harness/exchange/score.hpp"
#include "nouns/default_twin.hpp"
#include "python/bindings.hpp"
#include "python/tensors.hpp"
#include "spurion/error.hpp"

namespace spurion::python {

namespace {

/// Which rows of a domain.
struct Rows {
  std::string domain;
  std::string split;
  std::int64_t first = 0;
  std::int64_t count = 0;
};

py::dict to_dict(const Sample& sample) {
  py::dict out;
  out["x"] = to_python(sample.x);
  out["y"] = to_python(sample.y);
  out["causal"] = to_python(sample.causal);
  out["spurious"] = to_python(sample.spurious);
  out["group"] = to_python(sample.group);
  return out;
}

py::object known(const Ceiling& ceiling) {
  if (std::isnan(ceiling.value)) return py::none();
  return py::float_(ceiling.value);
}

/// An environment as a trial with these seeds sees it.
class BoundEnvironment {
 public:
  BoundEnvironment(const PythonCatalog& catalog, const std::string& name, const py::object& options,
                   std::int64_t seed, std::int64_t base_seed)
      : catalog_(catalog.catalog) {
    set_.environment = harness::make_component(catalog_, name, to_value(options, "options"));
    set_.seed = seed;
    set_.base_seed = base_seed;
    environment_ = harness::make_environment(
        set_, catalog_, std::make_shared<const DataSources>(catalog_.image_sources));
  }

  [[nodiscard]] py::dict info() const {
    const EnvironmentInfo& facts = environment_->info();
    py::dict out;
    out["name"] = facts.name;
    out["title"] = facts.title;
    out["citation"] = facts.citation;
    out["mechanism"] = facts.mechanism;
    out["deviations"] = facts.deviations;
    out["task"] = facts.task == Task::binary       ? "binary"
                  : facts.task == Task::multiclass ? "multiclass"
                                                   : "regression";
    out["outputs"] = facts.outputs;
    out["groups"] = facts.groups;
    out["input_shape"] = py::cast(facts.input_shape);
    out["cue"] = facts.cue;
    out["causal"] = facts.causal;
    out["options"] = to_python(set_.environment.options);
    py::list domains;
    for (const Domain& domain : environment_->train_domains()) domains.append(domain.name);
    out["train_domains"] = domains;
    out["test_domain"] = environment_->test_domain().name;
    return out;
  }

  [[nodiscard]] Sample sample(const Rows& rows) const {
    return environment_->sample(harness::find_domain(*environment_, rows.domain),
                                harness::parse_split(rows.split), {rows.first, rows.count});
  }

  [[nodiscard]] Sample twin(const Rows& rows, const std::string& variable) const {
    const std::string of = variable.empty() ? environment_->info().cue : variable;
    const Intervention change = nouns::default_twin(*environment_, of);
    if (change.kind == Intervention::Kind::none) {
      throw UsageError("rows of this environment have no twins in '" + of + "'");
    }
    return environment_->sample(harness::find_domain(*environment_, rows.domain),
                                harness::parse_split(rows.split), {rows.first, rows.count}, change);
  }

  [[nodiscard]] py::dict ceilings(const std::string& domain) const {
    const Ceilings known_scores =
        environment_->ceilings(harness::find_domain(*environment_, domain));
    py::dict out;
    out["bayes"] = known(known_scores.bayes);
    out["invariant"] = known(known_scores.invariant);
    out["spurious_only"] = known(known_scores.spurious_only);
    out["chance"] = known_scores.chance;
    if (known_scores.population_erm) out["population_erm"] = known(*known_scores.population_erm);
    return out;
  }

  /// Scores of logits on the first rows of domains, as `spurion score` computes them.
  [[nodiscard]] std::map<std::string, std::map<std::string, double>> score(
      const std::vector<std::string>& domains, std::int64_t rows, const Tensor& logits,
      const Tensor& twin_logits) const {
    harness::RowSet set = set_;
    set.split = Split::test;
    for (const std::string& name : domains) {
      set.parts.push_back({harness::find_domain(*environment_, name).name, {0, rows}});
    }
    const EnvironmentInfo& facts = environment_->info();
    harness::ScoredLogits scored;
    scored.logits = harness::checked_logits(logits, facts, set.count(), "logits");
    const harness::RowSetSample samples = harness::sample_rows(set, *environment_);
    if (twin_logits.defined()) {
      scored.twin_logits = harness::checked_logits(twin_logits, facts, set.count(), "twin_logits");
      if (samples.twins.empty()) throw UsageError("rows of this environment have no twins");
    }
    const TrialResult result =
        harness::score_predictions({set, *environment_, samples}, scored, catalog_, "python");
    std::map<std::string, std::map<std::string, double>> out;
    for (const MeasurementRow row : result.measurements) out[row.domain][row.metric] = row.value;
    return out;
  }

 private:
  Catalog catalog_;
  harness::RowSet set_;
  std::shared_ptr<const Environment> environment_;
};

}  // namespace

void bind_environments(py::module_& module) {
  py::class_<BoundEnvironment>(module, "Environment")
      .def(py::init<const PythonCatalog&, const std::string&, const py::object&, std::int64_t,
                    std::int64_t>())
      .def("info", &BoundEnvironment::info)
      .def("ceilings", &BoundEnvironment::ceilings)
      .def("sample",
           [](const BoundEnvironment& self, const std::string& domain, const std::string& split,
              std::int64_t first, std::int64_t count) {
             Sample rows;
             {
               const py::gil_scoped_release released;
               rows = self.sample({domain, split, first, count});
             }
             return to_dict(rows);
           })
      .def("twin",
           [](const BoundEnvironment& self, const std::string& domain, const std::string& split,
              std::pair<std::int64_t, std::int64_t> range, const std::string& variable) {
             return to_dict(self.twin({domain, split, range.first, range.second}, variable));
           })
      .def("score", [](const BoundEnvironment& self, const std::vector<std::string>& domains,
                       std::int64_t rows, const py::object& logits, const py::object& twin_logits) {
        return self.score(domains, rows, to_tensor(logits, "logits"),
                          twin_logits.is_none() ? Tensor() : to_tensor(twin_logits, "twin_logits"));
      });
}

}  // namespace spurion::python
