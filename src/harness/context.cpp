#include "harness/context.hpp"

#include <ATen/ATen.h>
#include <ATen/Version.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <dnnl.hpp>
#include <fstream>
#include <thread>

#include "spurion/version.hpp"

namespace spurion {

namespace {

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) {
      const auto colon = line.find(": ");
      if (colon != std::string::npos) return line.substr(colon + 2);
    }
  }
  return "unknown processor";
}

}  // namespace

Value describe_environment(const Environment& environment) {
  const EnvironmentInfo& info = environment.info();
  Value::List shifts;
  for (const Domain& domain : environment.train_domains()) shifts.push_back(domain.shift);
  Value::List variables;
  constexpr const char* kRoles[] = {"label",  "causal",   "spurious", "noise",
                                    "hidden", "observed", "selection"};
  for (const Variable& variable : info.graph.variables) {
    variables.push_back(Value::Table{{"name", variable.name},
                                     {"role", kRoles[static_cast<int>(variable.role)]},
                                     {"doc", variable.doc}});
  }
  Value::List edges;
  for (const Edge& edge : info.graph.edges) {
    edges.push_back(Value::List{Value(edge.from), Value(edge.to)});
  }
  return Value::Table{
      {"title", info.title},
      {"citation", info.citation},
      {"mechanism", info.mechanism},
      {"deviations", info.deviations},
      {"graph", info.graph.text()},
      {"variables", variables},
      {"edges", edges},
      {"dial_name", info.dial.name},
      {"dial_doc", info.dial.doc},
      {"train_shifts", shifts},
      {"test_shift", environment.test_domain().shift},
      {"score", info.score() == Score::accuracy ? "accuracy" : "mean_squared_error"}};
}

std::string build_description() {
  const dnnl_version_t* dnnl = dnnl_version();
  return fmt::format("spurion {}, LibTorch {}, oneDNN {}.{}.{}, {} {}, {} ({} cores)", version(),
                     TORCH_VERSION, dnnl->major, dnnl->minor, dnnl->patch,
#if defined(__clang__)
                     "clang", __clang_version__,
#else
                     "g++", __VERSION__,
#endif
                     cpu_name(), std::thread::hardware_concurrency());
}

std::map<std::string, std::string> run_context(const Suite& suite,
                                               const std::vector<TrialSpec>& trials,
                                               const Catalog& catalog,
                                               const std::shared_ptr<const DataSources>& sources) {
  std::map<std::string, std::string> context;
  context["suite"] = suite.text;
  context["suite_name"] = suite.name;
  context["versions"] = build_description();
  context["trials"] = fmt::format("{}", trials.size());
  context["plugins"] = fmt::format("{}", fmt::join(catalog.plugins(), ", "));
  for (const TrialSpec& trial : trials) {
    auto& method = context["access." + trial.method.name];
    if (method.empty()) {
      method = catalog.methods.at(trial.method.name)
                   .make({trial.method.options}, MethodContext{Task::binary, 1, 2, 4})
                   ->needs()
                   .text();
    }
    auto& regime = context["access." + trial.regime.name];
    if (regime.empty()) {
      regime = catalog.regimes.at(trial.regime.name).make({trial.regime.options})->grants().text();
    }
    auto& environment = context["environment." + trial.environment.name];
    if (environment.empty()) {
      environment = describe_environment(
                        *catalog.environments.at(trial.environment.name)
                             .make({trial.environment.options}, EnvironmentContext{0, sources}))
                        .canonical_json();
    }
  }
  return context;
}

}  // namespace spurion
