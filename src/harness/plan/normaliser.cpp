#include "harness/plan/normaliser.hpp"

#include <fmt/format.h>

#include <utility>

#include "catalog/method_needs.hpp"
#include "catalog/plugin_parts.hpp"
#include "catalog/probe_choice.hpp"
#include "core/nearest_names.hpp"
#include "core/place_of.hpp"
#include "harness/plan/granting_regimes.hpp"
#include "harness/suite/trial_sections.hpp"
#include "spurion/error.hpp"
#include "spurion/optimizer.hpp"

namespace spurion::harness {

namespace {

/// Draws of a search are written once each: what is remembered of them is bounded. It lies between
/// the sections of the trials, so that what it took stays a gap in the memory of the run.
constexpr std::size_t kMostKnown = 1 << 12;

const AnySchema& plain_schema(const std::string& section) {
  static const AnySchema optimizer = AnySchema::of(OptimizerOptions::schema());
  static const AnySchema training = AnySchema::of(TrainingOptions::schema());
  static const AnySchema evaluation = AnySchema::of(EvaluationOptions::schema());
  return section == "optimizer" ? optimizer : section == "training" ? training : evaluation;
}

}  // namespace

Normaliser::Normaliser(const Catalog& catalog, Problems& problems)
    : catalog_(catalog), problems_(problems) {}

void Normaliser::report(const std::string& problem) {
  if (seen_.insert(problem).second) problems_.add(problem);
}

bool Normaliser::read(const Value& sections, const std::string& experiment, Sections& out,
                      const Flags& once) {
  bool good = true;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = section(sections, i, experiment, once[i]);
    good = good && out[i] != nullptr;
  }
  return good;
}

std::shared_ptr<const NormalSection> Normaliser::section(const Value& sections, std::size_t index,
                                                         const std::string& experiment, bool once) {
  const Value* given = sections.find(section_names()[index]);
  Memory& memory = memory_[index];
  // Grid points that do not differ in a section share it.
  if (given != nullptr && memory.last != nullptr && !given->as_table().empty() &&
      &given->as_table() == &std::as_const(memory.last_raw).as_table()) {
    return memory.last;
  }
  std::string written = given == nullptr || once ? std::string() : given->canonical_json();
  const auto known = once ? memory.known.end() : memory.known.find(written);
  std::shared_ptr<const NormalSection> found =
      known != memory.known.end() ? known->second : read_section(given, index, experiment);
  if (found == nullptr) return found;
  if (!once && known == memory.known.end()) {
    if (memory.known.size() >= kMostKnown) memory.known.clear();
    memory.known.emplace(std::move(written), found);
  }
  if (given != nullptr) {
    memory.last_raw = *given;
    memory.last = found;
  }
  return found;
}

std::shared_ptr<const NormalSection> Normaliser::read_section(const Value* given, std::size_t index,
                                                              const std::string& experiment) {
  return is_component(section_names()[index]) ? read_component(given, index, experiment)
                                              : read_plain(given, index);
}

void Normaliser::share_parts(Value& options, std::size_t index) const {
  const auto& last = memory_[index].last;
  if (last != nullptr) options.share_parts(last->options);
}

const AnySchema* Normaliser::schema_of(const std::string& section, const std::string& name) {
  const auto found = schemas_.find({section, name});
  if (found != schemas_.end()) return &found->second;
  const bool known =
      catalog_.visit(section, [&](const auto& registry) { return registry.contains(name); });
  if (!known) return nullptr;
  return &schemas_.emplace(std::pair(section, name), catalog_.schema(section, name)).first->second;
}

std::shared_ptr<const NormalSection> Normaliser::read_component(const Value* given,
                                                                std::size_t index,
                                                                const std::string& experiment) {
  const std::string& section = section_names()[index];
  const Value* name = given == nullptr ? nullptr : given->find("name");
  if (name == nullptr || !name->is_string()) {
    report(fmt::format("{}experiment '{}' names no {}: write {} = {{ name = \"...\" }}",
                       given == nullptr ? "" : core::place_of(*given), experiment, section,
                       section));
    return nullptr;
  }
  const AnySchema* schema = schema_of(section, name->as_string());
  if (schema == nullptr) {
    const auto names =
        catalog_.visit(section, [](const auto& registry) { return registry.names(); });
    const bool near = !core::nearest_names(name->as_string(), names, 1).empty();
    report(core::place_of(*name) + unknown_name_message(section, name->as_string(), names) +
           (near ? "" : ". If a plug-in has it, load the plug-in (--plugin FILE)"));
    return nullptr;
  }
  Value options = *given;
  options.as_table().erase("name");
  Problems local;
  Component component{name->as_string(), schema->normalise(options, name->as_string(), local)};
  for (const std::string& problem : local.list()) report(problem);
  if (!local.empty()) return nullptr;
  share_parts(component.options, index);
  return std::make_shared<const NormalSection>(
      NormalSection{component.name, component.options, canonical_text(section, component)});
}

