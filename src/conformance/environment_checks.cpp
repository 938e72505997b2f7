#include "conformance/environment_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "conformance/schema_checks.hpp"

namespace spurion {

namespace conformance {

std::vector<Domain> some_domains(const Environment& environment) {
  std::vector<Domain> domains = environment.train_domains();
  domains.push_back(environment.test_domain());
  domains.push_back(environment.at(environment.info().shift_axis.low));
  domains.push_back(environment.at(environment.info().shift_axis.high));
  return domains;
}

namespace {

void check_graph(const EnvironmentInfo& info) {
  const std::string defect = info.graph.defect();
  require(defect.empty(), "the causal graph is not sound: " + defect);
  const auto role_of = [&](const std::string& name) -> const Variable* {
    for (const Variable& variable : info.graph.variables) {
      if (variable.name == name) return &variable;
    }
    return nullptr;
  };
  const Variable* cue = role_of(info.cue);
  require(cue != nullptr && cue->role == Role::spurious,
          fmt::format("the cue '{}' is not a spurious variable of the graph", info.cue));
  const Variable* causal = role_of(info.causal);
  require(causal != nullptr && causal->role == Role::causal,
          fmt::format("'{}' is not a causal variable of the graph", info.causal));
  for (const Variable& variable : info.graph.variables) {
    require(!variable.doc.empty(), fmt::format("variable '{}' has no doc", variable.name));
  }
}

/// Several cues: each a spurious variable with a range, the first of them the shift's.
void check_cues(const Environment& environment) {
  const EnvironmentInfo& info = environment.info();
  if (info.cues.empty()) skip("it has one cue");
  require(info.cues.size() > 1, "a list of cues names one only");
  const Cue& first = info.cues.front();
  require(first.name == info.cue && first.low == info.shift_axis.low &&
              first.high == info.shift_axis.high,
          "the shift is not that of the first cue");
  std::vector<double> neutral;
  for (const Cue& cue : info.cues) {
    const auto& variables = info.graph.variables;
    require(std::any_of(variables.begin(), variables.end(),
                        [&](const Variable& variable) {
                          return variable.name == cue.name && variable.role == Role::spurious;
                        }),
            fmt::format("the cue '{}' is not a spurious variable of the graph", cue.name));
    require(!cue.doc.empty(), fmt::format("cue '{}' has no doc", cue.name));
    require(cue.low <= cue.neutral && cue.neutral <= cue.high && cue.low < cue.high,
            fmt::format("cue '{}': {} <= {} <= {} does not hold", cue.name, cue.low, cue.neutral,
                        cue.high));
    neutral.push_back(cue.neutral);
  }
  for (const Domain& domain : some_domains(environment)) {
    require(
        domain.cue_shifts.size() == info.cues.size() && domain.cue_shifts.front() == domain.shift,
        fmt::format("domain '{}' does not say where each cue is", domain.name));
  }
  require(environment.at_cues(neutral).key == environment.at(first.low).key,
          "at_cues does not share its noise with at");
  require_refused("shifts of too few cues", [&] { return environment.at_cues({first.low}); });
  for (std::size_t i = 0; i < neutral.size(); ++i) {
    std::vector<double> outside = neutral;
    outside[i] = info.cues[i].high + 1.0;
    require_refused("a cue beyond its range", [&] { return environment.at_cues(outside); });
  }
}

void check_facts(const EnvironmentInfo& info) {
  std::string missing;
  const auto need = [&](bool there, const char* what) {
    if (!there) missing += (missing.empty() ? "" : ", ") + std::string(what);
  };
  need(!info.name.empty(), "name");
  need(!info.title.empty(), "title");
  need(!info.citation.empty(), "citation");
  need(!info.mechanism.empty(), "mechanism");
  need(!info.shift_axis.name.empty(), "shift name");
  need(!info.shift_axis.doc.empty(), "shift doc");
  need(!info.shift_axis.points.empty(), "shift points");
  require(missing.empty(), "info() lacks: " + missing);
  require(info.task == Task::multiclass ? info.outputs >= 2 : info.outputs == 1,
          fmt::format("{} outputs do not fit the task", info.outputs));
  require(!info.input_shape.empty() && element_count(info.input_shape) > 0, "input_shape is empty");
}

void check_shift_axis(const Environment& environment) {
  const ShiftAxis& axis = environment.info().shift_axis;
  require(axis.low < axis.high, "the range of the shift has no extent");
  require(std::is_sorted(axis.points.begin(), axis.points.end()),
          "the points of the shift curve are not sorted");
  for (const double point : axis.points) {
    require(
        point >= axis.low && point <= axis.high,
        fmt::format("point {} of the shift curve is outside [{}, {}]", point, axis.low, axis.high));
    const Domain domain = environment.at(point);
    require(domain.shift == point, fmt::format("at({}) has shift {}", point, domain.shift));
    require(domain.key == environment.at(axis.low).key,
            "values of the shift have different keys, so they do not share noise");
  }
  require_refused("a shift below the range", [&] { return environment.at(axis.low - 1.0); });
  require_refused("a shift above the range", [&] { return environment.at(axis.high + 1.0); });
}

void check_domains(const Environment& environment) {
  require(!environment.train_domains().empty(), "there is no train domain");
  std::set<std::string> names;
  std::set<std::string> keys;
  std::vector<Domain> domains = environment.train_domains();
  domains.push_back(environment.test_domain());
  require(domains.back().name == "test", "the test domain is not called 'test'");
  for (std::size_t i = 0; i + 1 < domains.size(); ++i) {
    const std::string expected = fmt::format("train_{}", i);
    require(domains[i].name == expected,
            fmt::format("train domain {} is called '{}', not '{}'", i, domains[i].name, expected));
  }
  for (const Domain& domain : domains) {
    require(names.insert(domain.name).second, "two domains have the name " + domain.name);
    require(keys.insert(domain.key).second,
            fmt::format("domain '{}' shares the key '{}', and so its noise, with another",
                        domain.name, domain.key));
  }
}

}  // namespace

void check_description(Checker& checker, const EnvironmentSubject& subject) {
  checker.check("facts complete", [&] { check_facts(subject.info()); });
  checker.check("causal graph sound", [&] { check_graph(subject.info()); });
  checker.check("cues", [&] { check_cues(*subject); });
  checker.check("shift axis", [&] { check_shift_axis(*subject); });
  checker.check("domains have their own names and noise", [&] { check_domains(*subject); });
}

}  // namespace conformance

std::vector<ConformanceResult> check_environment(
    const Catalog& catalog, const std::string& name, const Value& options,
    const std::shared_ptr<const DataSources>& sources) {
  using namespace conformance;
  const OneThread one_thread;
  const auto& entry = catalog.environments.at(name);
  const AnySchema schema = catalog.schema("environment", name);
  Checker checker({"environment", name, options});
  if (options.as_table().empty()) check_entry(checker, entry.info, schema);

  EnvironmentSubject subject;
  const auto data = sources ? sources : std::make_shared<const DataSources>(catalog.image_sources);
  const bool made = checker.check("can be made", [&] {
    const Value all = normalised(schema, options, name);
    subject.make = [&entry, all, data](std::uint64_t seed) {
      return std::shared_ptr<const Environment>(entry.make({all}, EnvironmentContext{seed, data}));
    };
    try {
      subject.environment = subject.make(kDataSeed);
    } catch (const DataError& error) {
      skip(error.what());
    }
    require(subject.info().name == name,
            fmt::format("info() says it is called '{}'", subject.info().name));
  });
  if (made) {
    check_description(checker, subject);
    check_rows(checker, subject);
    check_twins(checker, subject);
    check_ceilings(checker, subject);
    check_interactive(checker, subject);
  }
  return checker.take();
}

}  // namespace spurion
