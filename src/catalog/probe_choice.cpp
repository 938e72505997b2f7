#include "catalog/probe_choice.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "core/measurement_names.hpp"
#include "core/place_of.hpp"

namespace spurion::catalog {

namespace {

constexpr const char* kLabel = "as";

/// The same without its label.
Component unlabelled(const Component& written) {
  Component probe = written;
  if (probe.options.is_table()) probe.options.as_table().erase(kLabel);
  return probe;
}

/// Why a text cannot be a label; empty if it can.
std::string label_problem(const Component& written) {
  const Value* given = written.options.find(kLabel);
  if (given != nullptr && !given->is_string()) {
    return fmt::format("'{}' of probe '{}' is no text", kLabel, written.name);
  }
  const std::string label = probe_label(written);
  try {
    check_registered_name("label of a probe", label);
  } catch (const UsageError& error) {
    return error.what();
  }
  // "_on_" stands between a label and the name of a cue.
  const auto read = core::parse_probe(core::stored_probe(label, "cue"));
  if (!read || read->label != label) {
    return fmt::format("the label '{}' of a probe has '_on_' in it: choose another", label);
  }
  return {};
}

}  // namespace

std::string probe_label(const Component& written) {
  const Value* given = written.options.find(kLabel);
  return given != nullptr && given->is_string() ? given->as_string() : written.name;
}

Component probe_component(const Value& written) {
  const Value* name = written.find("name");
  if (name == nullptr || !name->is_string()) {
    throw UsageError("a probe needs a name: { name = \"input_gradient\" }");
  }
  Component probe{name->as_string(), written};
  probe.options.as_table().erase("name");
  return unlabelled(probe);
}

std::vector<ProbeChoice> chosen_probes(const EvaluationOptions& evaluation) {
  std::vector<ProbeChoice> all;
  for (const Component& written : evaluation.probes) {
    all.push_back({probe_label(written), unlabelled(written)});
  }
  return all;
}

void complete_probes(std::vector<Component>& probes, const Catalog& catalog, Problems& problems) {
  std::set<std::string> labels;
  for (Component& written : probes) {
    const std::string place = core::place_of(written.options);
    if (!catalog.probes.contains(written.name)) {
      problems.add(place + unknown_name_message("probe", written.name, catalog.probes.names()));
      continue;
    }
    if (const std::string problem = label_problem(written); !problem.empty()) {
      problems.add(place + problem);
      continue;
    }
    const std::string label = probe_label(written);
    if (!labels.insert(label).second) {
      problems.add(fmt::format(
          "{}two probes are called '{}': give one a label of its own, as = \"...\"", place, label));
      continue;
    }
    const AnySchema schema = catalog.schema("probe", written.name);
    written.options = schema.normalise(unlabelled(written).options, written.name, problems);
    if (label != written.name) written.options.as_table()[kLabel] = label;
  }
}

}  // namespace spurion::catalog
