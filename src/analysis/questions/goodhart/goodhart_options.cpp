#include "analysis/questions/goodhart/goodhart_options.hpp"

#include <algorithm>
#include <optional>

#include "analysis/questions/authenticity/probe_lines.hpp"
#include "core/measurement_names.hpp"

namespace spurion::analysis::questions::goodhart {

namespace {

/// The text of a field of a table; none where it has no such text.
std::optional<std::string> text_of(const Value* table, const char* field) {
  const Value* value = table != nullptr && table->is_table() ? table->find(field) : nullptr;
  if (value == nullptr || !value->is_string()) return {};
  return value->as_string();
}

/// The probe that a trial measures under a label; none where it measures none.
std::optional<std::string> probe_labelled(const TrialSpec& trial, const std::string& label) {
  const Value* probes = trial.evaluation.find("probes");
  if (probes == nullptr || !probes->is_list()) return {};
  for (const Value& probe : probes->as_list()) {
    const std::optional<std::string> name = text_of(&probe, "name");
    if (text_of(&probe, "as").value_or(name.value_or("")) == label) return name;
  }
  return {};
}

}  // namespace

std::string GoodhartOptions::truth_name() const {
  return authenticity::truth_of_probe(proxy, truth);
}

std::vector<std::string> GoodhartOptions::numbers() const {
  std::vector<std::string> names = {proxy, truth_name()};
  names.insert(names.end(), held_out_probes.begin(), held_out_probes.end());
  return names;
}

bool GoodhartOptions::in_loss(const TrialSpec& trial) const {
  if (std::find(penalty_methods.begin(), penalty_methods.end(), trial.method.name) ==
      penalty_methods.end()) {
    return false;
  }
  const auto key = core::parse_probe(proxy);
  const std::optional<std::string> pressing = text_of(trial.method.options.find("probe"), "name");
  return !key || !pressing || *pressing == probe_labelled(trial, key->label).value_or(key->label);
}

bool GoodhartOptions::selects(const TrialSpec& trial) const {
  if (trial.regime.name != iterated_regime) return false;
  const auto key = core::parse_probe(proxy);
  const std::optional<std::string> fitness = text_of(&trial.regime.options, "fitness");
  return !key || !fitness || *fitness == key->label;
}

const Schema<GoodhartOptions>& goodhart_schema() {
  static const auto built =
      Schema<GoodhartOptions>()
          .field("proxy", &GoodhartOptions::proxy,
                 "Stored number that models are selected or trained by, such as "
                 "\"probe_occlusion_on_colour\"; any other stored number can be it.")
          .names(FieldUse::probe)
          .required()
          .field("truth", &GoodhartOptions::truth,
                 "Stored number that counts as the truth, in the unit of the proxy. Empty: the "
                 "output change of the cue that the probe is about; of other numbers the flip "
                 "rate.")
          .field("held_out_probes", &GoodhartOptions::held_out_probes,
                 "Further stored numbers, which nothing was selected or trained by: probes of "
                 "another layer, freshly trained or of another kind.")
          .names(FieldUse::probe)
          .field("domain", &GoodhartOptions::domain,
                 "Domain in which proxy, truth and held-out probes are measured.")
          .field("gain_domain", &GoodhartOptions::gain_domain,
                 "Domain of the score whose change is the gain out of distribution.")
          .field("weight", &GoodhartOptions::weight,
                 "Field of the trials with the weight of the proxy in the loss. Trials without it, "
                 "or with 0, have no such pressure.")
          .names(FieldUse::trial_field)
          .field("penalty_methods", &GoodhartOptions::penalty_methods,
                 "Methods that have the proxy in the loss. Trials of other methods with a weight, "
                 "or with another probe in the loss, are left out.")
          .field("penalty_experiment", &GoodhartOptions::penalty_experiment,
                 "Experiment with the trials that have the proxy in the loss. Empty: the one that "
                 "is asked about, whose trials without pressure are the candidates of the filter.")
          .names(FieldUse::experiment)
          .field("checkpoint_experiment", &GoodhartOptions::checkpoint_experiment,
                 "Experiment with trials without pressure that are measured on the way. Empty: the "
                 "one that is asked about.")
          .names(FieldUse::experiment)
          .field("iterated_experiment", &GoodhartOptions::iterated_experiment,
                 "Experiment with the trials that select again and again. Empty: the one that is "
                 "asked about.")
          .names(FieldUse::experiment)
          .field("distance", &GoodhartOptions::distance,
                 "Stored number of the divergence, in nats, of a trial with a weight from its run "
                 "without one: the axis of the loss is its square root.")
          .field("baseline_method", &GoodhartOptions::baseline_method,
                 "Method of the trials that no probe pressed on.")
          .field("baseline_regime", &GoodhartOptions::baseline_regime,
                 "Regime of the trials that no probe pressed on.")
          .field("iterated_regime", &GoodhartOptions::iterated_regime,
                 "Regime of trials that select again and again.")
          .field("learned_only", &GoodhartOptions::learned_only,
                 "Whether a selection is among candidates whose score in distribution says that "
                 "they learned: a model that did not learn relies on no cue.")
          .field("margin", &GoodhartOptions::margin,
                 "A change of the truth, or of what the proxy overstates, up to which it counts as "
                 "none.",
                 at_least(0));
  return built;
}

}  // namespace spurion::analysis::questions::goodhart