void Normaliser::complete_probes(Value& evaluation, Problems& problems) const {
  const Value* written = evaluation.find("probes");
  if (written == nullptr || written->as_list().empty()) return;
  EvaluationOptions options = EvaluationOptions::schema().parse(evaluation, "evaluation", problems);
  catalog::complete_probes(options.probes, catalog_, problems);
  evaluation = EvaluationOptions::schema().print(options);
}

std::shared_ptr<const NormalSection> Normaliser::read_plain(const Value* given, std::size_t index) {
  const std::string& section = section_names()[index];
  Problems local;
  Value options =
      plain_schema(section).normalise(given == nullptr ? Value() : *given, section, local);
  if (section == "evaluation" && local.empty()) complete_probes(options, local);
  for (const std::string& problem : local.list()) report(problem);
  if (!local.empty()) return nullptr;
  share_parts(options, index);
  return std::make_shared<const NormalSection>(
      NormalSection{{}, options, canonical_text(section, options)});
}

namespace {

/// The registered methods that need rewards.
std::vector<std::string> methods_for_rewards(const Catalog& catalog) {
  std::vector<std::string> names;
  for (const std::string& name : catalog.methods.names()) {
    Problems problems;
    const Value options = catalog.methods.at(name).schema.normalise(Value(), name, problems);
    try {
      if (problems.empty() && catalog::method_needs(catalog, {name, options}).rewards) {
        names.push_back(name);
      }
    } catch (const std::exception&) {
      continue;  // it cannot be asked with its defaults
    }
  }
  return names;
}

}  // namespace

void Normaliser::check_access(const TrialSpec& spec, const Value& written) {
  const auto& method = catalog_.methods.at(spec.method.name);
  const auto& regime = catalog_.regimes.at(spec.regime.name);
  // What a method needs to see is the same for all replicas of a pack.
  const std::pair<std::int64_t, std::int64_t> key = {
      numbers_.of_shared(spec.method.name, spec.method.options, method.schema),
      numbers_.of(spec.regime.name, spec.regime.options)};
  if (!checked_.insert(key).second) return;
  try {
    catalog::looked_at(spec, catalog_, [&] {
      const Access needs = catalog::method_needs(catalog_, spec.method);
      const Access grants = regime.make({spec.regime.options})->grants();
      const auto missing = needs.missing_from(grants);
      const Value* place = written.find("method");
      if (grants.rewards && !needs.rewards) {
        report(fmt::format(
            "{}method '{}' learns from labels, but in regime '{}' the labels are the actions that "
            "the learner took; use a method that learns from their rewards: {}",
            place == nullptr ? "" : core::place_of(*place), spec.method.name, spec.regime.name,
            fmt::join(methods_for_rewards(catalog_), " or ")));
        return;
      }
      if (missing.empty()) return;
      const std::vector<std::string> granting = granting_regimes(catalog_, needs, spec.regime.name);
      report(fmt::format(
          "{}method '{}' needs {}, which regime '{}' does not grant (it grants: {}); {}",
          place == nullptr ? "" : core::place_of(*place), spec.method.name,
          fmt::join(missing, " and "), spec.regime.name, grants.text(),
          granting.empty() ? "no regime does"
                           : fmt::format("regime = {} does", fmt::join(granting, " or "))));
    });
  } catch (const UsageError& error) {
    report(error.what());
  }
}

TrialSpec trial_of(const Normaliser::Sections& sections) {
  const auto component = [&](std::size_t i) {
    return Component{sections[i]->name, sections[i]->options};
  };
  TrialSpec spec;
  spec.environment = component(0);
  spec.model = component(1);
  spec.method = component(2);
  spec.regime = component(3);
  spec.optimizer = sections[4]->options;
  spec.training = sections[5]->options;
  spec.evaluation = sections[6]->options;
  return spec;
}

SectionTexts texts_of(const Normaliser::Sections& sections) {
  SectionTexts texts{};
  for (std::size_t i = 0; i < texts.size(); ++i) texts[i] = &sections[i]->text;
  return texts;
}

}  // namespace spurion::harness
