#include "spurion/trial.hpp"

#include <fmt/format.h>

#include "harness/suite/added_options.hpp"
#include "harness/suite/trial_id.hpp"
#include "spurion/error.hpp"

namespace spurion {

namespace {

Value component(const char* section, const Component& part) {
  const Component written = harness::without_added(section, part);
  return Value::Table{{"name", written.name}, {"options", written.options}};
}

Component read_component(const Value& value, const char* key) {
  const Value* part = value.find(key);
  if (part == nullptr || !part->is_table() || part->find("name") == nullptr ||
      part->find("options") == nullptr) {
    throw UsageError(fmt::format("trial has no {}", key));
  }
  return harness::with_added(key,
                             Component{part->find("name")->as_string(), *part->find("options")});
}

const Value& require(const Value& value, const char* key) {
  const Value* part = value.find(key);
  if (part == nullptr) throw UsageError(fmt::format("trial has no {}", key));
  return *part;
}

}  // namespace

std::array<TrialSection, 7> TrialSpec::sections() const {
  return {{{"environment", &environment, &environment.options},
           {"model", &model, &model.options},
           {"method", &method, &method.options},
           {"regime", &regime, &regime.options},
           {"optimizer", nullptr, &optimizer},
           {"training", nullptr, &training},
           {"evaluation", nullptr, &evaluation}}};
}

std::optional<TrialSection> TrialSpec::section(const std::string& name) const {
  for (const TrialSection& one : sections()) {
    if (name == one.name) return one;
  }
  return std::nullopt;
}

Value TrialSpec::canonical() const {
  return Value::Table{{"environment", component("environment", environment)},
                      {"model", component("model", model)},
                      {"method", component("method", method)},
                      {"regime", component("regime", regime)},
                      {"optimizer", harness::without_added("optimizer", optimizer)},
                      {"training", harness::without_added("training", training)},
                      {"evaluation", harness::without_added("evaluation", evaluation)},
                      {"seed", seed},
                      {"base_seed", base_seed},
                      {"config_index", config_index}};
}

std::string TrialSpec::id() const { return harness::trial_id(*this).text(); }

TrialSpec TrialSpec::from_canonical(const Value& value) {
  TrialSpec spec;
  spec.environment = read_component(value, "environment");
  spec.model = read_component(value, "model");
  spec.method = read_component(value, "method");
  spec.regime = read_component(value, "regime");
  spec.optimizer = harness::with_added("optimizer", require(value, "optimizer"));
  spec.training = harness::with_added("training", require(value, "training"));
  spec.evaluation = harness::with_added("evaluation", require(value, "evaluation"));
  spec.seed = require(value, "seed").as_integer();
  spec.base_seed = require(value, "base_seed").as_integer();
  spec.config_index = require(value, "config_index").as_integer();
  return spec;
}

const char* status_name(Status status) {
  constexpr const char* kNames[] = {"done", "diverged", "failed"};
  return kNames[static_cast<int>(status)];
}

}  // namespace spurion
